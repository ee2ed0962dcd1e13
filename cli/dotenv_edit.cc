#include "cli/dotenv_edit.h"

#include "ledger/home.h"
#include "vault/secret.h"
#include "vault/vault_events.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

Status replace_unchanged(const DotenvOnDisk& before, const std::string& text) {
  auto now = read_file(before.path, kDotenvBytesMax);
  const bool missing = !now.ok() && now.error().code == Code::kNotFound;
  if (!now.ok() && !missing) return std::move(now.error());
  const bool same = missing ? before.text.empty() : as_text(*now) == before.text;
  if (!missing) wipe(*now);
  if (!same) {
    return Error{Code::kConflict, before.path.string() + " changed while phantom worked on it",
                 "run the command again"};
  }
  return write_file_durably(before.path, as_bytes(text), before.mode);
}

}  // namespace

DotenvOnDisk::~DotenvOnDisk() { wipe(text); }

Result<DotenvOnDisk> read_dotenv(const std::filesystem::path& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return Error{Code::kDenied, path.string() + " is not an ordinary file",
                 "phantom does not rewrite through links; name the file itself with --from"};
  }
  DotenvOnDisk file;
  file.path = path;
  file.mode = info.st_mode & 07777;
  PH_ASSIGN(Bytes bytes, read_file(path, kDotenvBytesMax));
  file.text.assign(as_text(bytes));
  wipe(bytes);
  auto parsed = parse_dotenv(file.text);
  if (!parsed.ok()) return std::move(parsed.error()).in(path.string());
  file.parsed = std::move(*parsed);
  return file;
}

Status check_can_replace(const std::filesystem::path& path) {
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  if (access(directory.c_str(), W_OK | X_OK) == 0) return {};
  return Error{Code::kDenied,
               path.string() + " cannot be rewritten: its directory is not writable"};
}

Status replace_dotenv(Appender& appender, const Context& context, const DotenvOnDisk& before,
                      const std::string& text, const std::vector<std::string>& names) {
  const std::string file = before.path.filename().string();
  PH_ASSIGN(const Receipt requested, appender.append(env_rewrite_requested(context, file, names)));
  const Status replaced = replace_unchanged(before, text);
  const Ending ending = replaced.ok() ? Ending{} : Ending{Outcome::Failed, Reason::IoError};
  const auto count = static_cast<std::uint32_t>(replaced.ok() ? names.size() : 0);
  const auto completed =
      appender.append(env_rewrite_completed(context, requested.seq, file, count, ending));
  PH_TRY(replaced);
  PH_TRY(completed);
  return {};
}

}  // namespace phantom
