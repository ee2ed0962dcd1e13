#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "events/encoding.h"
#include "ledger/repair.h"

#include <algorithm>

namespace phantom {
namespace {

struct RepairArgs {
  bool yes = false;
  bool json = false;
};

const char* remedy_name(Remedy remedy) {
  switch (remedy) {
    case Remedy::kRepair:
      return "repair";
    case Remedy::kItself:
      return "itself";
    case Remedy::kPerson:
      return "person";
    case Remedy::kNothing:
      return "none";
  }
  return "none";
}

void print_text(Output& out, const std::vector<Finding>& findings) {
  if (findings.empty()) out.line("nothing is wrong");
  for (const Finding& finding : findings) {
    std::string what = escape_terminal(finding.what.substr(0, finding.what.find('\n')));
    out.line(std::string(damage_name(finding.damage)) + ": " + what);
    // Both notes, whole: they are evidence.
    for (std::size_t at = finding.what.find('\n'); at != std::string::npos;) {
      const std::size_t end = finding.what.find('\n', at + 1);
      const std::string line = finding.what.substr(at + 1, end - at - 1);
      if (!line.empty() || end != std::string::npos) out.line("    " + escape_terminal(line));
      at = end;
    }
    out.line("  " + finding.action);
  }
}

void print_json(Output& out, const std::vector<Finding>& findings, const Repaired& done) {
  Json json;
  json.begin().field_number("v", 1).key("findings").begin_list();
  for (const Finding& finding : findings) {
    json.begin().field("class", damage_name(finding.damage)).field("what", finding.what);
    json.field("action", finding.action).field("remedy", remedy_name(finding.remedy)).end();
  }
  json.end_list().key("repaired").begin_list();
  for (const std::string& name : done.findings) json.text(name);
  json.end_list().field("evidence", done.evidence);
  out.line(json.end().str());
}

Result<bool> may_repair(const RepairArgs& args, const std::vector<Finding>& findings) {
  if (args.yes) return true;
  std::string text = "This would be done:\n";
  for (const Finding& finding : findings) {
    if (finding.remedy != Remedy::kRepair) continue;
    text += "  " + std::string(damage_name(finding.damage)) + ": " + finding.action + "\n";
  }
  const auto answer = confirm_on_terminal(text, "yes");
  if (!answer && answer.error().code == Code::kDenied) return false;  // no terminal
  if (!answer) return answer.error();
  return *answer == Answer::kYes;
}

Result<int> run(Environment& environment, const RepairArgs& args) {
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  RepairOptions options;
  options.context = environment.context();
  options.unlock = &environment.key_unlock();
  environment.key_unlock().let_ask(true);
  ExaminedLedger facts;
  {
    Progress progress("events");
    options.progress = [&progress](std::uint64_t at, std::uint64_t total) {
      progress.show(at, total);
    };
    PH_ASSIGN(facts, examine(home, options));
  }
  const std::vector<Finding> findings = classify(facts);
  const bool wanted = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.remedy == Remedy::kRepair;
  });
  if (!args.json) print_text(environment.out(), findings);
  Repaired done;
  std::vector<Finding> left = findings;
  if (wanted) {
    PH_ASSIGN(const bool go, may_repair(args, findings));
    if (go) {
      PH_ASSIGN(done, repair(home, findings, facts.leftovers, options));
      std::erase_if(left, [](const Finding& each) { return each.remedy == Remedy::kRepair; });
    } else if (!args.json) {
      environment.out().hint("nothing was changed; --yes does it without asking");
    }
  }
  if (args.json) print_json(environment.out(), findings, done);
  if (!done.evidence.empty()) {
    environment.out().note("repaired; what was replaced is in " +
                           (home.root / done.evidence).string());
  }
  return exit_code_of(left);
}

}  // namespace

Command ledger_repair_command() {
  const auto args = std::make_shared<RepairArgs>();
  Command command;
  command.words = {"ledger", "repair"};
  command.summary = "say what is wrong with the ledger's files, and mend what can be";
  command.description =
      "Verifies the ledger, looks at every file around it and names each thing that is wrong, with "
      "what can be done. It mends what can be derived again: the head copy, and files of processes "
      "that died. What is replaced is kept in a directory evidence-TIME of the home, and the "
      "repair is recorded. The store itself is never touched: a damaged one is built anew from a "
      "backup.\n"
      "Exit codes: 0 nothing is left to do, 1 damage that cannot be mended here, 3 a person has to "
      "act.";
  command.options = {{"yes", "", "mend without asking on the terminal", &args->yes},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return run(environment, *args); };
  return command;
}

}  // namespace phantom
