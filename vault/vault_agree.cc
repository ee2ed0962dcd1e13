#include "vault/vault_agree.h"

#include "events/sha256.h"
#include "events/tags.h"
#include "vault/vault_events.h"
#include "vault/vault_store.h"

#include <utility>

namespace phantom {
namespace {

constexpr int kLoadAttemptsMax = 32;

Result<std::optional<Bytes>> read_current(const VaultOptions& options) {
  Result<Bytes> bytes =
      read_file(vault_path(options.home, options.context.project), kVaultBytesMax);
  if (bytes.ok()) return std::optional<Bytes>(std::move(*bytes));
  if (bytes.error().code == Code::kNotFound) return std::optional<Bytes>();
  return std::move(bytes.error());
}

// kConflict means that another process completed it.
Status complete_for_another(const VaultOptions& options, const LastChange& change, Ending ending) {
  Result<Receipt> receipt = append_vault_completed(options, change.requested, change.note, ending);
  if (receipt.ok() || receipt.error().code == Code::kConflict) return {};
  return std::move(receipt.error());
}

Error not_the_known_file(const VaultOptions& options, VaultVerdict verdict) {
  const std::string path = vault_path(options.home, options.context.project).string();
  if (verdict == VaultVerdict::kMissing) {
    return {Code::kCorrupt, "vault file " + path + " is missing, but the ledger knows of one",
            "put the newest copy of the file back; 'phantom audit show --type "
            "vault.change.requested' lists its changes"};
  }
  return {Code::kCorrupt,
          "vault file " + path + " is not the one the ledger knows (an old copy put back?)",
          "put the newest copy of the file back, or find out who replaced it: 'phantom audit show "
          "--type vault.change.requested' lists its changes"};
}

}  // namespace

Result<Receipt> append_vault_completed(const VaultOptions& options, Seq requested,
                                       const VaultChangeNote& note, Ending ending) {
  Draft draft = vault_change_completed(options.context, requested, note, ending);
  draft.conditions.push_back({vault_tag(options.context.project), requested});
  return options.appender->append(std::move(draft));
}

Result<AgreedVault> agree_on_vault(const VaultOptions& options) {
  const std::string& project = options.context.project;
  const std::filesystem::path current = vault_path(options.home, project);
  for (int attempt = 0; attempt < kLoadAttemptsMax; ++attempt) {
    PH_TRY(options.reader->catch_up());
    PH_ASSIGN(const std::optional<LastChange> last, read_last_change(*options.reader, project));
    VaultFiles files;
    std::filesystem::path staged;
    if (last && last->ending == ChangeEnding::kOpen) {
      staged = staged_vault_path(options.home, project, last->note.vault_version,
                                 last->note.digest_after);
      Result<Bytes> waiting = read_file(staged, kVaultBytesMax);
      files.staged = waiting.ok() && sha256(*waiting) == last->note.digest_after;
    }
    PH_ASSIGN(std::optional<Bytes> file, read_current(options));
    if (file) files.current = sha256(*file);

    const VaultVerdict verdict = judge_vault(last, files);
    switch (verdict) {
      case VaultVerdict::kAbsent:
      case VaultVerdict::kGood: {
        AgreedVault agreed{std::move(file), files.current, std::nullopt};
        if (last) agreed.newest = last->newest;
        return agreed;
      }
      case VaultVerdict::kPublish:
        // The completed event follows when the next round finds the file in place.
        PH_TRY(publish_vault(staged, current));
        break;
      case VaultVerdict::kMarkDone:
        PH_TRY(complete_for_another(options, *last, {Outcome::Ok, Reason::None}));
        break;
      case VaultVerdict::kMarkFailed:
        PH_TRY(complete_for_another(options, *last, {Outcome::Failed, Reason::Interrupted}));
        break;
      case VaultVerdict::kMissing:
      case VaultVerdict::kUnknownFile: {
        // A change that was recorded after the history was read explains a newer file.
        PH_ASSIGN(const bool moved, options.reader->catch_up());
        if (!moved) return not_the_known_file(options, verdict);
        break;
      }
    }
  }
  return Error{Code::kBusy, "the vault of project " + project + " keeps changing", "try again"};
}

}  // namespace phantom
