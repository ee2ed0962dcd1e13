#include "cli/git_hook.h"

#include "cli/git_process.h"
#include "events/encoding.h"
#include "ledger/home.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr char kMark[] = "# phantom check hook, version 1";
constexpr char kKeptName[] = "pre-commit.before-phantom";
constexpr std::size_t kHookBytesMax = 1 << 20;

std::string without_line_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

struct Hooks {
  fs::path top;
  fs::path directory;
};

// Lexically: a directory that is not there yet has no other form.
bool is_below(const fs::path& path, const fs::path& root) {
  const fs::path relative = path.lexically_normal().lexically_relative(root.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

Result<Hooks> find_hooks(const fs::path& directory) {
  PH_ASSIGN(const fs::path top, git_work_tree(directory));
  PH_ASSIGN(const std::string told, run_git(top, {"rev-parse", "--git-path", "hooks"}, 64 * 1'024));
  PH_ASSIGN(const std::string common, run_git(top, {"rev-parse", "--git-common-dir"}, 64 * 1'024));
  fs::path hooks = without_line_end(told);
  if (hooks.is_relative()) hooks = top / hooks;
  fs::path own = without_line_end(common);
  if (own.is_relative()) own = top / own;
  const std::string line = "phantom check --staged";
  if (hooks.string().find("/.husky") != std::string::npos) {
    return Error{Code::kDenied, "husky makes the hooks of this repository",
                 "add the line '" + line + "' to .husky/pre-commit"};
  }
  if (!is_below(hooks, top) && !is_below(hooks, own)) {
    return Error{Code::kDenied,
                 "core.hooksPath leads out of the repository, to " +
                     escape_terminal(hooks.string()) + ", which other repositories may use",
                 "add the line '" + line + "' to the pre-commit hook there, if all should have it"};
  }
  return Hooks{top, hooks};
}

bool is_there(const fs::path& file) {
  struct stat about {};
  return ::lstat(file.c_str(), &about) == 0;
}

// Ours as it was installed, ours but changed since, or another's.
enum class Owner { kNone, kOurs, kOursChanged, kOther };

Result<Owner> owner_of(const fs::path& hook) {
  if (!is_there(hook)) return Owner::kNone;
  const auto bytes = read_file(hook, kHookBytesMax);
  if (!bytes.ok()) return Owner::kOther;
  const std::string_view text = as_text(*bytes);
  if (text == hook_script()) return Owner::kOurs;
  return text.find(kMark) != std::string_view::npos ? Owner::kOursChanged : Owner::kOther;
}

Error changed_hook(const fs::path& hook) {
  return {Code::kDenied, escape_terminal(hook.string()) + " was made by phantom and changed since",
          "take what is yours out of it by hand, then remove the file"};
}

}  // namespace

std::string hook_script() {
  return std::string("#!/bin/sh\n") + kMark +
         "\n"
         "# Added by 'phantom check --install-hook'; 'phantom check --remove-hook' takes it away.\n"
         "kept=\"$(dirname \"$0\")/" +
         kKeptName +
         "\"\n"
         "if [ -x \"$kept\" ]; then\n"
         "  \"$kept\" \"$@\" || exit $?\n"
         "fi\n"
         "if ! command -v phantom >/dev/null 2>&1; then\n"
         "  echo 'phantom: not found, so nobody looked for secrets in this commit' >&2\n"
         "  echo 'phantom: hint: install phantom, or commit once with --no-verify' >&2\n"
         "  exit 1\n"
         "fi\n"
         "exec phantom check --staged\n";
}

Result<HookChange> install_hook(const fs::path& directory) {
  PH_ASSIGN(const Hooks hooks, find_hooks(directory));
  HookChange change;
  change.hook = hooks.directory / "pre-commit";
  const fs::path kept = hooks.directory / kKeptName;
  if (is_there(hooks.top / ".pre-commit-config.yaml")) {
    change.notes.push_back(
        "this repository uses the pre-commit framework: 'pre-commit install' may put its hook in "
        "front of this one, which then still runs");
  }
  PH_ASSIGN(const Owner owner, owner_of(change.hook));
  if (owner == Owner::kOurs) {
    change.kept_other = is_there(kept);
    change.changed = false;
    return change;
  }
  if (owner == Owner::kOursChanged) return changed_hook(change.hook);
  if (owner == Owner::kOther) {
    // A second name for the other hook first: at no time is there none.
    if (::linkat(AT_FDCWD, change.hook.c_str(), AT_FDCWD, kept.c_str(), 0) != 0) {
      if (errno == EEXIST) {
        return Error{Code::kExists, escape_terminal(kept.string()) + " is there already",
                     "look what it is; move it away, then try again"};
      }
      return Error{Code::kIo, "keep the hook that is there: " + std::string(std::strerror(errno))};
    }
    change.kept_other = true;
    if (::access(kept.c_str(), X_OK) != 0) {
      change.notes.push_back("the hook that was there is not executable, and so does not run");
    }
  }
  std::error_code code;
  fs::create_directories(hooks.directory, code);
  if (code) return Error{Code::kIo, "make the hooks directory: " + code.message()};
  // Replaces the name in one step; from here on the hook is ours.
  PH_TRY(write_file_durably(change.hook, as_bytes(hook_script()), 0755));
  return change;
}

Result<HookState> look_at_hook(const fs::path& directory) {
  constexpr std::string_view kCall = "phantom check";
  const auto calls = [&](const fs::path& file) {
    const auto bytes = read_file(file, kHookBytesMax);
    return bytes.ok() && as_text(*bytes).find(kCall) != std::string_view::npos;
  };
  PH_ASSIGN(const fs::path top, git_work_tree(directory));
  if (calls(top / ".husky/pre-commit") || calls(top / ".pre-commit-config.yaml")) {
    return HookState::kCallsPhantom;
  }
  PH_ASSIGN(const Hooks hooks, find_hooks(directory));
  const fs::path hook = hooks.directory / "pre-commit";
  PH_ASSIGN(const Owner owner, owner_of(hook));
  if (owner == Owner::kOurs) return HookState::kOurs;
  return calls(hook) ? HookState::kCallsPhantom : HookState::kMissing;
}

Result<HookChange> remove_hook(const fs::path& directory) {
  PH_ASSIGN(const Hooks hooks, find_hooks(directory));
  HookChange change;
  change.hook = hooks.directory / "pre-commit";
  const fs::path kept = hooks.directory / kKeptName;
  PH_ASSIGN(const Owner owner, owner_of(change.hook));
  if (owner == Owner::kOursChanged) return changed_hook(change.hook);
  if (owner != Owner::kOurs) {
    return Error{Code::kNotFound,
                 "phantom has no hook in " + escape_terminal(hooks.directory.string())};
  }
  change.kept_other = is_there(kept);
  // Either puts the kept hook back or removes ours, in one step.
  const int done = change.kept_other ? ::rename(kept.c_str(), change.hook.c_str())
                                     : ::unlink(change.hook.c_str());
  if (done != 0) return Error{Code::kIo, "remove the hook: " + std::string(std::strerror(errno))};
  return change;
}

}  // namespace phantom
