#include "cli/vault_standing.h"

#include "events/clock.h"

#include <algorithm>

namespace phantom {

Result<std::vector<Standing>> standings(Vault& vault, const std::vector<IncomingSecret>& incoming,
                                        const std::string& purpose) {
  const std::int64_t now_ns = system_clock().wall_ns();
  std::vector<Standing> found(incoming.size(), Standing::kNew);
  std::vector<std::string> comparable;
  std::vector<std::size_t> places;  // of those, in `incoming`
  for (std::size_t i = 0; i < incoming.size(); ++i) {
    const std::optional<SecretInfo> info = vault.find(incoming[i].name);
    if (!info) continue;
    found[i] = Standing::kDiffers;
    if (is_expired(*info, now_ns)) continue;
    comparable.push_back(incoming[i].name);
    places.push_back(i);
  }
  if (comparable.empty()) return found;
  PH_ASSIGN(const std::vector<OpenedSecret> stored, vault.open_secrets(comparable, purpose));
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i].value.equals(incoming[places[i]].value)) found[places[i]] = Standing::kSame;
  }
  return found;
}

std::vector<VaultChange> puts_for(const std::vector<IncomingSecret>& incoming,
                                  const std::vector<Standing>& standing) {
  std::vector<VaultChange> changes;
  for (std::size_t i = 0; i < incoming.size(); ++i) {
    if (standing[i] == Standing::kSame) continue;
    VaultChange change;
    change.name = incoming[i].name;
    change.value = incoming[i].value.clone();
    change.expires_ns = incoming[i].expires_ns;
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace phantom
