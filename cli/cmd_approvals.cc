#include "cli/approval_terminal.h"
#include "cli/approval_text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/terminal.h"
#include "events/encoding.h"
#include "vault/secret_name.h"

namespace phantom {
namespace {

struct ApprovalsArgs {
  std::string action;
  std::string id;
  bool json = false;
  bool all = false;
  std::string tool;
  std::vector<std::string> secrets;
  std::optional<std::uint64_t> uses;
  std::string length;
  std::optional<std::string> environment;
};

std::string names_of(const Approval& approval) {
  std::string names;
  for (const std::string& name : approval.secret_names) {
    names += (names.empty() ? "" : ", ") + visible_text(spoken_secret_name(name));
  }
  return names;
}

std::string line_of(const Approval& approval, std::int64_t now_ns) {
  std::string line = approval.id + "  " + approval_state_name(approval.state);
  line.resize(std::max<std::size_t>(line.size(), 26), ' ');
  line += visible_text(approval.tool);
  if (const std::string names = names_of(approval); !names.empty()) line += "  " + names;
  if (approval.standing) {
    line += "  used " + std::to_string(approval.uses) + " of " + std::to_string(approval.uses_max);
  } else if (!approval.agent_tool.empty()) {
    line += "  asked by " + visible_text(approval.agent_tool);
  }
  if (is_open(approval, now_ns)) {
    line += "  " + length_words(approval.expires_ns - now_ns) + " left";
  }
  return line;
}

void append_json(Json& json, const Approval& approval) {
  json.begin().field("id", approval.id).field("state", approval_state_name(approval.state));
  json.field("kind", approval.standing ? "standing" : "once").field("tool", approval.tool);
  json.field("arguments_sha256", approval.standing ? "" : to_hex(approval.arguments_digest));
  json.key("secrets").begin_list();
  for (const std::string& name : approval.secret_names) json.text(name);
  json.end_list().key("hosts").begin_list();
  for (const std::string& host : approval.hosts) json.text(host);
  json.end_list().field("agent_tool", approval.agent_tool).field("session", approval.session);
  json.field("asked", format_time(approval.asked_ns));
  json.field("expires", format_time(approval.expires_ns));
  json.field_number("uses", approval.uses).field_number("uses_max", approval.uses_max).end();
}

Result<int> list(Environment& environment, const ApprovalsArgs& args) {
  PH_ASSIGN(const auto terminal, ApprovalTerminal::open(environment));
  const auto which = args.all ? ApprovalDesk::Which::kAll : ApprovalDesk::Which::kOpen;
  PH_ASSIGN(const std::vector<Approval> approvals,
            terminal->desk().list(terminal->context(), which));
  if (!args.json) {
    for (const Approval& approval : approvals) {
      environment.out().line(line_of(approval, system_clock().wall_ns()));
    }
    if (approvals.empty()) environment.out().note("nothing waits for an answer");
    return kExitOk;
  }
  Json json;
  json.begin().field_number("v", 1).field("project", terminal->context().project);
  json.key("approvals").begin_list();
  for (const Approval& approval : approvals) append_json(json, approval);
  environment.out().line(json.end_list().end().str());
  return kExitOk;
}

Result<int> allow(Environment& environment, const ApprovalsArgs& args) {
  if (args.tool.empty() || !args.uses || args.length.empty()) {
    return Error{Code::kInvalid, "a grant in advance names a tool, a number of uses and a time",
                 "phantom approvals allow --tool TOOL [--secret NAME]... --uses N --for 2h"};
  }
  if (*args.uses == 0 || *args.uses > kStandingUsesMax) {
    return Error{Code::kInvalid,
                 "--uses is a number from 1 to " + std::to_string(kStandingUsesMax)};
  }
  PH_ASSIGN(const std::int64_t length, parse_length(args.length));
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  ApprovalDesk::StandingTerms terms;
  terms.tool = args.tool;
  terms.uses_max = static_cast<std::uint32_t>(*args.uses);
  terms.for_ns = length;
  for (const std::string& name : args.secrets) {
    terms.secret_names.push_back(full_secret_name(chosen, name));
  }
  ApprovalRequest request;
  request.tool = terms.tool;
  request.secret_names = terms.secret_names;
  PH_TRY(check_request(request));
  PH_ASSIGN(const auto terminal, ApprovalTerminal::open(environment));
  PH_TRY(terminal->check_person({}, std::nullopt));
  std::string names;
  for (const std::string& name : terms.secret_names) {
    names += (names.empty() ? "" : ", ") + visible_text(spoken_secret_name(name));
  }
  const std::string text = "Every agent of project " + visible_text(terminal->context().project) +
                           " may then run\n\n  " + visible_text(terms.tool) +
                           ", with any arguments" +
                           (names.empty() ? ", as long as it touches no secret" : ", on " + names) +
                           "\n  up to " + std::to_string(terms.uses_max) + " times within " +
                           length_words(length) + "\n\nwithout asking again.\n";
  PH_ASSIGN(const Answer answer, confirm_on_terminal(text, terms.tool));
  if (answer == Answer::kNo) return Error{Code::kDenied, "nothing was allowed"};
  PH_ASSIGN(const ApprovalSealer sealer, terminal->open_sealer());
  PH_ASSIGN(const Approval grant, terminal->desk().allow(terminal->context(), terms, sealer));
  environment.out().note("allowed as " + grant.id + " until " + format_time(grant.expires_ns) +
                         "; 'phantom approvals revoke " + grant.id + "' takes it back");
  return kExitOk;
}

// Taking back, like saying no, needs no proof of who does it.
Result<int> revoke(Environment& environment, const ApprovalsArgs& args) {
  const std::optional<std::string> id = read_approval_id(args.id);
  if (!id) {
    return Error{Code::kInvalid, "revoke needs the id of a standing grant",
                 "'phantom approvals' lists them"};
  }
  PH_ASSIGN(const auto terminal, ApprovalTerminal::open(environment));
  PH_TRY(terminal->desk().revoke(terminal->context(), *id));
  environment.out().note("revoked " + *id);
  return kExitOk;
}

Result<int> approvals(Environment& environment, const ApprovalsArgs& args) {
  const bool allows = args.action == "allow";
  const bool terms = !args.tool.empty() || !args.secrets.empty() || args.uses ||
                     !args.length.empty() || args.environment;
  if ((terms && !allows) || (args.action != "revoke" && !args.id.empty())) {
    return Error{Code::kInvalid,
                 "--tool, --secret, --uses, --for and --env go with allow, an ID "
                 "goes with revoke",
                 "phantom approvals --help shows how it is used"};
  }
  if (allows) return allow(environment, args);
  if (args.action == "revoke") return revoke(environment, args);
  return list(environment, args);
}

}  // namespace

Command approvals_command() {
  const auto args = std::make_shared<ApprovalsArgs>();
  Command command;
  command.words = {"approvals"};
  command.summary = "list what waits for an answer, and what is allowed in advance";
  command.description =
      "phantom approvals lists the questions of this project's agents that are open and the grants "
      "that stand.\n\nphantom approvals allow gives a grant in advance: a tool, the secrets it may "
      "touch, how often and for how long. It is typed on a terminal as for phantom approve. Every "
      "use is counted and recorded.\n\nphantom approvals revoke ID takes a grant back at once.";
  command.options = {
      {"json", "", "print one JSON object", &args->json},
      {"all", "", "those too that are over: used, denied, expired, revoked", &args->all},
      {"tool", "TOOL", "allow: name of the tool", &args->tool},
      {"secret", "NAME", "allow: a secret it may touch; none: only when it touches none",
       &args->secrets},
      {"uses", "N", "allow: how often, 1 to 1000", &args->uses},
      {"for", "LENGTH", "allow: how long, 30m, 2h or 7d, at most 30d", &args->length},
      environment_option(&args->environment)};
  command.positionals = {{"ACTION",
                          "list, allow or revoke; list if not given",
                          &args->action,
                          Need::kOptional,
                          {"list", "allow", "revoke"}},
                         {"ID", "revoke: id of the grant", &args->id, Need::kOptional}};
  command.run = [args](Environment& environment) { return approvals(environment, *args); };
  return command;
}

}  // namespace phantom
