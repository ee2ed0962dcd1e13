#include "cli/mcp_desk.h"

#include "cli/approval_notice.h"
#include "cli/asker.h"
#include "cli/mcp_answer.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "cli/run_program.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/sha256.h"
#include "proxy/jcs.h"
#include "proxy/json_schema.h"
#include "proxy/mcp_events.h"
#include "vault/approval_desk.h"
#include "vault/detect.h"
#include "vault/secret_name.h"
#include "vault/vault.h"
#include "vault/vault_store.h"

#include <chrono>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::chrono::minutes kCallMax{10};
constexpr std::size_t kAnswerBytesMax = 2 << 20;
constexpr double kCallsPerSecond = 20;
constexpr double kCallsBurst = 60;
constexpr const char* kPassphrases[] = {"PHANTOM_VAULT_PASSPHRASE", "PHANTOM_LEDGER_PASSPHRASE"};

// Gives the vault the passphrase the server was started with; never asks.
class KeptUnlockInput final : public UnlockInput {
 public:
  explicit KeptUnlockInput(const SecretBytes& passphrase) : passphrase_(passphrase) {}

  std::optional<SecretBytes> take_passphrase() override {
    if (passphrase_.empty()) return std::nullopt;
    return passphrase_.clone();
  }
  std::optional<std::filesystem::path> key_file() override {
    return system_unlock_input().key_file();
  }
  Result<SecretBytes> ask(const std::string&) override {
    return Error{Code::kDenied, "the MCP server has no terminal to ask for the passphrase on"};
  }

 private:
  const SecretBytes& passphrase_;
};

// Names and ids never look like that, and values nearly always do.
bool holds_value(const JsonValue& arguments) {
  for (std::size_t i = 0; i < arguments.items.size(); ++i) {
    const JsonValue& item = arguments.items[i];
    if (arguments.is_object() && arguments.names[i] == "approval") continue;
    if (holds_value(item)) return true;
    if (item.is_text() && classify("ARGUMENT", item.text).value_class == ValueClass::kSecret) {
      return true;
    }
  }
  return false;
}

bool holds_nul(const JsonValue& value) {
  if (value.text.find('\0') != std::string::npos) return true;
  return std::any_of(value.items.begin(), value.items.end(), holds_nul);
}

}  // namespace

McpChildEnvironment::McpChildEnvironment() {
  for (std::size_t i = 0; i < kept_.size(); ++i) kept_[i].name = kPassphrases[i];
  if (auto passphrase = take_secret_variable(kPassphrases[0])) {
    kept_[0].value = std::move(*passphrase);
  }
  // The ledger's own stays where it is: this process may need it too, and takes it itself.
  if (const char* passphrase = std::getenv(kPassphrases[1])) {
    kept_[1].value = SecretBytes::copy_of(std::string_view(passphrase));
  }
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry(*each);
    const bool kept = std::any_of(kept_.begin(), kept_.end(), [entry](const Kept& secret) {
      return entry.starts_with(std::string(secret.name) + "=");
    });
    if (!kept && !entry.starts_with("PHANTOM_PROGRESS=")) plain_.emplace_back(entry);
  }
}

std::vector<std::string> McpChildEnvironment::make() const {
  std::vector<std::string> entries = plain_;
  entries.emplace_back("PHANTOM_PROGRESS=lines");
  for (const Kept& secret : kept_) {
    if (secret.value.empty()) continue;
    std::string entry;
    entry.reserve(64 + secret.value.size());  // so that no copy is left behind
    entry.append(secret.name).append("=").append(secret.value.text());
    entries.push_back(std::move(entry));
  }
  return entries;
}

struct McpDesk::Work {
  const McpCall& call;
  McpConnectionState& connection;
  Context context = {};
  const McpTool* tool = nullptr;
  JsonValue arguments = {};   // without approval
  std::string approval = {};  // that was presented, or stands
  McpToolUse use = {};
  std::vector<std::string> words = {};
  ApprovalRequest request = {};
  Seq requested = 0;
};

McpDesk::McpDesk(Environment& environment, McpChildEnvironment child_environment)
    : environment_(environment),
      child_environment_(std::move(child_environment)),
      tools_(mcp_tools()),
      calls_(kCallsPerSecond, kCallsBurst, 256) {
  for (const McpTool& tool : tools_) infos_.push_back(tool.info);
  system_random().fill(state_key_);
}

std::string McpDesk::new_session() {
  std::array<std::uint8_t, 16> id{};
  system_random().fill(id);
  return to_hex(id);
}

// `client_name` of the request at hand: without a handshake each says its own.
Context McpDesk::context(const McpConnectionState& connection, const std::string& client_name) {
  Context context = environment_.context();
  context.component = "mcp";
  context.actor_kind = ActorKind::Agent;
  if (const std::string tool = agent_tool_of(client_name); !tool.empty()) context.agent_tool = tool;
  context.session = connection.session;
  const auto home = environment_.home();
  const auto here = environment_.working_directory();
  if (!home.ok() || !here.ok()) return context;
  const auto project = open_project(*home, *here);
  if (project.ok()) context.project = project->config.project_id;
  return context;
}

Result<Receipt> McpDesk::append(const Draft& draft) {
  for (int attempt = 0;; ++attempt) {
    PH_ASSIGN(Appender* const appender, environment_.appender());
    auto receipt = appender->append(draft);
    // A server lives long: what was closed under it is opened once more.
    if (receipt.ok() || attempt > 0 || receipt.error().code != Code::kClosed) return receipt;
    PH_TRY(environment_.close());
  }
}

void McpDesk::connected(McpConnectionState& connection, const McpStep::Connected& step) {
  const std::lock_guard lock(mutex_);
  connection.client = step.client;
  if (connection.recorded.exchange(true)) return;
  const auto recorded =
      append(mcp_connected(context(connection, step.client.name),
                           {connection.transport, revision_name(step.revision), step.client.name}));
  if (recorded.ok()) return;
  // Without a ledger there is nothing to do but to say so at each call.
  connection.recorded = false;
}

void McpDesk::disconnected(McpConnectionState& connection) {
  const std::lock_guard lock(mutex_);
  if (!connection.recorded.exchange(false)) return;
  const auto recorded =
      append(mcp_disconnected(context(connection, connection.client.name), connection.calls));
  if (!recorded.ok())
    environment_.out().note("the end could not be recorded: " + recorded.error().message);
}

McpResult McpDesk::refuse(const Work& work, Reason reason, Error error) {
  const auto recorded = append(mcp_tool_denied(work.context, work.use, reason));
  if (!recorded.ok() && error.hint.empty()) error.hint = recorded.error().message;
  if (work.tool == nullptr) {
    McpResult result;
    result.kind = McpResult::Kind::kProtocolError;
    result.code = kMcpInvalidParams;
    result.text = error.message;
    return result;
  }
  return error_result(error);
}

// Everything that can be said without a ledger, a vault or a child.
std::optional<McpDesk::Refusal> McpDesk::examine(Work& work) {
  work.arguments = work.call.arguments;
  const auto tool = std::find_if(tools_.begin(), tools_.end(), [&work](const McpTool& each) {
    return each.info.name == work.call.tool;
  });
  const auto digest_arguments = [&work] {
    const auto canonical = canonical_json(work.arguments);
    if (!canonical.ok()) return canonical;
    work.use.arguments_digest = arguments_digest(*canonical);
    return canonical;
  };
  if (tool == tools_.end()) {
    (void)digest_arguments();
    return Refusal{Reason::NotSupported, {Code::kNotFound, "there is no such tool"}};
  }
  work.tool = &*tool;
  work.use.tool = tool->info.name;
  work.use.effect = tool->info.effect == ToolEffect::kEffect ? "effect" : "read";
  if (const std::string* approval = work.arguments.find_text("approval")) {
    work.approval = *approval;
    work.arguments.remove("approval");
  }
  const auto canonical = digest_arguments();
  const auto invalid = [](Error error) {
    return Refusal{Reason::InvalidArguments, std::move(error)};
  };
  if (!canonical.ok()) return invalid(canonical.error());
  if (const Status fits = check_against_schema(tool->info.input_schema, work.call.arguments);
      !fits.ok()) {
    return invalid(fits.error());
  }
  if (holds_nul(work.arguments)) return invalid({Code::kInvalid, "an argument holds a zero byte"});
  if (holds_value(work.arguments)) {
    return invalid({Code::kInvalid,
                    "an argument looks like the value of a secret; no tool takes one",
                    "if it is a real one it has been seen by whoever wrote this call: rotate it"});
  }
  if (tool->advice) {
    const auto name = secret_argument(work.arguments);
    if (!name.ok()) return invalid(name.error());
    return std::nullopt;
  }
  auto words = tool->command(work.arguments);
  if (!words.ok()) return invalid(words.error());
  work.words = std::move(*words);
  if (tool->reach == McpTool::Reach::kProject) {
    if (work.context.project.empty()) {
      return Refusal{
          Reason::NotSupported,
          {Code::kNotFound, "there is no project here", "a person starts one with: phantom init"}};
    }
    work.words.push_back("--project=" + work.context.project);
  }
  if (tool->info.effect == ToolEffect::kEffect) {
    work.request = {tool->info.name, *canonical, {}, {}, ""};
    if (const Status named = name_secrets(work); !named.ok()) return invalid(named.error());
    if (const Status askable = check_request(work.request); !askable.ok()) {
      return invalid(askable.error());
    }
  }
  return std::nullopt;
}

// What the call would touch, by name: a grant covers these secrets and no others.
Status McpDesk::name_secrets(Work& work) {
  if (!work.tool->touches) return {};
  const McpTouched touched = work.tool->touches(work.arguments);
  work.request.secret_names = touched.secret_names;
  work.request.hosts = touched.hosts;
  if (touched.all_of.empty() || work.context.project.empty()) return {};
  PH_ASSIGN(const Home home, environment_.home());
  VaultOptions options;
  options.home = home;
  options.context = work.context;
  PH_ASSIGN(options.appender, environment_.appender());
  PH_ASSIGN(options.reader, environment_.reader());
  const auto newest = options.reader->catch_up();
  if (!newest.ok()) return newest.error();
  PH_ASSIGN(const std::vector<SecretInfo> secrets, Vault::list_locked(options));
  for (const SecretInfo& info : secrets) {
    if (split_secret_name(info.name).environment == touched.all_of) {
      work.request.secret_names.push_back(info.name);
    }
  }
  return {};
}

McpResult McpDesk::question(const Work& work, const Approval& approval) {
  const bool has_forms = work.call.revision == McpRevision::k20260728 && work.call.client.has_forms;
  McpResult result = approval_result(approval);
  if (!has_forms || !work.call.answer.empty()) return result;
  result.kind = McpResult::Kind::kAsk;
  result.request_state = make_request_state(
      state_key_, {work.use.tool, work.use.arguments_digest, work.connection.session}, approval.id,
      approval.expires_ns);
  return result;
}

// The seal of a grant can only be checked by who can open the vault. None when there is no vault.
Result<ApprovalSealer> McpDesk::open_sealer(const Work& work) {
  PH_ASSIGN(const Home home, environment_.home());
  std::error_code code;
  if (!std::filesystem::exists(vault_path(home, work.context.project), code)) {
    return ApprovalSealer();
  }
  KeptUnlockInput input(child_environment_.vault_passphrase());
  Unlocker unlocker(home, input);
  VaultOptions options;
  options.home = home;
  options.context = work.context;
  PH_ASSIGN(options.appender, environment_.appender());
  PH_ASSIGN(options.reader, environment_.reader());
  options.unlocker = &unlocker;
  auto opened = Vault::open(options);
  if (!opened.ok()) {
    Error error = std::move(opened.error());
    if (error.code == Code::kDenied) {
      error.hint = "start the MCP server where it can open the vault: docs/guides/mcp.md";
    }
    return error;
  }
  const auto vault = std::make_shared<Vault>(std::move(*opened));
  return ApprovalSealer([vault](std::string_view text) { return vault->approval_seal(text); });
}

// None: the approval was used up, and mcp.tool.requested is durable.
std::optional<McpResult> McpDesk::obtain_approval(Work& work) {
  if (work.context.project.empty()) {
    return refuse(work, Reason::NotSupported,
                  {Code::kNotFound, "there is no project here whose people could approve this",
                   "a person starts one with: phantom init"});
  }
  if (!work.call.request_state.empty()) {
    const auto named = read_request_state(
        state_key_, {work.use.tool, work.use.arguments_digest, work.connection.session},
        work.call.request_state, system_clock().wall_ns());
    if (!named || (!work.approval.empty() && work.approval != *named)) {
      return refuse(work, Reason::BadSeal,
                    {Code::kDenied, "that requestState is for another call, or too old",
                     "repeat the call without it"});
    }
    work.approval = *named;
    if (work.call.answer == "decline" || work.call.answer == "cancel") {
      return refuse(work, Reason::UserDeclined, {Code::kDenied, "the person said no"});
    }
  }
  auto appender = environment_.appender();
  if (!appender.ok()) return error_result(appender.error());
  auto reader = environment_.reader();
  if (!reader.ok()) return error_result(reader.error());
  ApprovalDesk desk(**appender, **reader);
  if (work.approval.empty()) {
    auto standing = desk.standing_for(work.context, work.request);
    if (!standing.ok()) return error_result(standing.error());
    if (*standing) work.approval = **standing;
  }
  if (work.approval.empty()) {
    auto asker = read_asker();
    if (!asker.ok()) return error_result(asker.error());
    work.request.asker = std::move(*asker);
    const std::int64_t before_ns = system_clock().wall_ns();
    auto asked = desk.ask(work.context, work.request);
    if (!asked.ok()) return refuse(work, Reason::NotApproved, asked.error());
    // Not for a question that was there: the bound on open ones is then the bound on notices.
    if (asked->asked_ns >= before_ns) {
      show_approval_notice([this](const char* name) { return environment_.variable(name); },
                           asked->id, asked->tool);
    }
    return question(work, *asked);
  }
  // Asking again whether it is answered yet is no attempt to use it.
  const auto known = desk.look(work.approval);
  if (!known.ok()) return error_result(known.error());
  if (judge_approval(*known, work.context, work.request, system_clock().wall_ns()) ==
      ApprovalVerdict::kNotAnswered) {
    return question(work, **known);
  }
  auto sealer = open_sealer(work);
  if (!sealer.ok()) return refuse(work, Reason::NotApproved, sealer.error());
  work.use.approval = work.approval;
  // The append below is the commit point: with it the approval is used up and the effect allowed.
  const auto used = desk.use(work.context, work.approval, work.request,
                             mcp_tool_requested(work.context, work.use), *sealer);
  if (!used.ok()) return refuse(work, Reason::NotApproved, used.error());
  work.requested = used->seq;
  return std::nullopt;
}

McpResult McpDesk::run(Work& work, const std::vector<pollfd>& until, const McpProgress& progress) {
  ProgramRun child;
  child.argv = {"/proc/self/exe"};
  child.argv.insert(child.argv.end(), work.words.begin(), work.words.end());
  child.environment = child_environment_.make();
  child.time_max = kCallMax;
  child.output_bytes_max = kAnswerBytesMax;
  child.until = until;
  child.take_line = [&progress](std::string_view line) {
    ProgressReport report;
    if (!read_progress_report(line, report)) return false;
    if (progress) progress(report.done, report.total, report.what);
    return true;
  };
  auto end = run_program(child);
  for (std::string& entry : child.environment) {
    if (entry.find("PASSPHRASE=") != std::string::npos) wipe(entry);
  }
  return child_result(*work.tool, end);
}

McpResult McpDesk::call(const McpCall& call, McpConnectionState& connection,
                        const std::vector<pollfd>& until, const McpProgress& progress) {
  Work work{call, connection};
  {
    const std::lock_guard lock(mutex_);
    if (!calls_.take(connection.session, std::chrono::steady_clock::now())) {
      return error_result({Code::kBusy, "too many calls", "wait a second"});
    }
    work.context = context(connection, call.client.name);
    if (auto refusal = examine(work)) {
      return refuse(work, refusal->reason, std::move(refusal->error));
    }
    const bool needs_approval = work.tool->info.effect == ToolEffect::kEffect && !work.tool->advice;
    if (needs_approval) {
      if (auto result = obtain_approval(work)) return std::move(*result);
    } else {
      const auto requested = append(mcp_tool_requested(work.context, work.use));
      if (!requested.ok()) return error_result(requested.error());
      work.requested = requested->seq;
    }
  }
  ++connection.calls;
  const auto start = std::chrono::steady_clock::now();
  McpResult result = work.tool->advice ? advice_result(work.tool->advice(work.arguments))
                                       : run(work, until, progress);
  const auto took = std::chrono::steady_clock::now() - start;
  const bool good = result.kind == McpResult::Kind::kDone;
  const bool cancelled = result.code == kCallCancelled;
  const std::lock_guard lock(mutex_);
  const auto completed = append(mcp_tool_completed(
      work.context, work.use, work.requested,
      static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::nanoseconds>(took).count()),
      good ? Outcome::Ok : Outcome::Failed, cancelled ? Reason::Cancelled : Reason::None));
  if (!completed.ok()) {
    environment_.out().note("the end of a call could not be recorded: " +
                            completed.error().message);
  }
  return result;
}

}  // namespace phantom
