#include "cli/approval_terminal.h"
#include "cli/approval_text.h"
#include "cli/commands.h"
#include "cli/log_access.h"
#include "cli/terminal.h"
#include "events/envelope.h"
#include "events/sha256.h"

namespace phantom {
namespace {

struct ApproveArgs {
  std::string id;
  bool full = false;
};

struct Question {
  Approval approval;
  std::string arguments;
  std::optional<Asker> asker;
};

std::optional<std::string> open_sealed(const schema::Entry& entry, const Unsealer& unseal,
                                       std::string_view field) {
  if (entry.sealed() == nullptr) return std::nullopt;
  for (const schema::SealedField* each : *entry.sealed()) {
    if (std::string_view(each->field()->data(), each->field()->size()) != field) continue;
    SealedField sealed;
    sealed.field = each->field()->str();
    sealed.subject = each->subject()->str();
    sealed.nonce.assign(each->nonce()->begin(), each->nonce()->end());
    sealed.ciphertext.assign(each->ciphertext()->begin(), each->ciphertext()->end());
    Result<std::string> text = unseal(event_id_of(entry), sealed);
    if (!text.ok()) return std::nullopt;
    return std::move(*text);
  }
  return std::nullopt;
}

// Everything a person has to see. kDenied when some of it cannot be shown.
Result<Question> read_question(Environment& environment, ApprovalTerminal& terminal,
                               const std::string& id) {
  Question question;
  PH_ASSIGN(std::optional<Approval> approval, terminal.desk().look(id));
  if (!approval || approval->standing) return verdict_error(ApprovalVerdict::kUnknown, id);
  if (approval->project != terminal.context().project) {
    return verdict_error(ApprovalVerdict::kOtherProject, id);
  }
  question.approval = std::move(*approval);
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  const Unsealer unseal = own_unsealer(environment, log);
  PH_ASSIGN(const Bytes bytes, terminal.reader().entry(question.approval.asked_seq));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  const std::optional<std::string> arguments = open_sealed(*entry, unseal, "arguments");
  if (!arguments || arguments_digest(*arguments) != question.approval.arguments_digest) {
    return Error{Code::kDenied, "the arguments of " + id + " cannot be shown here",
                 "what cannot be shown cannot be approved; 'phantom deny " + id + "' says no"};
  }
  question.arguments = *arguments;
  if (const auto text = open_sealed(*entry, unseal, "asker")) question.asker = parse_asker(*text);
  return question;
}

Result<int> approve(Environment& environment, const ApproveArgs& args) {
  const std::optional<std::string> id = read_approval_id(args.id);
  if (!id) {
    return Error{Code::kInvalid, "that is not the id of an approval",
                 "'phantom approvals' lists what waits for an answer"};
  }
  PH_ASSIGN(const auto terminal, ApprovalTerminal::open(environment));
  PH_ASSIGN(const Question question, read_question(environment, *terminal, *id));
  PH_TRY(terminal->check_person(*id, question.asker));
  if (!question.asker) {
    return Error{Code::kDenied, "the question " + *id + " does not say who asks",
                 "'phantom deny " + *id + "' says no"};
  }
  if (question.approval.state != ApprovalState::kAsked &&
      question.approval.state != ApprovalState::kGranted) {
    return Error{Code::kDenied,
                 "the approval " + *id + " is " + approval_state_name(question.approval.state) +
                     " and cannot be answered",
                 "'phantom approvals' lists what waits for an answer"};
  }
  const ShownApproval shown{&question.approval, question.arguments, &*question.asker,
                            system_clock().wall_ns()};
  const std::string text = "An agent asks to do this, as " + *id + ":\n\n" +
                           approval_page(shown, args.full ? Length::kFull : Length::kCut) + "\n";
  PH_ASSIGN(const Answer answer, confirm_on_terminal(text, id->substr(id->rfind('-') + 1)));
  if (answer == Answer::kNo) {
    return Error{Code::kDenied, "nothing was approved",
                 "'phantom deny " + *id + "' says no, so that the agent need not wait"};
  }
  PH_ASSIGN(const ApprovalSealer sealer, terminal->open_sealer());
  PH_ASSIGN(const Approval granted, terminal->desk().grant(terminal->context(), *id, sealer));
  environment.out().note("approved " + *id + ": " + granted.tool + " may run once, until " +
                         format_time(granted.expires_ns));
  return kExitOk;
}

}  // namespace

Command approve_command() {
  const auto args = std::make_shared<ApproveArgs>();
  Command command;
  command.words = {"approve"};
  command.summary = "let an agent do one thing it asked for";
  command.description =
      "Shows exactly what will happen: tool, arguments, secrets, hosts and who asks. Characters "
      "that "
      "are not plain ASCII are shown as escapes. The answer is typed on a terminal of your own: it "
      "is refused inside phantom exec, in the terminal of the program that asks and in anything "
      "that program started. A project with a vault needs its key as well; a passphrase is typed "
      "here and never taken from the environment.\n\nThe answer is good once, for exactly this "
      "call, for five minutes. Nothing answers in your place.";
  command.options = {{"full", "", "show long arguments whole", &args->full}};
  command.positionals = {{"ID", "id of the question", &args->id}};
  command.run = [args](Environment& environment) { return approve(environment, *args); };
  return command;
}

}  // namespace phantom
