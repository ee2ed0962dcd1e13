#pragma once
// Producers of the events about a project's files: its scripts, its dotenv files, and searches.
// In all of these context.project must be set, but in check_scanned.

#include "events/draft.h"
#include "vault/vault_events.h"

#include <string>
#include <vector>

namespace phantom {

struct ScriptsRewrite {
  std::string action;  // wrapped or unwrapped
  std::string file;    // base name
  std::uint32_t count = 0;
};

Draft scripts_rewrite_requested(const Context& context, const ScriptsRewrite& rewrite);
Draft scripts_rewrite_completed(const Context& context, Seq requested,
                                const ScriptsRewrite& rewrite, Ending ending);

// `scope`: staged, tree, history, agents or paths.
Draft check_scanned(const Context& context, const std::string& scope, std::uint64_t files,
                    std::uint64_t findings);

// `file` is a base name. Filed under the names, as far as there is room for tags.
Draft env_exposed(const Context& context, const std::string& file,
                  const std::vector<std::string>& names);

}  // namespace phantom
