#pragma once
// The project a command works on, and this machine's memory of which directory it is.
//
// A project is named by the id in its committed `.phantom.toml`. Anyone can commit any id, so the
// home keeps, per id, the directories that may use it: a repository that names another project's
// id gets nothing of that project.

#include "ledger/home.h"
#include "proxy/config.h"

#include <filesystem>
#include <string>
#include <vector>

namespace phantom {

struct Project {
  std::filesystem::path root;  // canonical
  std::filesystem::path config_file;
  ProjectConfig config;
};

// The project at `start` or above it, whether this machine knows it or not. kNotFound, kInvalid.
Result<Project> read_project_at(const std::filesystem::path& start);

// The same, and bound to this directory; what every command but init wants. kDenied when the id
// belongs to another directory, or to none.
Result<Project> open_project(const Home& home, const std::filesystem::path& start);

// home/projects/<id>: one canonical directory per line.
Result<std::vector<std::filesystem::path>> bound_directories(const Home& home,
                                                             const std::string& project_id);
Status bind_directory(const Home& home, const std::string& project_id,
                      const std::filesystem::path& root);
Status check_binding(const Home& home, const std::string& project_id,
                     const std::filesystem::path& root);

}  // namespace phantom
