#pragma once
// Names of tags. A tag is a kind, a colon and a name: printable ASCII without spaces, at most
// kTagBytesMax bytes. Secret and vault tags carry the project, so that equal names in two projects
// have separate histories.

#include <string>
#include <string_view>

namespace phantom {

std::string session_tag(std::string_view session);
std::string project_tag(std::string_view project);
std::string secret_tag(std::string_view project, std::string_view name);
std::string vault_tag(std::string_view project);
std::string config_tag(std::string_view project);
std::string actor_tag(std::string_view actor_id);
std::string subject_tag(std::string_view subject);    // what was done about a person's key
std::string recorder_tag(std::string_view recorder);  // kind of recorder: service, session
std::string approval_tag(
    std::string_view approval);  // one approval or standing grant, first to last
std::string approvals_tag(std::string_view project);  // requests, answers and grants of a project
inline constexpr std::string_view kEpochTag = "ledger:epoch";
inline constexpr std::string_view kRotationTag = "ledger:rotation";  // requests for a new epoch
inline constexpr std::string_view kPruneTag = "ledger:prune";        // requests to remove a prefix
inline constexpr std::string_view kHoldsTag = "audit:holds";         // all that happens to holds
std::string hold_tag(std::string_view hold);

// Tags whose events say what is true now, however old they are: keys, vaults, accepted configs,
// holds and what was removed. Retention keeps their events. The list is part of the format
// (docs/FORMAT.md section 18).
bool is_state_tag(std::string_view tag);

bool is_valid_tag(std::string_view tag);

}  // namespace phantom
