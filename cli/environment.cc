#include "cli/environment.h"

#include "cli/actor.h"
#include "cli/erase.h"
#include "ledger/service_socket.h"

#include <cstdlib>
#include <unistd.h>

namespace phantom {
namespace {

Error with_init_hint(Error error) {
  if (error.code == Code::kNotFound) {
    error.hint = "run 'phantom init' in a project, or 'phantom ledger init', to start a ledger";
  }
  return error;
}

}  // namespace

const char* Environment::variable(const char* name) const { return std::getenv(name); }

Result<Home> Environment::home() {
  if (!home_) {
    PH_ASSIGN(home_, resolve_home(variable("PHANTOM_HOME"), variable("HOME")));
  }
  return *home_;
}

Result<std::filesystem::path> Environment::working_directory() const {
  std::error_code code;
  std::filesystem::path path = std::filesystem::current_path(code);
  if (code) return Error{Code::kIo, "the current directory cannot be read: " + code.message()};
  return path;
}

Result<std::optional<std::filesystem::path>> Environment::service() {
  if (!service_) {
    PH_ASSIGN(const Home home, this->home());
    PH_ASSIGN(service_, find_service_socket(home, variable("PHANTOM_LEDGER_SOCKET")));
  }
  return *service_;
}

Status Environment::check_own_ledger() {
  PH_ASSIGN(const auto service, this->service());
  if (!service) return {};
  return Error{
      Code::kDenied,
      "the ledger of this home is kept by the service at " + service->string() + ", with its keys",
      "run the command as the service's user, with its PHANTOM_HOME"};
}

Error unreadable_service(const std::filesystem::path& socket, const Error& why) {
  return {Code::kDenied,
          "the ledger is kept by the service at " + socket.string() +
              ", which takes events and does not show them: " + why.message,
          "ask its administrator for the files to read (docs/guides/service.md, 'Who may read'), "
          "or run the command as the service's user"};
}

Result<Subject> Environment::subject() {
  PH_ASSIGN(const Home home, this->home());
  PH_ASSIGN(Subject subject, load_subject(home));
  subject_id_ = subject.id;
  return subject;
}

Context Environment::context() {
  const auto signs = read_actor_signs([this](const char* name) { return variable(name); },
                                      isatty(STDIN_FILENO) == 1 ? Stdin::kTerminal : Stdin::kOther);
  Context context;
  context.component = "cli";
  context.version = PHANTOM_VERSION;
  context.actor_kind = signs.kind;
  context.agent_tool = signs.agent_tool;
  if (subject_id_ || subject().ok()) context.actor_id = *subject_id_;
  return context;
}

Result<Appender*> Environment::appender() {
  if (!appender_) {
    PH_ASSIGN(const Home home, this->home());
    AppenderOptions options;
    PH_ASSIGN(options.service, service());
    options.unlock = &key_unlock();
    key_unlock().let_ask(true);
    auto opened = open_appender(home, options);
    key_unlock().let_ask(false);
    if (!opened.ok() && options.service) return std::move(opened.error());
    if (!opened.ok()) return with_init_hint(std::move(opened.error()));
    appender_ = std::move(*opened);
    finish_erasures_left(home);
  }
  return appender_.get();
}

// A command must not fail for what an earlier one left undone: the next one tries again.
void Environment::finish_erasures_left(const Home& home) {
  const auto finished = finish_erasures(home, *appender_, context());
  if (!finished.ok()) {
    output_.note("an erasure that was cut off could not be finished: " + finished.error().message);
    return;
  }
  for (const Erased& each : *finished) {
    forget_subject();
    output_.note("finished the erasure of " + each.subject + " that event " +
                 std::to_string(each.requested_seq) +
                 " asked for and that was cut off; completed at event " +
                 std::to_string(each.completed_seq));
  }
}

CommandKeyUnlock& Environment::key_unlock() {
  if (!key_unlock_) key_unlock_.emplace();
  return *key_unlock_;
}

Result<LedgerReader*> Environment::reader() {
  if (!reader_) {
    PH_ASSIGN(const Home home, this->home());
    PH_ASSIGN(const auto service, this->service());
    auto opened = open_reader(home.ledger());
    if (!opened.ok() && service && opened.error().code != Code::kCorrupt) {
      return unreadable_service(*service, opened.error());
    }
    if (!opened.ok()) return with_init_hint(std::move(opened.error()));
    reader_ = std::move(*opened);
  }
  return reader_.get();
}

Result<CreatedLedger> Environment::create_ledger_here() {
  PH_TRY(check_own_ledger());
  PH_ASSIGN(const Home home, this->home());
  PH_TRY(make_private_directory(home.root));
  PH_ASSIGN(const Subject subject, ensure_subject(home, system_random()));
  subject_id_ = subject.id;
  AppenderOptions options;
  options.unlock = &key_unlock();
  return create_ledger(home, context(), options);
}

Status Environment::close() {
  reader_.reset();
  if (!appender_) return {};
  const auto appender = std::move(appender_);
  return appender->close();
}

}  // namespace phantom
