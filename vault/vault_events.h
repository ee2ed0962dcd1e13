#pragma once
// Producers of the vault, secret and dotenv events.
//
// Vault changes carry vault_tag and the secret_tag of every name, so a secret's tag is its whole
// history. Conditions are added by the caller.

#include "events/draft.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

struct SecretChangeNote {
  std::string name;
  std::string action;  // a word of docs/EVENTS.md under vault.change.requested
  std::uint64_t version = 0;
  std::string former_name;      // before a rename
  std::int64_t expires_ns = 0;  // 0: never
};

struct VaultChangeNote {
  std::string source;  // what asked for it: init, add, remove
  std::vector<SecretChangeNote> changes;
  std::uint64_t vault_version = 0;
  std::optional<Digest> digest_before;  // none when there was no file
  Digest digest_after{};
};

// How an effect ended.
struct Ending {
  Outcome outcome = Outcome::Ok;
  Reason reason = Reason::None;
};

// In all of these context.project must be set.
Draft vault_change_requested(const Context& context, const VaultChangeNote& note);
Draft vault_change_completed(const Context& context, Seq requested, const VaultChangeNote& note,
                             Ending ending);

Draft secret_opened(const Context& context, const std::vector<std::string>& names,
                    const std::string& purpose);
// `purpose` is what the secrets were wanted for.
Draft secret_expired(const Context& context, const std::vector<std::string>& names,
                     const std::string& purpose);
// `method` is screen or clipboard.
Draft secret_reveal_requested(const Context& context, const std::string& name,
                              std::uint64_t version, const std::string& method);
Draft secret_reveal_completed(const Context& context, Seq requested, const std::string& name,
                              std::uint64_t version, const std::string& method, Ending ending);

// `file` is a base name. Names beyond the bound on tags are still in the payload.
Draft env_rewrite_requested(const Context& context, const std::string& file,
                            const std::vector<std::string>& names);
Draft env_rewrite_completed(const Context& context, Seq requested, const std::string& file,
                            std::uint32_t count, Ending ending);

Draft vault_unlocked(const Context& context, const std::string& method);
Draft vault_unlock_failed(const Context& context, const std::string& method, Reason reason);

// The key of the project's vault is kept in `place` (secret-service), or no longer.
Draft vault_key_kept(const Context& context, const std::string& place);
Draft vault_key_forgotten(const Context& context, const std::string& place);

Draft project_initialised(const Context& context, const Digest& config_digest,
                          std::uint32_t protected_count);

}  // namespace phantom
