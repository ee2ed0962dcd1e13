#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/doctor_events.h"
#include "cli/json.h"
#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

struct DoctorArgs {
  bool fix = false;
  bool json = false;
  std::vector<std::string> only;
};

struct Examined {
  const DoctorCheck* check = nullptr;
  DoctorFindings findings;          // after mending
  std::vector<std::string> mended;  // what was done
  std::optional<Error> unmended;
};

std::vector<std::string> check_names() {
  std::vector<std::string> names;
  for (const DoctorCheck& check : doctor_checks()) names.emplace_back(check.name);
  return names;
}

bool can_be_mended(const DoctorFindings& findings) {
  for (const DoctorFinding& finding : findings) {
    if (finding.mending == Mending::kByFix) return true;
  }
  return false;
}

Examined examine_and_mend(const DoctorCheck& check, DoctorContext& context, bool mend) {
  Examined examined{&check, examine(check, context), {}, {}};
  if (!mend || check.fix == nullptr || !can_be_mended(examined.findings)) return examined;
  auto done = check.fix(context);
  if (done.ok()) {
    examined.mended = std::move(*done);
  } else {
    examined.unmended = std::move(done.error());
  }
  // A snapshot of the record from before would not show what was just brought to its end.
  if (context.reader != nullptr) (void)context.reader->catch_up();
  examined.findings = examine(check, context);
  return examined;
}

void print_text(Output& out, const std::vector<Examined>& all) {
  for (const Examined& each : all) {
    for (const std::string& done : each.mended) {
      out.line(out.green("mended ") + " " + std::string(each.check->name) + ": " +
               escape_terminal(done));
    }
    for (const DoctorFinding& finding : each.findings) {
      std::string word = doctor_severity_name(finding.severity);
      word.resize(7, ' ');
      out.line((finding.severity == DoctorSeverity::kError ? out.red(word) : word) + " " +
               std::string(each.check->name) + ": " + escape_terminal(finding.sentence));
      if (!finding.advice.empty()) out.line("        " + escape_terminal(finding.advice));
    }
  }
}

void print_json(Output& out, const DoctorContext& context, const std::vector<Examined>& all,
                std::uint64_t problems) {
  Json json;
  json.begin().field_number("v", 1).key("project");
  if (context.project) {
    json.text(context.project->config.project_id);
  } else {
    json.null();
  }
  json.field_number("problems", problems).key("checks").begin_list();
  for (const Examined& each : all) {
    json.begin().field("name", each.check->name).field("about", each.check->about);
    json.key("ok").truth(!has_problem(each.findings)).key("findings").begin_list();
    for (const DoctorFinding& finding : each.findings) {
      json.begin().field("severity", doctor_severity_name(finding.severity));
      json.field("sentence", finding.sentence).field("advice", finding.advice);
      json.key("fixable").truth(finding.mending == Mending::kByFix).end();
    }
    json.end_list().key("mended").begin_list();
    for (const std::string& done : each.mended) json.text(done);
    json.end_list().end();
  }
  out.line(json.end_list().end().str());
}

// A doctor that only works where all is well is none: what cannot be recorded is said.
void record(Environment& environment, const DoctorContext& context,
            const std::vector<Examined>& all) {
  if (context.reader_error && context.reader_error->code == Code::kNotFound) return;
  std::vector<std::string> problems;
  std::vector<std::string> mended;
  for (const Examined& each : all) {
    if (has_problem(each.findings)) problems.emplace_back(each.check->name);
    if (!each.mended.empty()) mended.emplace_back(each.check->name);
  }
  Context about = environment.context();
  if (context.project && context.is_bound) about.project = context.project->config.project_id;
  const auto appender = environment.appender();
  const auto recorded = appender.ok()
                            ? (*appender)->append(doctor_examined(about, problems, mended))
                            : Result<Receipt>(appender.error());
  if (!recorded.ok()) {
    environment.out().note("warning: this is not on record: " + recorded.error().message);
  }
}

Result<int> doctor(Environment& environment, const DoctorArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  DoctorContext context = doctor_context(environment, home, here);
  std::vector<Examined> all;
  std::uint64_t problems = 0;
  std::uint64_t fixable = 0;
  for (const DoctorCheck& check : doctor_checks()) {
    const bool wanted = args.only.empty() || std::find(args.only.begin(), args.only.end(),
                                                       check.name) != args.only.end();
    if (!wanted) continue;
    all.push_back(examine_and_mend(check, context, args.fix));
    for (const DoctorFinding& finding : all.back().findings) {
      if (finding.severity != DoctorSeverity::kNote) ++problems;
      if (finding.mending == Mending::kByFix) ++fixable;
    }
  }
  Output& out = environment.out();
  if (args.json) {
    print_json(out, context, all, problems);
  } else {
    print_text(out, all);
  }
  for (const Examined& each : all) {
    if (each.unmended) {
      out.note(std::string(each.check->name) +
               " could not be mended: " + escape_terminal(each.unmended->message));
    }
  }
  record(environment, context, all);
  out.note(std::to_string(all.size()) + " checks, " + std::to_string(problems) +
           (problems == 1 ? " problem" : " problems"));
  if (fixable > 0 && !args.fix) {
    out.hint("'phantom doctor --fix' mends " + std::to_string(fixable) + " of what was found");
  }
  return problems == 0 ? kExitOk : kExitFailed;
}

}  // namespace

Command doctor_command() {
  const auto args = std::make_shared<DoctorArgs>();
  Command command;
  command.words = {"doctor"};
  command.summary = "examine what protects the project and say what to do";
  command.description =
      "Looks at home, record, anchors, configuration, routes, vault, dotenv files, git and agents' "
      "settings. Needs no passphrase and opens no value. Exit code 1 when there are problems, 0 "
      "when there are none; notes are no problems. --fix mends what cannot lose anything: modes, "
      ".gitignore, the hook, a change of the vault that a crash left open.";
  command.options = {
      {"fix", "", "mend what is safe to mend, and say what was done", &args->fix},
      {"json", "", "print one JSON object", &args->json},
      {"only", "CHECK", "this check only; may be repeated", &args->only, check_names()}};
  command.run = [args](Environment& environment) { return doctor(environment, *args); };
  return command;
}

}  // namespace phantom
