#include "cli/dotenv_edit.h"

#include "vault/secret.h"
#include "vault/vault_events.h"

namespace phantom {
DotenvOnDisk::~DotenvOnDisk() { wipe(text); }

Result<DotenvOnDisk> read_dotenv(const std::filesystem::path& path) {
  PH_ASSIGN(TextOnDisk read, read_ordinary_file(path, kDotenvBytesMax));
  DotenvOnDisk file;
  file.path = path;
  file.mode = read.mode;
  file.text = std::move(read.text);
  auto parsed = parse_dotenv(file.text);
  if (!parsed.ok()) return std::move(parsed.error()).in(path.string());
  file.parsed = std::move(*parsed);
  return file;
}

Status replace_dotenv(Appender& appender, const Context& context, const DotenvOnDisk& before,
                      const std::string& text, const std::vector<std::string>& names) {
  const std::string file = before.path.filename().string();
  PH_ASSIGN(const Receipt requested, appender.append(env_rewrite_requested(context, file, names)));
  const Status replaced = replace_unchanged(before.path, before.text, text, before.mode);
  const Ending ending = replaced.ok() ? Ending{} : Ending{Outcome::Failed, Reason::IoError};
  const auto count = static_cast<std::uint32_t>(replaced.ok() ? names.size() : 0);
  const auto completed =
      appender.append(env_rewrite_completed(context, requested.seq, file, count, ending));
  PH_TRY(replaced);
  PH_TRY(completed);
  return {};
}

}  // namespace phantom
