#include "cli/protect.h"

#include <utility>

namespace phantom {
namespace {

struct Former {
  std::string name;
  std::uint64_t version = 0;  // 0: it was not there
};

std::vector<Former> former_state(const Vault& vault, const std::vector<VaultChange>& changes) {
  std::vector<Former> former;
  for (const VaultChange& change : changes) {
    const std::optional<SecretInfo> info = vault.find(change.name);
    former.push_back({change.name, info ? info->version : 0});
  }
  return former;
}

// Brings every value back that was there before, and takes out what was not.
Status undo(Vault& vault, const std::vector<Former>& former) {
  std::vector<VaultChange> changes;
  for (const Former& each : former) {
    const std::optional<SecretInfo> now = vault.find(each.name);
    if (!now || now->version == each.version) continue;
    VaultChange change;
    change.name = each.name;
    if (each.version == 0) {
      change.action = VaultChange::Action::kDelete;
    } else {
      change.action = VaultChange::Action::kRestore;
      change.version = each.version;
    }
    changes.push_back(std::move(change));
  }
  return changes.empty() ? Status() : vault.change("undo", std::move(changes));
}

Status rewrite_files(VaultAccess& access, const Protection& protection) {
  PH_ASSIGN(std::vector<DotenvRewrite> rewrites, protection.rewrites(access.vault()));
  if (rewrites.empty()) return {};
  PH_ASSIGN(DotenvTransaction files, DotenvTransaction::stage(std::move(rewrites)));
  // The files hold placeholders once this is through; the vault has had the values before.
  return files.commit(access.appender(), access.context());
}

}  // namespace

Status protect(VaultAccess& access, Protection protection) {
  Vault& vault = access.vault();
  const std::vector<Former> former = former_state(vault, protection.changes);
  Status done;
  if (!protection.changes.empty()) {
    done = vault.change(protection.source, std::move(protection.changes));
  }
  if (done.ok()) done = rewrite_files(access, protection);
  if (done.ok()) return {};
  // What may or may not be on disk is not touched again: the next run goes on from what it finds.
  if (done.error().code == Code::kIndeterminate) return done;
  Status undone = undo(vault, former);
  if (undone.ok()) return done;
  Error error = std::move(done.error());
  error.code = Code::kIndeterminate;
  error.message += "; the dotenv files are as they were, but the vault kept the new values: " +
                   undone.error().message;
  error.hint = "run the command again: it goes on from here";
  return error;
}

}  // namespace phantom
