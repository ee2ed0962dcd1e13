#include "ledger/key_files.h"

#include "ledger/home.h"
#include "ledger/layout.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyFileBytesMax = 1'024;
constexpr std::string_view kNext = ".next";  // the new file, complete
constexpr std::string_view kOld = ".old";    // a second name of the one to be overwritten

Error io_error(const char* operation, const fs::path& file, int number) {
  return {Code::kIo, std::string(operation) + " " + file.string() + ": " + std::strerror(number)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool same_file(const fs::path& a, const fs::path& b) {
  struct stat first {};
  struct stat second {};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

fs::path without_ending(const fs::path& file, std::string_view ending) {
  const std::string text = file.string();
  return text.substr(0, text.size() - ending.size());
}

}  // namespace

KeyFiles::KeyFiles(fs::path directory, KeyUnlock* unlock)
    : directory_(std::move(directory)), unlock_(unlock) {}

Result<Signer> KeyFiles::load(const fs::path& file) {
  const std::string what = "signing key " + file.string();
  PH_ASSIGN(const SecretBytes line, read_key_file(file));
  const bool is_log_key = file == log_key_file(directory_);
  if (!is_sealed_key(line.text())) {
    auto key = Signer::parse(line.text());
    if (!key.ok()) return std::move(key.error()).in(what);
    if (is_log_key) log_key_seal_.reset();
    return key;
  }
  auto sealed = parse_sealed_key(line.text());
  if (!sealed.ok()) return std::move(sealed.error()).in(what);
  PH_ASSIGN(const KeySeal* seal, seal_for(sealed->terms));
  auto key = open_sealed_key(*sealed, seal->key);
  if (!key.ok()) return std::move(key.error()).in(what);
  if (is_log_key) log_key_seal_ = sealed->terms;
  return key;
}

Result<const KeySeal*> KeyFiles::seal_for(const SealTerms& terms) {
  const auto known = std::find_if(seals_.begin(), seals_.end(),
                                  [&](const KeySeal& each) { return each.terms == terms; });
  if (known != seals_.end()) return &*known;
  if (unlock_ == nullptr) {
    return Error{Code::kDenied,
                 std::string("the ledger's keys are sealed with a ") +
                     seal_method_name(terms.method) + ", and this process has no way to it",
                 "start 'phantom ledger serve' where they can be unlocked"};
  }
  PH_ASSIGN(SecretBytes key, unlock_->key_for(terms));
  if (key.size() != kSealKeyBytes) return Error{Code::kInvalid, "a sealing key has 32 bytes"};
  seals_.push_back({terms, std::move(key)});
  return &seals_.back();
}

const KeySeal* KeyFiles::seal() const {
  if (!log_key_seal_) return nullptr;
  const auto found = std::find_if(seals_.begin(), seals_.end(), [&](const KeySeal& each) {
    return each.terms == *log_key_seal_;
  });
  return found == seals_.end() ? nullptr : &*found;
}

Status KeyFiles::save(const fs::path& file, const Signer& key, Random& random) const {
  if (const KeySeal* how = seal()) {
    return write_key_file(file, as_bytes(seal_key(key, *how, random)));
  }
  return write_key_file(file, key.text().view());
}

Result<std::vector<fs::path>> KeyFiles::files_ending(std::string_view ending) const {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator it(directory_, code), end; !code && it != end; it.increment(code)) {
    const std::string name = it->path().filename().string();
    const bool ours = name.starts_with("epoch-") || name.starts_with("log.key");
    if (ours && name.ends_with(ending)) files.push_back(it->path());
  }
  if (code) return Error{Code::kIo, "read " + directory_.string() + ": " + code.message()};
  std::sort(files.begin(), files.end());
  return files;
}

Status KeyFiles::destroy_other_epochs(std::uint64_t in_force) const {
  PH_ASSIGN(const auto files, files_ending(".key"));
  for (const fs::path& file : files) {
    if (file == epoch_key_file(directory_, in_force) || file == log_key_file(directory_)) continue;
    PH_TRY(destroy_key_file(file));
  }
  return {};
}

// The new files are all complete before the marker is; with the marker they take the place of the
// old ones, now or at the next open.
Status KeyFiles::replace_all(std::optional<KeySeal> seal, Random& random) {
  PH_TRY(finish_replacing());
  PH_ASSIGN(const auto files, files_ending(".key"));
  for (const fs::path& file : files) {
    PH_ASSIGN(const Signer key, load(file));
    const SecretBytes line = seal ? SecretBytes::copy_of(seal_key(key, *seal, random)) : key.text();
    PH_TRY(write_key_file(file.string() + std::string(kNext), line.view()));
  }
  PH_TRY(write_file_durably(key_replacing_file(directory_), {}, 0600));
  PH_TRY(finish_replacing());
  // Two key files have equal terms and different bytes: what opened the old ones is of no use.
  seals_.clear();
  log_key_seal_.reset();
  if (seal) {
    log_key_seal_ = seal->terms;
    seals_.push_back(std::move(*seal));
  }
  return {};
}

Status KeyFiles::finish_replacing() const {
  std::error_code code;
  const fs::path marker = key_replacing_file(directory_);
  const bool complete = fs::exists(marker, code);
  if (code) return Error{Code::kIo, "look at " + marker.string() + ": " + code.message()};
  PH_ASSIGN(const auto left, files_ending(kOld));
  for (const fs::path& old : left) {
    if (same_file(old, without_ending(old, kOld))) {
      if (::unlink(old.c_str()) != 0) return io_error("remove", old, errno);
    } else {
      PH_TRY(destroy_key_file(old));
    }
  }
  PH_ASSIGN(const auto added, files_ending(kNext));
  for (const fs::path& next : added) PH_TRY(complete ? swap(next) : destroy_key_file(next));
  if (!complete) return {};
  PH_TRY(sync_directory(directory_));
  if (::unlink(marker.c_str()) != 0) return io_error("remove", marker, errno);
  return sync_directory(directory_);
}

// The old content keeps a name until it is overwritten.
Status KeyFiles::swap(const fs::path& next) const {
  const fs::path file = without_ending(next, kNext);
  const fs::path old = file.string() + std::string(kOld);
  if (::link(file.c_str(), old.c_str()) != 0 && errno != EEXIST) {
    return io_error("keep", file, errno);
  }
  if (::rename(next.c_str(), file.c_str()) != 0) return io_error("rename", next, errno);
  PH_TRY(sync_directory(directory_));
  return destroy_key_file(old);
}

Result<SecretBytes> read_key_file(const fs::path& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) {
    return Error{errno == ENOENT   ? Code::kNotFound
                 : errno == EACCES ? Code::kDenied
                                   : Code::kIo,
                 "signing key " + file.string() + ": " + std::strerror(errno)};
  }
  struct stat info {};
  if (::fstat(in.get(), &info) != 0) return io_error("look at", file, errno);
  if ((info.st_mode & 0077) != 0) {
    return Error{Code::kDenied, "signing key " + file.string() + " can be read by other users",
                 "run 'chmod 600 " + file.string() + "'"};
  }
  SecretBytes line = SecretBytes::zeros(kKeyFileBytesMax + 1);
  std::size_t size = 0;
  while (size < line.size()) {
    const ssize_t got = ::read(in.get(), line.writable().data() + size, line.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", file, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kKeyFileBytesMax) {
    return Error{Code::kInvalid, "signing key " + file.string() + ": not a key file"};
  }
  if (size > 0 && line.view()[size - 1] == '\n') --size;
  line.shrink(size);
  return line;
}

Status write_key_file(const fs::path& file, ByteView line) {
  SecretBytes content = SecretBytes::zeros(line.size() + 1);
  std::copy(line.begin(), line.end(), content.writable().begin());
  content.writable()[line.size()] = '\n';
  return write_file_durably(file, content.view(), 0600);
}

Status destroy_key_file(const fs::path& file) {
  std::optional<Error> failed;
  {
    const Descriptor out(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (out.get() < 0 && errno == ENOENT) return {};
    struct stat info {};
    if (out.get() < 0 || ::fstat(out.get(), &info) != 0) {
      failed = io_error("overwrite", file, errno);
    } else {
      const Bytes zeros(static_cast<std::size_t>(info.st_size), 0);
      const ssize_t written = ::pwrite(out.get(), zeros.data(), zeros.size(), 0);
      if (written != static_cast<ssize_t>(zeros.size()) || ::fsync(out.get()) != 0) {
        failed = io_error("overwrite", file, errno);
      }
    }
  }
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return io_error("remove", file, errno);
  if (failed) return std::move(*failed);
  return {};
}

}  // namespace phantom
