#pragma once
// What a disk would still hold after a power loss, kept beside the real files: each file's synced
// length, and for each directory the names that its last fsync made durable. The strict reading
// of POSIX: a new, renamed or removed name may be undone until its directory is synced, even when
// the file itself was synced.
//
// Knows append-only files, which is all RocksDB writes. A file that was there before is durable.
// Not safe from several threads.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace phantom::test {

// What becomes of bytes that were written and not synced.
enum class Unsynced {
  kLost,
  kTorn  // the first half of each file's unsynced bytes is there
};

class ShadowDisk {
 public:
  struct Inode {
    std::filesystem::path kept;  // a second link, so that removed content can come back
    std::uint64_t synced_bytes = 0;
    // Ranges that a failed sync gave up: the pages count as clean and can still be read, no later
    // sync writes them, and after a power loss they are zeros.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> given_up = {};
  };
  using InodePointer = std::shared_ptr<Inode>;

  ShadowDisk();
  ~ShadowDisk();
  ShadowDisk(const ShadowDisk&) = delete;
  ShadowDisk& operator=(const ShadowDisk&) = delete;

  // Of changes that are about to happen, or just happened, to the real files.
  void before_create(const std::filesystem::path& file);
  InodePointer created(const std::filesystem::path& file);
  InodePointer find(const std::filesystem::path& file);
  void before_remove(const std::filesystem::path& file);
  void renamed(const std::filesystem::path& from, const std::filesystem::path& to);
  void linked(const std::filesystem::path& from, const std::filesystem::path& to);
  void directory_synced(const std::filesystem::path& directory);

  // Makes the real directory what it would be. Nobody may have its files open for writing.
  void lose_power(const std::filesystem::path& directory, Unsynced unsynced);
  static void synced(Inode& inode);
  // A sync failed after it wrote nothing, or the first half.
  static void sync_failed(Inode& inode, Unsynced unsynced);

 private:
  using Names = std::map<std::string, InodePointer>;
  struct Directory {
    Names live;
    Names durable;
  };
  // By inode number, so that it stays known when a directory above is renamed.
  Directory& directory_of(const std::filesystem::path& directory);
  InodePointer adopt(const std::filesystem::path& file);
  static void drop_unsynced(Inode& inode, Unsynced unsynced);

  std::filesystem::path store_;
  std::map<std::uint64_t, Directory> directories_;
  std::uint64_t next_ = 0;
};

}  // namespace phantom::test
