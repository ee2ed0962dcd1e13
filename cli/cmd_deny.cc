#include "cli/approval_terminal.h"
#include "cli/commands.h"

namespace phantom {
namespace {

struct DenyArgs {
  std::string id;
};

// Saying no needs no proof of who says it: nothing happens that would not happen without it.
Result<int> deny(Environment& environment, const DenyArgs& args) {
  const std::optional<std::string> id = read_approval_id(args.id);
  if (!id) {
    return Error{Code::kInvalid, "that is not the id of an approval",
                 "'phantom approvals' lists what waits for an answer"};
  }
  PH_ASSIGN(const auto terminal, ApprovalTerminal::open(environment));
  PH_TRY(terminal->desk().deny(terminal->context(), *id));
  environment.out().note("denied " + *id);
  return kExitOk;
}

}  // namespace

Command deny_command() {
  const auto args = std::make_shared<DenyArgs>();
  Command command;
  command.words = {"deny"};
  command.summary = "say no to what an agent asked for";
  command.description =
      "The question, or the yes that was given and not used yet, is worth nothing from then on.";
  command.positionals = {{"ID", "id of the question", &args->id}};
  command.run = [args](Environment& environment) { return deny(environment, *args); };
  return command;
}

}  // namespace phantom
