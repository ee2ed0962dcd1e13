#pragma once
// Reads the [[sync]] tables of a configuration.

#include "proxy/sync_config.h"
#include "proxy/toml_text.h"

namespace phantom {

// `node` is the value of the key "sync". kInvalid, with the line, for anything that is not exactly
// a list of such tables.
Result<std::vector<SyncConfig>> read_sync_tables(const toml::node& node);

}  // namespace phantom
