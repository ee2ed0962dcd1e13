#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/erase.h"
#include "cli/json.h"
#include "cli/subject_record.h"
#include "cli/terminal.h"
#include "events/encoding.h"
#include "ledger/subject.h"

namespace phantom {
namespace {

struct EraseArgs {
  std::string subject;
  std::string basis;
  std::optional<std::string> ticket;
  std::optional<std::string> yes;
  bool json = false;
};

Status check_args(const EraseArgs& args) {
  if (!is_subject_id(args.subject)) {
    return Error{Code::kInvalid, "\"" + escape_terminal(args.subject) + "\" is no subject's id",
                 "phantom privacy list prints them"};
  }
  if (args.basis.empty()) {
    return Error{Code::kInvalid, "an erasure needs its basis on record",
                 "for example --basis gdpr-17"};
  }
  if (!is_short_code(args.basis) || (args.ticket && !is_short_code(*args.ticket))) {
    return Error{Code::kInvalid,
                 "--basis and --ticket are short codes of letters, digits, dot, dash and "
                 "underscore: they stay in the record for good",
                 "no names, no sentences"};
  }
  return {};
}

Status confirm(const EraseArgs& args) {
  if (args.yes) {
    if (*args.yes == args.subject) return {};
    return Error{Code::kInvalid, "--yes names another subject, so nothing was erased"};
  }
  PH_ASSIGN(const Answer answer,
            confirm_on_terminal("The key of " + args.subject +
                                    " will be destroyed. What is sealed under it can then never "
                                    "be read again, here or anywhere that has no copy of the "
                                    "key.\n",
                                args.subject));
  if (answer == Answer::kYes) return {};
  return Error{Code::kDenied, "nothing was erased"};
}

// None when the ledger is a service's that cannot be read from here.
Result<std::optional<SubjectRecord>> record_of(Environment& environment,
                                               const std::string& subject) {
  const Result<LedgerReader*> reader = environment.reader();
  if (!reader.ok() && reader.error().code == Code::kDenied) return std::optional<SubjectRecord>();
  if (!reader.ok()) return reader.error();
  PH_ASSIGN(SubjectRecord record, read_subject_record(**reader, subject));
  return std::optional<SubjectRecord>(std::move(record));
}

void print(Environment& environment, const EraseArgs& args, const Erased& erased) {
  if (!args.json) {
    environment.out().line("erased " + erased.subject + ": requested at event " +
                           std::to_string(erased.requested_seq) + ", key " +
                           to_hex(erased.commitment) + " destroyed, completed at event " +
                           std::to_string(erased.completed_seq));
    return;
  }
  Json json;
  json.begin().field_number("v", 1).field("subject", erased.subject);
  json.field("key_commitment", to_hex(erased.commitment));
  json.field_number("requested_seq", erased.requested_seq);
  json.field_number("completed_seq", erased.completed_seq).end();
  environment.out().line(json.str());
}

// The key is not here: it may have been destroyed by an earlier run.
Result<int> without_key(Environment& environment, const EraseArgs& args, const Error& why) {
  // A run that was cut off is brought to its end by opening the ledger for writing.
  PH_TRY(environment.appender());
  environment.release_reader();
  PH_ASSIGN(const auto record, record_of(environment, args.subject));
  if (record && record->erased()) {
    Erased erased{
        args.subject, {}, record->request ? record->request->seq : 0, record->completion->seq};
    if (const auto bytes = from_hex(record->completion->commitment); bytes && bytes->size() == 32) {
      std::copy(bytes->begin(), bytes->end(), erased.commitment.begin());
    }
    print(environment, args, erased);
    return kExitOk;
  }
  return Error{why.code, why.message,
               "an erasure is done in the home that has the key; a key that is lost cannot be "
               "proved destroyed"};
}

Result<int> erase(Environment& environment, const EraseArgs& args) {
  PH_TRY(check_args(args));
  PH_ASSIGN(const Home home, environment.home());
  const Result<Subject> subject = load_subject(home, args.subject);
  if (!subject.ok() && subject.error().code == Code::kNotFound) {
    return without_key(environment, args, subject.error());
  }
  if (!subject.ok()) return subject.error();
  PH_TRY(confirm(args));
  const Context context = environment.context();
  const bool current = context.actor_id == args.subject;
  PH_ASSIGN(Appender * appender, environment.appender());
  if (const auto again = load_subject(home, args.subject);
      !again.ok() && again.error().code == Code::kNotFound) {
    return without_key(environment, args, again.error());  // finished just now
  }
  EraseRequest request{args.subject, key_commitment(*subject), args.basis,
                       args.ticket.value_or("")};
  PH_ASSIGN(const auto record, record_of(environment, args.subject));
  std::optional<Seq> asked;
  if (record && record->unfinished() && record->request->commitment == to_hex(request.commitment)) {
    asked = record->request->seq;
    environment.out().note("going on with the erasure that event " + std::to_string(*asked) +
                           " asked for and that was cut off");
  }
  PH_ASSIGN(const Erased erased, erase_subject(home, *appender, context, request, asked, {}));
  environment.forget_subject();
  print(environment, args, erased);
  if (current) {
    PH_ASSIGN(const Subject fresh, ensure_subject(home, system_random()));
    environment.out().note("from now on this home acts as " + fresh.id);
  }
  return kExitOk;
}

}  // namespace

Command privacy_erase_command() {
  const auto args = std::make_shared<EraseArgs>();
  Command command;
  command.words = {"privacy", "erase"};
  command.summary = "destroy a person's key, and with it what is sealed under it";
  command.description =
      "Records privacy.erase.requested with a commitment to the key, overwrites and removes the "
      "key's file, then records privacy.erase.completed. Every proof and anchor holds as before: "
      "the log commits to the ciphertext, which stays. A run that is cut off is finished by the "
      "next command that records anything, which says so.\n"
      "Asks for the subject's id to be typed on the terminal, or takes it from --yes. When the "
      "person in force is erased, a new identity follows. Copies of the key outside of this home "
      "are out of reach: see docs/guides/privacy.md.";
  command.positionals = {
      {"SUBJECT", "opaque id, as phantom privacy list prints it", &args->subject}};
  command.options = {{"basis", "CODE", "why, as a short code such as gdpr-17", &args->basis},
                     {"ticket", "CODE", "reference of the request elsewhere", &args->ticket},
                     {"yes", "SUBJECT", "confirm without a terminal: the id again", &args->yes},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return erase(environment, *args); };
  return command;
}

}  // namespace phantom
