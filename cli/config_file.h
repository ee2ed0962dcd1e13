#pragma once
// A project's configuration on disk: read as text, and replaced in two recorded steps.

#include "ledger/appender.h"
#include "proxy/config_edit.h"

#include <filesystem>
#include <string>

namespace phantom {

struct ConfigOnDisk {
  std::filesystem::path path;
  std::string text;
  Digest digest{};
  unsigned mode = 0644;
};

// kNotFound, kLimit; kDenied for a link: it may lead out of the project.
Result<ConfigOnDisk> read_config_file(const std::filesystem::path& path);

// config.change.requested, the file as a whole, config.change.completed. kConflict when the file is
// no longer what was read, also when it changes in the last moment: then it is left as it is.
Status replace_config_file(Appender& appender, const Context& context, const ConfigOnDisk& before,
                           const EditedConfig& after);

// The middle step. `after` replaces the file if its digest is still `before.digest`.
Status exchange_config_file(const ConfigOnDisk& before, std::string_view after);

}  // namespace phantom
