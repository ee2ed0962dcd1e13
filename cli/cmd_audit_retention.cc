#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/progress.h"
#include "cli/retention_text.h"
#include "cli/terminal.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "ledger/retention.h"
#include "ledger/retention_plan.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

struct RetentionArgs {
  std::string action;
  std::string keep;
  std::optional<std::string> profile;
  std::optional<std::uint64_t> yes_remove;
  bool up_to_holds = false;
  bool json = false;
};

// A refusal that is the policy's, not a mistake: exit code 4.
struct Refusal {
  std::optional<Error> why;
  Error because(std::string message, std::string hint) {
    why = Error{Code::kDenied, std::move(message), std::move(hint)};
    return *why;
  }
};

// Size of the newest receipt, by its file's name: 20 digits.
std::uint64_t newest_receipt(const fs::path& anchors) {
  constexpr std::size_t kDigits = 20;
  std::uint64_t newest = 0;
  std::error_code code;
  for (fs::directory_iterator anchor(anchors, code), end; !code && anchor != end;
       anchor.increment(code)) {
    std::error_code inner;
    for (fs::directory_iterator file(anchor->path(), inner), last; !inner && file != last;
         file.increment(inner)) {
      const std::string stem = file->path().stem().string();
      if (file->path().extension() != ".note" || stem.size() != kDigits) continue;
      const std::size_t digit = std::min(stem.find_first_not_of('0'), kDigits - 1);
      newest = std::max(newest, parse_decimal(stem.substr(digit)).value_or(0));
    }
  }
  return newest;
}

Result<RetentionInputs> inputs_of(Environment& environment, const RetentionArgs& args) {
  RetentionInputs inputs;
  if (args.keep.empty()) {
    return Error{Code::kInvalid, "how long are events kept? --keep 400d, for example"};
  }
  PH_ASSIGN(inputs.rule.keep_ns, parse_keep(args.keep));
  inputs.rule.keep = args.keep;
  if (args.profile) inputs.rule.profile = find_retention_profile(*args.profile);
  inputs.now_ns = system_clock().wall_ns();
  PH_ASSIGN(const Home home, environment.home());
  std::error_code code;
  const fs::path anchors = home.root / "anchors";
  if (fs::exists(anchors / "policy", code)) inputs.anchored_size = newest_receipt(anchors);
  return inputs;
}

void print_plan(Environment& environment, const RetentionPlan& plan, const RetentionRule& rule,
                const RetentionArgs& args) {
  if (args.json) {
    environment.out().line(plan_to_json(plan, rule));
  } else {
    environment.out().result(plan_to_text(plan, rule));
  }
}

Result<RetentionPlan> make_plan(const LedgerReader& reader, const RetentionInputs& inputs) {
  Progress progress("events");
  return plan_retention(
      reader, inputs, [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
}

// What apply would do with the plan: its first event to keep and the events that go.
struct Choice {
  Seq first_kept = 0;
  std::uint64_t events = 0;
};
Result<Choice> choose(const RetentionPlan& plan, const RetentionArgs& args, Refusal& refusal) {
  if (plan.blocks.empty()) return Choice{plan.first_kept, plan.events};
  const HoldBlock& block = plan.blocks.front();
  if (!args.up_to_holds) {
    return refusal.because("the hold " + block.hold.name + " is in force and covers event " +
                               std::to_string(block.first_event) +
                               ", which would go; nothing was removed",
                           "release it with 'phantom audit hold release " + block.hold.name +
                               "', or remove what is before it with --up-to-holds");
  }
  return Choice{plan.without_holds, plan.events_without_holds};
}

Status confirm(const RetentionPlan& plan, const RetentionRule& rule, const Choice& choice,
               const RetentionArgs& args) {
  const std::string number = std::to_string(choice.events);
  if (args.yes_remove) {
    if (*args.yes_remove == choice.events) return {};
    return Error{Code::kConflict,
                 "the plan is to remove " + number + " events now, not " +
                     std::to_string(*args.yes_remove) + "; nothing was removed",
                 "look at 'phantom audit retention plan' again"};
  }
  auto answer = confirm_on_terminal(
      plan_to_text(plan, rule) + "Their content cannot be brought back.\n", "remove " + number);
  if (!answer.ok()) {
    if (answer.error().code == Code::kDenied) {
      answer.error().hint = "give the number from the plan: --yes-remove " + number;
    }
    return std::move(answer.error());
  }
  if (*answer == Answer::kYes) return {};
  return Error{Code::kDenied, "not confirmed; nothing was removed"};
}

Status hold_to_floor(const RetentionRule& rule, Refusal& refusal) {
  if (Status floor = check_floor(rule); !floor.ok()) {
    return refusal.because(floor.error().message, floor.error().hint);
  }
  return {};
}

Result<int> plan(Environment& environment, const RetentionArgs& args, Refusal& refusal) {
  PH_ASSIGN(const RetentionInputs inputs, inputs_of(environment, args));
  PH_TRY(hold_to_floor(inputs.rule, refusal));
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  PH_ASSIGN(const RetentionPlan made, make_plan(*log.reader, inputs));
  print_plan(environment, made, inputs.rule, args);
  record_about_log(environment, log,
                   audit_read(environment.context(), {"audit retention plan", made.first_kept_now,
                                                      made.first_kept > 0 ? made.first_kept - 1 : 0,
                                                      made.first_kept - made.first_kept_now}));
  return kExitOk;
}

Result<int> apply(Environment& environment, const RetentionArgs& args, Refusal& refusal) {
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const RetentionInputs inputs, inputs_of(environment, args));
  PH_TRY(hold_to_floor(inputs.rule, refusal));
  Choice choice;
  {
    PH_ASSIGN(LedgerReader * reader, environment.reader());
    PH_ASSIGN(const RetentionPlan first, make_plan(*reader, inputs));
    PH_ASSIGN(choice, choose(first, args, refusal));
    if (choice.first_kept <= first.first_kept_now && !first.unfinished) {
      print_plan(environment, first, inputs.rule, args);
      environment.out().note("there is nothing to remove");
      return kExitOk;
    }
    PH_TRY(confirm(first, inputs.rule, choice, args));
    environment.release_reader();
  }
  AppenderOptions options;
  options.unlock = &environment.key_unlock();
  environment.key_unlock().let_ask(true);
  Progress progress("events");
  auto pruned = prune_ledger(
      home, environment.context(), options,
      [&](const LedgerReader& reader) -> Result<PruneOrder> {
        // Again, now that nobody else can add an event or a hold.
        PH_ASSIGN(const RetentionPlan now, plan_retention(reader, inputs));
        PH_ASSIGN(const Choice still, choose(now, args, refusal));
        if (still.first_kept != choice.first_kept || still.events != choice.events) {
          return Error{Code::kConflict, "the plan has changed meanwhile; nothing was removed",
                       "look at 'phantom audit retention plan' again"};
        }
        return PruneOrder{still.first_kept, policy_text(inputs.rule),
                          static_cast<std::uint64_t>(now.cutoff_ns), now.holds};
      },
      [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  environment.key_unlock().let_ask(false);
  if (!pruned.ok()) return std::move(pruned.error());
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field_number("first_kept", pruned->first_kept);
    json.field_number("events", choice.events);
    json.field_number("requested_seq", pruned->requested);
    json.field_number("completed_seq", pruned->completed);
    out.line(json.end().str());
  } else {
    out.line("removed " + std::to_string(choice.events) + " events before event " +
             std::to_string(pruned->first_kept) + ", as event " +
             std::to_string(pruned->requested) + " says");
    out.hint("copies of the old files may be in backups and snapshots of the disk");
  }
  return kExitOk;
}

Result<int> run(Environment& environment, const RetentionArgs& args) {
  Refusal refusal;
  Result<int> done =
      args.action == "plan" ? plan(environment, args, refusal) : apply(environment, args, refusal);
  if (done.ok() || !refusal.why) return done;
  environment.out().error(*refusal.why);
  return kExitPolicy;
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const RetentionProfile& profile : retention_profiles()) names.emplace_back(profile.name);
  return names;
}

}  // namespace

Command audit_retention_command() {
  const auto args = std::make_shared<RetentionArgs>();
  Command command;
  command.words = {"audit", "retention"};
  command.summary = "remove old events on record: plan, apply";
  command.description =
      "plan shows what would go, what keeps it, and changes nothing. apply does the same and then "
      "removes: a signed event says so first, the hashes of what went stay, and phantom audit "
      "verify holds the rest to them. Whole bundles of 256 events go, of epochs that have ended. "
      "Nothing goes that a hold covers (exit code 4), that is younger than the profile's floor "
      "(exit code 4), or that is not anchored where an anchor policy asks for anchors. There must "
      "be no writer while apply runs.";
  command.positionals = {
      {"ACTION", "plan or apply", &args->action, Need::kRequired, {"plan", "apply"}}};
  command.options = {
      {"keep", "TIME", "how long events are kept: 400d, 12h, 90s", &args->keep},
      {"profile", "NAME", "refuse to keep for less than this asks for", &args->profile,
       profile_names()},
      {"up-to-holds", "", "apply: remove what comes before the first event under a hold",
       &args->up_to_holds},
      {"yes-remove", "N", "apply: without a question, if it is N events that go",
       &args->yes_remove},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return run(environment, *args); };
  return command;
}

}  // namespace phantom
