#include "cli/doctor_checks.h"
#include "cli/doctor_facts.h"
#include "cli/git_hook.h"
#include "cli/git_process.h"
#include "cli/init_plan.h"

#include <algorithm>
#include <sys/stat.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListBytesMax = 1'048'576;
constexpr std::size_t kIgnoreBytesMax = 1'048'576;

// Whether the project is in a work tree; without git there is nothing to say.
Result<bool> has_work_tree(const DoctorContext& context) {
  const auto top = git_work_tree(context.root);
  if (top.ok()) return true;
  if (top.error().code == Code::kNotFound) return false;
  return top.error();
}

Result<std::vector<std::string>> listed(const DoctorContext& context,
                                        std::vector<std::string> arguments) {
  std::vector<std::string> names;
  const std::vector<fs::path> files = project_dotenv_files(context);
  if (files.empty()) return names;
  arguments.emplace_back("--");
  for (const fs::path& file : files) arguments.push_back(file.filename().string());
  PH_ASSIGN(const std::string list, run_git(context.root, arguments, kListBytesMax));
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

Result<std::vector<std::string>> tracked_files(const DoctorContext& context) {
  return listed(context, {"ls-files", "-z"});
}

// There, not tracked, and `git add .` would take it.
Result<std::vector<std::string>> open_files(const DoctorContext& context) {
  return listed(context, {"ls-files", "-z", "--others", "--exclude-standard"});
}

}  // namespace

Result<DoctorFindings> check_gitignore(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const bool has_git, has_work_tree(context));
  if (!has_git) return findings;
  PH_ASSIGN(const std::vector<std::string> names, open_files(context));
  for (const std::string& name : names) {
    findings.push_back({DoctorSeverity::kWarning, "git does not ignore " + name,
                        "add the line " + name + " to .gitignore", Mending::kByFix});
  }
  return findings;
}

Mended fix_gitignore(DoctorContext& context) {
  std::vector<std::string> done;
  PH_ASSIGN(const bool has_git, has_work_tree(context));
  if (!has_git) return done;
  PH_ASSIGN(const std::vector<std::string> names, open_files(context));
  if (names.empty()) return done;
  const fs::path file = context.root / ".gitignore";
  struct stat about {};
  const bool there = ::lstat(file.c_str(), &about) == 0;
  if (there && !S_ISREG(about.st_mode)) {
    return Error{Code::kDenied, file.string() + " is not an ordinary file"};
  }
  std::string text;
  if (there) {
    PH_ASSIGN(const Bytes bytes, read_file(file, kIgnoreBytesMax));
    text = std::string(as_text(bytes));
  }
  for (const std::string& name : names) {
    text = gitignore_with(text, name);
    done.push_back(".gitignore has the line " + name + " now");
  }
  PH_TRY(write_file_durably(file, as_bytes(text), there ? about.st_mode & 07777 : 0644));
  return done;
}

Result<DoctorFindings> check_tracked(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const bool has_git, has_work_tree(context));
  if (!has_git) return findings;
  PH_ASSIGN(const std::vector<std::string> names, tracked_files(context));
  for (const std::string& name : names) {
    findings.push_back({DoctorSeverity::kWarning,
                        "git tracks " + name + ": what is put into it goes to everybody",
                        "git rm --cached " + name +
                            "; 'phantom check --history' says whether "
                            "secrets went out already"});
  }
  return findings;
}

Result<DoctorFindings> check_hook(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const bool has_git, has_work_tree(context));
  if (!has_git) return findings;
  const auto state = look_at_hook(context.root);
  if (!state.ok() && state.error().code == Code::kDenied) {
    // Another program makes the hooks: what matters is that they call phantom.
    findings.push_back({DoctorSeverity::kWarning,
                        "commits are not checked: " + state.error().message, state.error().hint});
    return findings;
  }
  if (!state.ok()) return state.error();
  if (*state != HookState::kMissing) return findings;
  findings.push_back({DoctorSeverity::kWarning, "commits are not checked for secrets",
                      "phantom check --install-hook", Mending::kByFix});
  return findings;
}

Mended fix_hook(DoctorContext& context) {
  std::vector<std::string> done;
  PH_ASSIGN(const bool has_git, has_work_tree(context));
  if (!has_git) return done;
  PH_ASSIGN(const HookState state, look_at_hook(context.root));
  if (state != HookState::kMissing) return done;
  PH_ASSIGN(const HookChange change, install_hook(context.root));
  done.push_back("every commit is checked now: " + change.hook.string());
  return done;
}

}  // namespace phantom
