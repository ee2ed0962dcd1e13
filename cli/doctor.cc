#include "cli/doctor.h"

#include "cli/doctor_checks.h"
#include "events/clock.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

constexpr std::array kChecks = {
    DoctorCheck{"home", "the home and its keys are its owner's alone", check_home, fix_home},
    DoctorCheck{"program", "the first phantom on PATH is this one", check_program},
    DoctorCheck{"ledger", "the record reads and has room", check_ledger},
    DoctorCheck{"anchors", "checkpoints are kept elsewhere, and in time", check_anchors},
    DoctorCheck{"config", "the configuration reads and is this project's", check_config},
    DoctorCheck{"routes", "secrets go where they may", check_routes},
    DoctorCheck{"vault", "vault and record agree", check_vault, fix_vault},
    DoctorCheck{"unlock", "the vault can be opened", check_unlock, fix_unlock},
    DoctorCheck{"expiry", "no secret's time is over, or nearly", check_expiry},
    DoctorCheck{"dotenv", "dotenv files hold placeholders of this vault", check_dotenv},
    DoctorCheck{"copies", "no copy of a dotenv file holds secrets", check_copies},
    DoctorCheck{"example", "the example file has every name", check_example},
    DoctorCheck{"gitignore", "git ignores dotenv files", check_gitignore, fix_gitignore},
    DoctorCheck{"tracked", "git tracks no dotenv file", check_tracked},
    DoctorCheck{"hook", "commits are checked", check_hook, fix_hook},
    DoctorCheck{"variables", "no variable goes around the vault", check_variables},
    DoctorCheck{"agent-settings", "agents may not read copies of secrets", check_agent_settings},
    DoctorCheck{"clients", "an agent knows phantom's MCP server", check_clients},
};

}  // namespace

const char* doctor_severity_name(DoctorSeverity severity) {
  switch (severity) {
    case DoctorSeverity::kError:
      return "error";
    case DoctorSeverity::kWarning:
      return "warning";
    case DoctorSeverity::kNote:
      return "note";
  }
  return "error";
}

std::span<const DoctorCheck> doctor_checks() { return kChecks; }

const DoctorCheck* find_doctor_check(std::string_view name) {
  const auto found = std::find_if(kChecks.begin(), kChecks.end(),
                                  [&](const DoctorCheck& each) { return each.name == name; });
  return found == kChecks.end() ? nullptr : &*found;
}

DoctorContext doctor_context(Environment& environment, const Home& home,
                             const std::filesystem::path& here) {
  DoctorContext context;
  context.environment = &environment;
  context.home = home;
  context.root = here;
  context.now_ns = system_clock().wall_ns();
  auto project = read_project_at(here);
  if (project.ok()) {
    context.root = project->root;
    context.project = std::move(*project);
    context.is_bound =
        check_binding(home, context.project->config.project_id, context.project->root).ok();
  } else {
    context.project_error = std::move(project.error());
  }
  auto reader = environment.reader();
  if (reader.ok()) {
    context.reader = *reader;
  } else {
    context.reader_error = std::move(reader.error());
  }
  return context;
}

DoctorFindings examine(const DoctorCheck& check, DoctorContext& context) {
  auto findings = check.run(context);
  if (findings.ok()) return std::move(*findings);
  return {{DoctorSeverity::kError, "this could not be looked at: " + findings.error().message,
           findings.error().hint}};
}

bool has_problem(const DoctorFindings& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const DoctorFinding& each) {
    return each.severity != DoctorSeverity::kNote;
  });
}

}  // namespace phantom
