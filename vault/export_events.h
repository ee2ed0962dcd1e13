#pragma once
// Producers of the events of an export of secrets. context.project must be set.

#include "events/draft.h"
#include "vault/vault_events.h"

#include <string>
#include <vector>

namespace phantom {

// `names` are full. Those beyond the bound on tags are still in the payload. `format` is age.
Draft secret_export_requested(const Context& context, const std::vector<std::string>& names,
                              const std::string& format);
// `file` is the SHA-256 of what was written; not looked at when it failed.
Draft secret_export_completed(const Context& context, Seq requested,
                              const std::vector<std::string>& names, const std::string& format,
                              const Digest& file, Ending ending);

}  // namespace phantom
