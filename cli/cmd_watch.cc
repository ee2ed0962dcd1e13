#include "cli/commands.h"
#include "cli/directory_watch.h"
#include "cli/environment.h"
#include "cli/exposure.h"
#include "cli/json.h"
#include "cli/project.h"
#include "cli/project_events.h"
#include "cli/run_program.h"
#include "events/encoding.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <csignal>
#include <set>
#include <sys/signalfd.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kQuiet{200};
constexpr std::size_t kDirectoriesMax = 256;

struct WatchArgs {
  bool once = false;
  bool protect = false;
  bool json = false;
};

// The project's own directory and those right below it, where packages of one repository keep
// theirs.
std::vector<fs::path> watched_directories(const fs::path& root) {
  constexpr std::string_view kSkipped[] = {"node_modules", "target", "dist", "build", "vendor"};
  std::vector<fs::path> found;
  std::error_code code;
  for (fs::directory_iterator each(root, code), end; !code && each != end; each.increment(code)) {
    std::error_code unknown;
    const std::string name = each->path().filename().string();
    const bool skipped =
        name.starts_with('.') ||
        std::find(std::begin(kSkipped), std::end(kSkipped), name) != std::end(kSkipped);
    if (!skipped && fs::is_directory(each->symlink_status(unknown))) found.push_back(each->path());
  }
  std::sort(found.begin(), found.end());
  if (found.size() > kDirectoriesMax) found.resize(kDirectoriesMax);
  found.insert(found.begin(), root);
  return found;
}

std::vector<fs::path> dotenv_files(const std::vector<fs::path>& directories) {
  std::vector<fs::path> files;
  for (const fs::path& directory : directories) {
    std::error_code code;
    for (fs::directory_iterator each(directory, code), end; !code && each != end;
         each.increment(code)) {
      std::error_code unknown;
      const bool ordinary = fs::is_regular_file(each->symlink_status(unknown));
      if (ordinary && is_watched_name(each->path().filename().string())) {
        files.push_back(each->path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Watcher {
 public:
  Watcher(Environment& environment, const Project& project, const WatchArgs& args)
      : environment_(environment), project_(project), args_(args), memory_(system_random()) {}

  // Looks at every file. True when one has a real value that is still there.
  bool look(const std::vector<fs::path>& directories) {
    const std::vector<fs::path> files = dotenv_files(directories);
    std::vector<std::string> names;
    bool exposed = false;
    for (const fs::path& file : files) {
      names.push_back(shown(file));
      exposed = look_at(file) || exposed;
    }
    memory_.keep_only(names);
    std::erase_if(unreadable_, [&](const auto& each) {
      return std::find(names.begin(), names.end(), each.first) == names.end();
    });
    environment_.out().flush();
    return exposed;
  }

 private:
  std::string shown(const fs::path& file) const {
    return escape_terminal(file.lexically_relative(project_.root).string());
  }

  bool look_at(const fs::path& file) {
    const std::string name = shown(file);
    std::vector<DotenvOnDisk> read;
    auto text = read_dotenv(file);
    if (!text.ok()) return cannot_read(name, text.error());
    read.push_back(std::move(*text));
    const auto plan = plan_init(read);
    if (!plan.ok()) return cannot_read(name, plan.error());
    unreadable_.erase(name);
    const std::vector<std::string> fresh = memory_.take_new(name, plan->secrets);
    if (fresh.empty()) return !plan->secrets.empty();
    if (const Status told = record(file, fresh); !told.ok()) {
      // Told again with the next change: what is not on record was not told.
      memory_.forget(name);
      environment_.out().error(told.error());
    }
    const bool done = args_.protect && protect(file, name);
    say(name, fresh, done);
    return !done;
  }

  // A file that is being written may be half there: said once, and what was told of it stays told.
  bool cannot_read(const std::string& name, const Error& error) {
    if (error.code == Code::kNotFound) return false;
    if (unreadable_[name] != error.message) environment_.out().error(error);
    unreadable_[name] = error.message;
    return false;
  }

  Status record(const fs::path& file, const std::vector<std::string>& names) {
    const std::string base = file.filename().string();
    std::vector<std::string> full;
    for (const std::string& name : names) {
      full.push_back(full_secret_name(environment_of_dotenv(base), name));
    }
    Context context = environment_.context();
    context.project = project_.config.project_id;
    PH_ASSIGN(Appender * appender, environment_.appender());
    const auto recorded = appender->append(env_exposed(context, base, full));
    // The ledger is somebody else's to write while this one sleeps.
    const Status closed = environment_.close();
    PH_TRY(recorded);
    return closed;
  }

  // What `phantom init` does for this file, by that command: all of it or nothing. A name that the
  // vault has with another value is refused there, so no placeholder in use ever changes its
  // meaning.
  bool protect(const fs::path& file, const std::string& name) {
    ProgramRun run;
    run.argv = {"/proc/self/exe", "init", "--from", file.string()};
    for (char** each = environ; *each != nullptr; ++each) {
      if (!std::string_view(*each).starts_with("PHANTOM_ENV=")) run.environment.emplace_back(*each);
    }
    run.environment.push_back("PHANTOM_ENV=" + environment_of_dotenv(file.filename().string()));
    const auto end = run_program(run);
    if (end.ok() && end->exit_code == 0) return true;
    const std::string why = end.ok() ? end->errors : end.error().message;
    Output& out = environment_.out();
    out.note("warning: " + name + " was not protected, and is as it was:");
    for (std::size_t at = 0; at < why.size();) {
      const std::size_t line_end = std::min(why.find('\n', at), why.size());
      out.note("  " + escape_terminal(std::string_view(why).substr(at, line_end - at)));
      at = line_end + 1;
    }
    return false;
  }

  void say(const std::string& file, const std::vector<std::string>& names, bool done) {
    Output& out = environment_.out();
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    if (args_.json) {
      Json json;
      json.begin().field_number("v", 1).field("event", "exposed").field("file", file);
      json.key("names").begin_list();
      for (const std::string& name : names) json.text(name);
      json.end_list().key("protected").truth(done);
      out.line(json.end().str());
    } else {
      out.line(file + ": " + list + (done ? ": protected now" : ": in plain text"));
    }
    if (!done && !args_.protect) {
      out.hint("'phantom init --from " + file + "' puts placeholders in their place");
    }
  }

  Environment& environment_;
  const Project& project_;
  const WatchArgs& args_;
  ExposureMemory memory_;
  std::map<std::string, std::string> unreadable_;
};

Result<int> watch(Environment& environment, const WatchArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const fs::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_TRY(environment.appender());
  PH_TRY(environment.close());
  Watcher watcher(environment, project, args);
  if (args.once) {
    return watcher.look(watched_directories(project.root)) ? kExitFailed : kExitOk;
  }
  // Blocked before any thread starts, so that only the descriptor below hears them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const Fd stop(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!stop.good()) return Error{Code::kIo, "signals cannot be watched"};

  DirectoryWatch changes(is_watched_name);
  bool said = false;
  for (;;) {
    // Watched first and looked at then, so that nothing changes in between unseen.
    std::vector<fs::path> directories;
    for (auto found = watched_directories(project.root); found != directories;
         found = watched_directories(project.root)) {
      directories = std::move(found);
      PH_TRY(changes.watch(directories));
    }
    watcher.look(directories);
    if (!std::exchange(said, true)) {
      environment.out().note("watching the dotenv files of " + project.root.string() +
                             "; Ctrl-C ends it");
    }
    PH_ASSIGN(const DirectoryWatch::Wake wake, changes.wait(stop.get(), kQuiet));
    if (wake == DirectoryWatch::Wake::kStopped) break;
  }
  environment.out().note("stopped watching");
  return kExitOk;
}

}  // namespace

Command watch_command() {
  const auto args = std::make_shared<WatchArgs>();
  Command command;
  command.words = {"watch"};
  command.summary = "say when a real secret appears in a dotenv file";
  command.description =
      "Watches the dotenv files of the project's directory and of those right below it, until "
      "Ctrl-C. "
      "A secret that stands there in plain text is named once for each value, and recorded as "
      "env.exposed; with --protect 'phantom init' puts it into the vault at once, which needs "
      "PHANTOM_VAULT_PASSPHRASE, a key file or the desktop's keyring, and never changes a "
      "secret that the vault has already.\n"
      "Sleeps while nothing changes. With --once it looks once; exit code 1 when a secret is there "
      "in plain text.";
  command.options = {{"once", "", "look once and end", &args->once},
                     {"protect", "", "move what appears into the vault", &args->protect},
                     {"json", "", "print one JSON object a line", &args->json}};
  command.run = [args](Environment& environment) { return watch(environment, *args); };
  return command;
}

}  // namespace phantom
