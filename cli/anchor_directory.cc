// Checkpoints as files in a directory that somebody else guards: a mounted share, a medium that
// writes once, a directory of another user.
//   <directory>/<ledger id>/<size, 20 digits>.note

#include "cli/anchor_kind.h"
#include "ledger/home.h"
#include "ledger/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNoteBytesMax = 64 * 1024;
constexpr mode_t kNoteMode = 0444;

// A directory that is not there may be there again later.
Error anchor_error(const char* what, const fs::path& path, int number) {
  Error error = file_error(what, path, number);
  if (error.code != Code::kNotFound) return error;
  return {Code::kBusy, error.message, "is it mounted? The directory itself is never made"};
}

class DirectoryAnchor final : public Anchor {
 public:
  explicit DirectoryAnchor(AnchorSetup setup)
      : setup_(std::move(setup)), root_(setup_.spec.place), own_(root_ / setup_.ledger_id) {}

  bool is_local() const override { return true; }

  Result<AnchorAnswer> push(const AnchorPush& push) override {
    PH_ASSIGN(const std::vector<AnchorReceipt> newest, held({}, 1));
    for (const AnchorReceipt& each : newest) {
      PH_ASSIGN(auto wrong, compare_held(each, setup_.log_key, push.reader));
      if (wrong) return AnchorAnswer(std::move(*wrong));
    }
    struct stat info {};
    if (::stat(root_.c_str(), &info) != 0) return anchor_error("look at", root_, errno);
    if (::mkdir(own_.c_str(), 0755) != 0 && errno != EEXIST) {
      return anchor_error("make directory", own_, errno);
    }
    PH_TRY(sync_directory(root_));
    AnchorReceipt receipt{setup_.spec.name, push.checkpoint.checkpoint.size, push.checkpoint.note};
    PH_ASSIGN(const bool made, create(receipt));
    if (!made) {
      PH_ASSIGN(const AnchorReceipt there, read(receipt.size));
      if (there.note != receipt.note) {
        PH_ASSIGN(auto wrong, compare_held(there, setup_.log_key, push.reader));
        if (wrong) return AnchorAnswer(std::move(*wrong));
      }
    }
    return AnchorAnswer(AnchorGave{std::move(receipt)});
  }

  Result<std::vector<AnchorReceipt>> held(const std::vector<std::uint64_t>&,
                                          std::size_t newest_max) override {
    std::vector<std::uint64_t> sizes;
    std::error_code code;
    if (!fs::is_directory(root_, code)) return anchor_error("look at", root_, ENOENT);
    fs::directory_iterator entries(own_, code);
    if (code == std::errc::no_such_file_or_directory) return std::vector<AnchorReceipt>();
    for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
      if (entries->path().extension() != ".note") continue;
      if (const auto size = parse_size_file_name(entries->path().stem().string())) {
        sizes.push_back(*size);
      }
    }
    if (code) return anchor_error("read", own_, code.value());
    std::sort(sizes.rbegin(), sizes.rend());
    if (sizes.size() > newest_max) sizes.resize(newest_max);
    std::vector<AnchorReceipt> notes;
    for (const std::uint64_t size : sizes) {
      PH_ASSIGN(AnchorReceipt note, read(size));
      notes.push_back(std::move(note));
    }
    return notes;
  }

 private:
  fs::path file_of(std::uint64_t size) const { return own_ / (size_file_name(size) + ".note"); }

  Result<AnchorReceipt> read(std::uint64_t size) const {
    PH_ASSIGN(const Bytes note, read_file(file_of(size), kNoteBytesMax));
    AnchorReceipt receipt{setup_.spec.name, size, std::string(as_text(note))};
    receipt.held = true;
    return receipt;
  }

  // Whole under its name or not there at all. False when there is one already.
  Result<bool> create(const AnchorReceipt& receipt) const {
    const fs::path file = file_of(receipt.size);
    std::error_code code;
    if (fs::exists(file, code)) return false;
    const fs::path unnamed =
        own_ / ("." + size_file_name(receipt.size) + "." + std::to_string(::getpid()));
    {
      const Fd out(::open(unnamed.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kNoteMode));
      if (!out.good()) return anchor_error("write", unnamed, errno);
      const ssize_t wrote = ::write(out.get(), receipt.note.data(), receipt.note.size());
      if (wrote != static_cast<ssize_t>(receipt.note.size()) || ::fsync(out.get()) != 0) {
        const int number = wrote < 0 ? errno : ENOSPC;
        ::unlink(unnamed.c_str());
        return anchor_error("write", unnamed, number);
      }
    }
    // link() never replaces what is there: this is what makes the directory grow only.
    const int linked = ::link(unnamed.c_str(), file.c_str());
    const int number = errno;
    ::unlink(unnamed.c_str());
    if (linked != 0 && number != EEXIST) return anchor_error("write", file, number);
    PH_TRY(sync_directory(own_));
    return linked == 0;
  }

  AnchorSetup setup_;
  fs::path root_;
  fs::path own_;
};

}  // namespace

std::unique_ptr<Anchor> make_directory_anchor(AnchorSetup setup) {
  return std::make_unique<DirectoryAnchor>(std::move(setup));
}

}  // namespace phantom
