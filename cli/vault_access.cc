#include "cli/vault_access.h"

#include "cli/late_appender.h"

namespace phantom {

VaultAccess::VaultAccess(Environment& environment, const Project& project, const Home& home,
                         UnlockInput& input)
    : environment_(environment), unlocker_(home, input) {
  options_.home = home;
  options_.context = environment.context();
  options_.context.project = project.config.project_id;
  options_.unlocker = &unlocker_;
}

Status VaultAccess::connect() {
  PH_ASSIGN(options_.appender, environment_.appender());
  PH_ASSIGN(options_.reader, environment_.reader());
  return {};
}

Status VaultAccess::open() {
  PH_TRY(connect());
  auto opened = Vault::open(options_);
  if (!opened.ok()) {
    Error error = std::move(opened.error());
    if (error.code == Code::kNotFound && error.hint.empty()) {
      error.hint = "run 'phantom init' to make one";
    }
    return error;
  }
  vault_.emplace(std::move(*opened));
  return {};
}

Status VaultAccess::create(UnlockMethod method) {
  PH_TRY(connect());
  PH_ASSIGN(Vault vault, Vault::create(options_, method));
  vault_.emplace(std::move(vault));
  return {};
}

Result<std::vector<SecretInfo>> VaultAccess::list_locked() {
  PH_ASSIGN(options_.reader, environment_.reader());
  LateAppender late(environment_);
  VaultOptions options = options_;
  options.appender = &late;
  return Vault::list_locked(options);
}

Result<LockedVault> VaultAccess::look_locked() {
  PH_ASSIGN(options_.reader, environment_.reader());
  LateAppender late(environment_);
  VaultOptions options = options_;
  options.appender = &late;
  return Vault::look_locked(options);
}

Result<bool> VaultAccess::forget_key() {
  PH_TRY(connect());
  return Vault::forget_key(options_);
}

}  // namespace phantom
