#include "cli/project.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBindingBytesMax = 256 * 1024;

fs::path binding_file(const Home& home, const std::string& project_id) {
  return home.root / "projects" / project_id;
}

}  // namespace

Result<Project> read_project_at(const fs::path& start) {
  Project project;
  auto found = find_project(start);
  if (!found.ok()) {
    Error error = std::move(found.error());
    if (error.code == Code::kNotFound) error.hint = "run 'phantom init' in the project's directory";
    return error;
  }
  project.config_file = std::move(*found);
  PH_ASSIGN(project.config, read_project(project.config_file));
  std::error_code code;
  project.root = fs::canonical(project.config_file.parent_path(), code);
  if (code) {
    return Error{Code::kIo,
                 "resolve " + project.config_file.parent_path().string() + ": " + code.message()};
  }
  return project;
}

Result<std::vector<fs::path>> bound_directories(const Home& home, const std::string& project_id) {
  auto bytes = read_file(binding_file(home, project_id), kBindingBytesMax);
  if (!bytes.ok() && bytes.error().code == Code::kNotFound) return std::vector<fs::path>{};
  if (!bytes.ok()) return std::move(bytes.error());
  std::vector<fs::path> directories;
  std::string_view text = as_text(*bytes);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) directories.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return directories;
}

Status bind_directory(const Home& home, const std::string& project_id, const fs::path& root) {
  const std::string path = root.string();
  if (path.find('\n') != std::string::npos) {
    return Error{Code::kInvalid, "the project's directory has a line break in its name"};
  }
  PH_ASSIGN(std::vector<fs::path> directories, bound_directories(home, project_id));
  if (std::find(directories.begin(), directories.end(), root) != directories.end()) return {};
  directories.push_back(root);
  std::string text;
  for (const fs::path& directory : directories) text += directory.string() + "\n";
  PH_TRY(make_private_directory(home.root / "projects"));
  return write_file_durably(binding_file(home, project_id), as_bytes(text), 0600);
}

Status check_binding(const Home& home, const std::string& project_id, const fs::path& root) {
  PH_ASSIGN(const std::vector<fs::path> directories, bound_directories(home, project_id));
  if (directories.empty()) {
    return Error{Code::kDenied,
                 "project " + project_id + " of " + root.string() + " is not known on this machine",
                 "run 'phantom init' there to make a vault for it"};
  }
  if (std::find(directories.begin(), directories.end(), root) != directories.end()) return {};
  return Error{Code::kDenied,
               root.string() + " names project " + project_id + ", which belongs to " +
                   directories.front().string(),
               "if this is a copy of yours or the project was moved, run 'phantom init --adopt' "
               "there; if not, its configuration is after another project's keys"};
}

Result<Project> open_project(const Home& home, const fs::path& start) {
  PH_ASSIGN(Project project, read_project_at(start));
  PH_TRY(check_binding(home, project.config.project_id, project.root));
  return project;
}

}  // namespace phantom
