#pragma once
// What the commands that change a service have in common.

#include "cli/config_file.h"
#include "cli/environment.h"
#include "cli/project.h"

namespace phantom {

enum class ChangeReport { kText, kJson };

// Refuses what could not be resolved or is never right (kDenied), writes the file with both events
// when something changes, says what is odd about the service and whether a person has to accept it.
Status write_service(Environment& environment, const Project& project, const ConfigOnDisk& before,
                     const EditedConfig& edited, const std::string& service, ChangeReport report);

}  // namespace phantom
