#include "tests/support/ledger_shadow_disk.h"

#include "events/check.h"

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>

namespace phantom::test {

namespace fs = std::filesystem;

ShadowDisk::ShadowDisk() {
  std::string path = (fs::temp_directory_path() / "phantom-shadow-XXXXXX").string();
  PH_CHECK(mkdtemp(path.data()) != nullptr, "temporary directory");
  store_ = path;
}

ShadowDisk::~ShadowDisk() {
  std::error_code ignored;
  fs::remove_all(store_, ignored);
}

ShadowDisk::InodePointer ShadowDisk::adopt(const fs::path& file) {
  auto inode = std::make_shared<Inode>();
  inode->kept = store_ / std::to_string(next_++);
  std::error_code code;
  fs::create_hard_link(file, inode->kept, code);
  PH_CHECK(!code, "the test's directories must be on one file system");
  return inode;
}

ShadowDisk::Directory& ShadowDisk::directory_of(const fs::path& path) {
  struct stat info {};
  PH_CHECK(::stat(path.c_str(), &info) == 0, "directory of the store");
  const auto [found, fresh] = directories_.try_emplace(info.st_ino);
  Directory& directory = found->second;
  if (!fresh) return directory;
  for (const auto& file : fs::directory_iterator(path)) {
    // The engine's own lock file is open elsewhere and carries nothing.
    if (!file.is_regular_file() || file.path().filename() == "LOCK") continue;
    InodePointer inode = adopt(file.path());
    inode->synced_bytes = file.file_size();
    directory.live.emplace(file.path().filename(), inode);
  }
  directory.durable = directory.live;
  return directory;
}

void ShadowDisk::before_create(const fs::path& file) {
  // A new inode, so that the content of the old one can come back.
  directory_of(file.parent_path()).live.erase(file.filename());
  std::error_code ignored;
  fs::remove(file, ignored);
}

ShadowDisk::InodePointer ShadowDisk::created(const fs::path& file) {
  Directory& directory = directory_of(file.parent_path());
  return directory.live[file.filename()] = adopt(file);
}

ShadowDisk::InodePointer ShadowDisk::find(const fs::path& file) {
  Directory& directory = directory_of(file.parent_path());
  const auto found = directory.live.find(file.filename());
  return found == directory.live.end() ? nullptr : found->second;
}

void ShadowDisk::before_remove(const fs::path& file) {
  directory_of(file.parent_path()).live.erase(file.filename());
}

void ShadowDisk::renamed(const fs::path& from, const fs::path& to) {
  const InodePointer inode = find(from);
  if (inode == nullptr) return;
  directory_of(from.parent_path()).live.erase(from.filename());
  directory_of(to.parent_path()).live[to.filename()] = inode;
}

void ShadowDisk::linked(const fs::path& from, const fs::path& to) {
  if (const InodePointer inode = find(from)) {
    directory_of(to.parent_path()).live[to.filename()] = inode;
  }
}

void ShadowDisk::directory_synced(const fs::path& path) {
  Directory& directory = directory_of(path);
  directory.durable = directory.live;
}

void ShadowDisk::synced(Inode& inode) { inode.synced_bytes = fs::file_size(inode.kept); }

void ShadowDisk::sync_failed(Inode& inode, Unsynced unsynced) {
  const std::uint64_t length = fs::file_size(inode.kept);
  const std::uint64_t half = (length - inode.synced_bytes) / 2;
  const std::uint64_t from = inode.synced_bytes + (unsynced == Unsynced::kTorn ? half : 0);
  if (from < length) inode.given_up.emplace_back(from, length);
  inode.synced_bytes = length;
}

void ShadowDisk::drop_unsynced(Inode& inode, Unsynced unsynced) {
  std::uint64_t length = fs::file_size(inode.kept);
  if (length > inode.synced_bytes) {
    const std::uint64_t more = unsynced == Unsynced::kTorn ? (length - inode.synced_bytes) / 2 : 0;
    length = inode.synced_bytes + more;
    fs::resize_file(inode.kept, length);
  }
  for (const auto& [from, to] : inode.given_up) {
    if (from >= length) continue;
    if (to >= length) {
      fs::resize_file(inode.kept, from);
      length = from;
      continue;
    }
    std::fstream file(inode.kept, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(to - from, '\0');
    PH_CHECK(file.good(), "write zeros");
  }
  inode.given_up.clear();
  inode.synced_bytes = length;
}

void ShadowDisk::lose_power(const fs::path& path, Unsynced unsynced) {
  Directory& directory = directory_of(path);
  for (const Names* names : {&directory.live, &directory.durable}) {
    for (const auto& [name, inode] : *names) fs::remove(path / name);
  }
  for (const auto& [name, inode] : directory.durable) {
    drop_unsynced(*inode, unsynced);
    fs::create_hard_link(inode->kept, path / name);
  }
  directory.live = directory.durable;
}

}  // namespace phantom::test
