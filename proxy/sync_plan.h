#pragma once
// What has to happen so that a place on a platform has the secrets it should. Pure.

#include "proxy/platform.h"
#include "proxy/sync_config.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace phantom {

struct WantedSecret {
  std::string full_name;  // in the vault
  std::uint64_t version = 0;
  const SecretBytes* value = nullptr;  // null: its time is over
  // A platform's token never goes to a platform, whatever it is called.
  enum class Kind { kOrdinary, kPlatformToken } kind = Kind::kOrdinary;
};

enum class SyncAction { kCreate, kUpdate, kDelete, kUnchanged, kBlocked };
const char* sync_action_name(SyncAction action);

// Why nothing is sent for an item.
enum class SyncBlock {
  kNone,
  kName,     // the platform takes no such name
  kValue,    // or no such value
  kExpired,  // the secret's time is over
  kToken,    // its value is a platform's token
  kShared    // the variable there holds for other environments too; writing would change those
};
const char* sync_block_name(SyncBlock block);  // kebab-case

struct PlannedItem {
  SyncAction action = SyncAction::kUnchanged;
  std::string full_name;  // in the vault; of a deletion, what it was there
  std::uint64_t version = 0;
  WriteItem write;  // of create, update and delete; its name always
  SyncBlock block = SyncBlock::kNone;
  std::string problem;  // the rest of a sentence that begins with the name; when blocked

  bool writes() const {
    return action == SyncAction::kCreate || action == SyncAction::kUpdate ||
           action == SyncAction::kDelete;
  }
};

std::string remote_name(const SyncTarget& target, std::string_view full_name);
// The secret a name there stands for; none when it does not begin with the prefix or is no name of
// a secret.
std::optional<std::string> full_name_of(const SyncTarget& target, std::string_view remote_name);

// What can be said without asking the platform: blocked items and, as kCreate, all others. Nothing
// may be sent before these were shown.
std::vector<PlannedItem> check_wanted(const Platform& platform, const SyncTarget& target,
                                      const std::vector<WantedSecret>& wanted);

// The items in order of name. Only entries of the target's own places are ever written; one that
// also holds elsewhere is blocked. Values that cannot be read there are written again. `prune`:
// full names whose entries are deleted.
std::vector<PlannedItem> plan_sync(const Platform& platform, const SyncTarget& target,
                                   const std::vector<WantedSecret>& wanted,
                                   const std::vector<RemoteEntry>& remote,
                                   const std::set<std::string>& prune);

// Full names that stand there for the target's places but not in `kept`.
std::vector<std::string> surplus_names(const Platform& platform, const SyncTarget& target,
                                       const std::set<std::string>& kept,
                                       const std::vector<RemoteEntry>& remote);

// What a pull finds: names there with a value. An item for each name of the target's places.
struct PulledItem {
  enum class State { kValue, kHidden, kAmbiguous, kBadName };
  State state = State::kHidden;
  std::string name;                    // there
  std::string full_name;               // in the vault; empty for kBadName
  const SecretBytes* value = nullptr;  // into `remote`
};
std::vector<PulledItem> plan_pull(const SyncTarget& target, const std::vector<RemoteEntry>& remote);

}  // namespace phantom
