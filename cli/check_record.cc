#include "cli/check_record.h"

#include "cli/project.h"
#include "cli/project_events.h"

namespace phantom {
namespace {

// A commit waits for this; whoever holds the ledger answers in a few milliseconds.
constexpr std::chrono::milliseconds kWaitMax{500};

Status append_check(Environment& environment, const std::string& scope, std::uint64_t files,
                    std::uint64_t findings) {
  PH_ASSIGN(const Home home, environment.home());
  AppenderOptions options;
  PH_ASSIGN(options.service, environment.service());
  std::error_code code;
  if (!options.service && !std::filesystem::exists(home.ledger(), code)) return {};
  options.wait_max = kWaitMax;
  options.unlock = &environment.key_unlock();
  PH_ASSIGN(const auto appender, open_appender(home, options));
  Context context = environment.context();
  if (const auto here = environment.working_directory(); here.ok()) {
    // A repository may name any project: only one that is bound to this directory counts.
    const auto project = open_project(home, *here);
    if (project.ok()) context.project = project->config.project_id;
  }
  PH_TRY(appender->append(check_scanned(context, scope, files, findings)));
  return appender->close();
}

}  // namespace

void record_check(Environment& environment, const std::string& scope, std::uint64_t files,
                  std::uint64_t findings) {
  if (!environment.home().ok()) return;
  const Status recorded = append_check(environment, scope, files, findings);
  if (recorded.ok() || recorded.error().code == Code::kNotFound) return;
  environment.out().note("this search is not in the ledger: " + recorded.error().message);
  if (!recorded.error().hint.empty()) environment.out().hint(recorded.error().hint);
}

}  // namespace phantom
