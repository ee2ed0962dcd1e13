#pragma once
// Producers of the events about a project's configuration, and what they say when read again.

#include "events/draft.h"
#include "proxy/route_diff.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

class LedgerReader;

// A person accepted `routes` of the configuration with this digest. Filed under the project's
// config tag; context.project must be set, here and below.
Draft config_accepted(const Context& context, const Digest& config_digest,
                      const std::vector<Route>& routes);

struct ConfigChange {
  std::optional<Digest> before;  // none when there was no file
  Digest after{};
  std::vector<std::string> keys;  // dotted: services.openai.host
};
Draft config_change_requested(const Context& context, const ConfigChange& change);
Draft config_change_completed(const Context& context, Seq requested, const Digest& after,
                              Outcome outcome, Reason reason);

struct ConfigRefusal {
  Digest config_digest{};
  std::vector<std::string> risks;         // names of rules
  std::vector<std::string> secret_names;  // that would have gone elsewhere
  Reason reason = Reason::ConfigRisk;     // or RouteNotAccepted
};
Draft config_refused(const Context& context, const ConfigRefusal& refusal);

// The newest config.accepted of a project.
struct AcceptedConfig {
  Seq seq = 0;
  std::int64_t time_ns = 0;
  Digest digest{};
  std::vector<AcceptedRoute> routes;
};
Result<std::optional<AcceptedConfig>> last_accepted_config(const LedgerReader& ledger,
                                                           std::string_view project);

}  // namespace phantom
