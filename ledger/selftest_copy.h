#pragma once
// Private copies of a ledger, to be damaged.

#include "events/result.h"
#include "events/types.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace phantom {

// A directory of its own for this process's user, removed with all that is in it.
class ScratchDirectory {
 public:
  // Below $TMPDIR or /tmp. kIo, kDenied.
  static Result<ScratchDirectory> make();
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// Pure: false for locks, the socket, and RocksDB's notes to itself.
bool carries_evidence(std::string_view file_name);

// The files of a ledger that carry evidence, relative to it, in order.
Result<std::vector<std::filesystem::path>> evidence_files(const std::filesystem::path& ledger);

// A ledger's files as a running writer leaves them at some moment; the copy may have to be made
// again when the writer replaced files meanwhile, which shows when it is verified.
Status copy_ledger(const std::filesystem::path& from, const std::filesystem::path& to);
// From a copy that nobody writes to: tables, which are never written to, are shared. `to` is
// replaced.
Status clone_copy(const std::filesystem::path& from, const std::filesystem::path& to);

// Replaces a file of a copy without touching what shares its bytes.
Status put_file(const std::filesystem::path& file, ByteView bytes);

}  // namespace phantom
