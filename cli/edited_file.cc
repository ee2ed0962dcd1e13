#include "cli/edited_file.h"

#include "ledger/home.h"
#include "vault/secret.h"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {

Result<TextOnDisk> read_ordinary_file(const std::filesystem::path& path, std::size_t bytes_max) {
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return Error{Code::kDenied, path.string() + " is not an ordinary file",
                 "phantom does not rewrite through links; name the file itself"};
  }
  TextOnDisk file;
  file.mode = info.st_mode & 07777;
  PH_ASSIGN(Bytes bytes, read_file(path, bytes_max));
  file.text.assign(as_text(bytes));
  wipe(bytes);
  return file;
}

Status check_can_replace(const std::filesystem::path& path) {
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  if (access(directory.c_str(), W_OK | X_OK) == 0) return {};
  return Error{Code::kDenied,
               path.string() + " cannot be rewritten: its directory is not writable"};
}

Status replace_unchanged(const std::filesystem::path& path, std::string_view before,
                         std::string_view text, unsigned mode) {
  auto now = read_file(path, std::max(before.size() + 1, std::size_t{1} << 20));
  const bool missing = !now.ok() && now.error().code == Code::kNotFound;
  if (!now.ok() && !missing && now.error().code != Code::kLimit) return std::move(now.error());
  const bool same = missing ? before.empty() : now.ok() && as_text(*now) == before;
  if (now.ok()) wipe(*now);
  if (!same) {
    return Error{Code::kConflict, path.string() + " changed while phantom worked on it",
                 "run the command again"};
  }
  return write_file_durably(path, as_bytes(text), mode);
}

}  // namespace phantom
