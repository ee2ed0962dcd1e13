#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "ledger/subject.h"

namespace phantom {
namespace {

struct NewSubjectArgs {
  bool json = false;
};

Result<int> new_subject(Environment& environment, const NewSubjectArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  const Result<Subject> former = load_subject(home);
  if (!former.ok() && former.error().code != Code::kNotFound) return former.error();
  if (former.ok()) PH_TRY(retire_subject(home, former->id));
  environment.forget_subject();
  PH_ASSIGN(const Subject fresh, ensure_subject(home, system_random()));
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("subject", fresh.id).key("former");
    former.ok() ? json.text(former->id) : json.null();
    environment.out().line(json.end().str());
  } else {
    environment.out().line(fresh.id);
  }
  return kExitOk;
}

}  // namespace

Command privacy_new_subject_command() {
  const auto args = std::make_shared<NewSubjectArgs>();
  Command command;
  command.words = {"privacy", "new-subject"};
  command.summary = "go on under a new opaque id";
  command.description =
      "From the next event on this home acts under a new id with a new key. What was sealed under "
      "the former one can still be read here until phantom privacy erase destroys its key. "
      "Sessions that run now keep the id they started with and seal under the new key. No event "
      "says that the two ids are the same person.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return new_subject(environment, *args); };
  return command;
}

}  // namespace phantom
