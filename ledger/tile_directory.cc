#include "ledger/home.h"
#include "ledger/publish.h"
#include "ledger/tile_paths.h"
#include "ledger/verify_tiles.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNoteBytesMax = 64 * 1024;
// What is being written; renamed to its place when it is whole.
constexpr std::string_view kNewFile = ".publishing";

Error directory_error(const char* what, const fs::path& path, const std::error_code& code) {
  const bool denied = code == std::errc::permission_denied ||
                      code == std::errc::operation_not_permitted ||
                      code == std::errc::read_only_file_system;
  const bool full = code == std::errc::no_space_on_device;
  return {denied ? Code::kDenied
          : full ? Code::kLimit
                 : Code::kIo,
          std::string(what) + " " + path.string() + ": " + code.message()};
}

std::error_code last_error() { return {errno, std::generic_category()}; }

class DirectorySink final : public TileSink {
 public:
  DirectorySink(fs::path directory, int lock) : directory_(std::move(directory)), lock_(lock) {}
  ~DirectorySink() override { ::close(lock_); }
  DirectorySink(const DirectorySink&) = delete;
  DirectorySink& operator=(const DirectorySink&) = delete;

  Result<std::optional<std::string>> checkpoint() override {
    const auto bytes = read_file(directory_ / tiles::kCheckpointPath, kNoteBytesMax);
    if (bytes) return std::optional(std::string(as_text(*bytes)));
    if (bytes.error().code == Code::kNotFound) return std::optional<std::string>();
    return bytes.error();
  }

  Status put(const std::string& path, ByteView bytes) override {
    PH_TRY(write_new(bytes));
    const fs::path file = directory_ / path;
    if (file.parent_path() != parent_) {
      std::error_code code;
      fs::create_directories(file.parent_path(), code);
      if (code) return directory_error("make directory", file.parent_path(), code);
      parent_ = file.parent_path();
    }
    return move_to(file);
  }

  Status commit(std::string_view note) override {
    PH_TRY(write_new(as_bytes(note)));
    // One sync for all tiles, bundles and directories; it reports what went wrong since the
    // descriptor was opened.
    if (::syncfs(lock_) != 0) return directory_error("sync", directory_, last_error());
    PH_TRY(move_to(directory_ / tiles::kCheckpointPath));
    return sync_directory(directory_);
  }

  void remove_partials(const std::string& path) override {
    std::error_code ignored;
    fs::remove_all(directory_ / path, ignored);
    parent_.clear();
  }

 private:
  fs::path new_file() const { return directory_ / kNewFile; }

  Status write_new(ByteView bytes) const {
    std::error_code ignored;
    fs::remove(new_file(), ignored);  // of a run that was cut off
    return write_new_file(new_file(), bytes);
  }

  Status move_to(const fs::path& file) const {
    if (::rename(new_file().c_str(), file.c_str()) == 0) return {};
    return directory_error("write", file, last_error());
  }

  fs::path directory_;
  int lock_;
  fs::path parent_;  // known to be there
};

class DirectorySource final : public TileSource {
 public:
  explicit DirectorySource(fs::path directory) : directory_(std::move(directory)) {}

  Result<Bytes> fetch(const std::string& path, std::size_t bytes_max) const override {
    return read_file(directory_ / path, bytes_max);
  }

  Status each_file(const std::function<void(const std::string&)>& visit) const override {
    std::error_code code;
    fs::recursive_directory_iterator at(directory_, code);
    for (; !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
      std::error_code ignored;
      if (at->is_directory(ignored) && !at->is_symlink(ignored)) continue;
      visit(at->path().lexically_relative(directory_).string());
    }
    if (code) return directory_error("read", directory_, code);
    return {};
  }

 private:
  fs::path directory_;
};

}  // namespace

Result<std::unique_ptr<TileSink>> open_tile_directory(const fs::path& directory) {
  std::error_code code;
  fs::create_directories(directory, code);
  if (code) return directory_error("make directory", directory, code);
  const int lock = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return directory_error("open", directory, last_error());
  auto sink = std::make_unique<DirectorySink>(directory, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return directory_error("lock", directory, last_error());
    return Error{Code::kBusy, "somebody else is publishing to " + directory.string(),
                 "wait until that run has ended"};
  }
  return std::unique_ptr<TileSink>(std::move(sink));
}

std::unique_ptr<TileSource> open_tile_source(const fs::path& directory) {
  return std::make_unique<DirectorySource>(directory);
}

}  // namespace phantom
