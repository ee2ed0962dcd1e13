#include "cli/doctor_facts.h"

#include "cli/check_run.h"
#include "events/sha256.h"
#include "vault/detect.h"
#include "vault/placeholder.h"
#include "vault/vault_store.h"

#include <algorithm>

namespace phantom {

namespace fs = std::filesystem;

Result<std::optional<VaultFacts>> look_at_vault(const DoctorContext& context) {
  if (!context.project || !context.is_bound || context.reader == nullptr) {
    return std::optional<VaultFacts>();
  }
  const std::string& project = context.project->config.project_id;
  VaultFacts facts;
  PH_ASSIGN(facts.last, read_last_change(*context.reader, project));
  VaultFiles files;
  std::error_code code;
  if (facts.last) {
    files.staged =
        fs::exists(staged_vault_path(context.home, project, facts.last->note.vault_version,
                                     facts.last->note.digest_after),
                   code);
  }
  const auto bytes = read_file(vault_path(context.home, project), kVaultBytesMax);
  if (!bytes.ok() && bytes.error().code != Code::kNotFound) return bytes.error();
  if (bytes.ok()) files.current = sha256(*bytes);
  facts.verdict = judge_vault(facts.last, files);
  const bool vouched =
      facts.verdict == VaultVerdict::kGood || facts.verdict == VaultVerdict::kMarkDone ||
      facts.verdict == VaultVerdict::kPublish || facts.verdict == VaultVerdict::kMarkFailed;
  if (vouched && bytes.ok()) {
    PH_ASSIGN(facts.image, parse_vault(*bytes));
  }
  return std::optional<VaultFacts>(std::move(facts));
}

std::vector<fs::path> project_dotenv_files(const DoctorContext& context) {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator each(context.root, code), end; !code && each != end;
       each.increment(code)) {
    std::error_code ignored;
    if (is_dotenv_file(each->path().filename().string()) &&
        fs::is_regular_file(each->symlink_status(ignored))) {
      files.push_back(each->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_plain_secret(std::string_view key, std::string_view value) {
  if (value.empty() || value.starts_with(kPlaceholderPrefix)) return false;
  return classify(key, value).value_class == ValueClass::kSecret;
}

std::string some_of(std::vector<std::string> names) {
  std::vector<std::string> once;
  for (std::string& name : names) {
    if (std::find(once.begin(), once.end(), name) == once.end()) once.push_back(std::move(name));
  }
  names = std::move(once);
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) {
    text += (text.empty() ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

}  // namespace phantom
