#include "proxy/sync_run.h"

namespace phantom {
namespace {

SyncEnding ending_of(const PlatformExchange& exchange) {
  return {exchange.result, exchange.status, exchange.attempts};
}

SyncEnding send_item(const SyncRun& run, const SealingKey& key, const WriteItem& item) {
  Result<HttpRequest> request = run.platform.write_request(run.target, item, key);
  if (!request.ok()) return {PlatformResult::kNotUnderstood, 0, 0};
  PlatformExchange exchange = send_patiently(run.tools, run.platform, *request);
  wipe(request->body);
  // What is to be gone and is not there is done.
  if (item.action == WriteAction::kDelete && exchange.result == PlatformResult::kNotFound) {
    exchange.result = PlatformResult::kDone;
  }
  return ending_of(exchange);
}

// Nobody knows whether a create was acted on: the platform is asked what it has, and what is still
// missing is sent.
void settle(const SyncRun& run, const SealingKey& key, PlannedItem item, SyncEnding& ending) {
  SyncTarget place = run.target;
  place.places = item.write.places;
  const WantedSecret wanted{item.full_name, item.version, item.write.value};
  while (ending.result == PlatformResult::kUncertain) {
    const auto wait =
        wait_before_retry(run.tools.backoff, ending.attempts, std::nullopt, *run.tools.random);
    if (!wait) return;
    run.tools.pause(*wait);
    const PlatformListing listing = list_everything(run.tools, run.platform, place);
    if (listing.result != PlatformResult::kDone) return;
    std::vector<PlannedItem> left = plan_sync(run.platform, place, {wanted}, listing.entries, {});
    if (left.size() != 1 || left[0].action == SyncAction::kBlocked) {
      ending.result = PlatformResult::kConflict;
      return;
    }
    if (left[0].action == SyncAction::kUnchanged) {
      ending.result = PlatformResult::kDone;
      return;
    }
    const SyncEnding again = send_item(run, key, left[0].write);
    ending = {again.result, again.http_status, ending.attempts + again.attempts};
  }
}

Result<SyncOutcome> run_item(const SyncRun& run, const SealingKey& key, PlannedItem item) {
  const SyncItemFacts facts{item.full_name, item.version, item.write.action};
  // The commit point: before this event is durable nothing leaves, after it something may have.
  PH_ASSIGN(const Receipt requested,
            run.appender.append(sync_item_requested(run.context, run.target, facts)));
  SyncOutcome outcome;
  outcome.ending = send_item(run, key, item.write);
  settle(run, key, item, outcome.ending);
  PH_TRY(run.appender.append(
      sync_item_completed(run.context, requested.seq, run.target, facts, outcome.ending)));
  outcome.state = outcome.ending.result == PlatformResult::kDone ? SyncOutcome::State::kDone
                                                                 : SyncOutcome::State::kFailed;
  outcome.item = std::move(item);
  return outcome;
}

bool ends_the_run(const SyncOutcome& outcome) {
  if (outcome.state != SyncOutcome::State::kFailed) return false;
  const PlatformResult result = outcome.ending.result;
  return result == PlatformResult::kDenied || result == PlatformResult::kUnreachable ||
         result == PlatformResult::kUncertain || result == PlatformResult::kRateLimited;
}

SyncOutcome without_sending(PlannedItem item) {
  SyncOutcome outcome;
  outcome.state = item.action == SyncAction::kUnchanged ? SyncOutcome::State::kUnchanged
                  : item.action == SyncAction::kBlocked ? SyncOutcome::State::kBlocked
                                                        : SyncOutcome::State::kNotTried;
  outcome.item = std::move(item);
  return outcome;
}

}  // namespace

std::string SyncOutcome::result_name() const {
  switch (state) {
    case State::kDone:
      return "done";
    case State::kUnchanged:
      return "unchanged";
    case State::kBlocked:
      return sync_block_name(item.block);
    case State::kFailed:
      return platform_result_name(ending.result);
    case State::kNotTried:
      return "not-tried";
  }
  return "not-tried";
}

Result<SyncReport> run_plan(const SyncRun& run, std::vector<PlannedItem> plan) {
  bool needs_key = false;
  for (const PlannedItem& item : plan) {
    needs_key = needs_key || (item.writes() && item.action != SyncAction::kDelete);
  }
  SyncReport report;
  SealingKey key;
  if (needs_key) {
    PlatformKey fetched = fetch_key(run.tools, run.platform, run.target);
    report.asked = {fetched.result, fetched.status, 0};
    report.trouble = std::move(fetched.trouble);
    key = std::move(fetched.key);
  }
  bool stopped = report.asked.result != PlatformResult::kDone;
  for (PlannedItem& item : plan) {
    if (stopped || !item.writes()) {
      report.outcomes.push_back(without_sending(std::move(item)));
    } else {
      PH_ASSIGN(SyncOutcome outcome, run_item(run, key, std::move(item)));
      stopped = ends_the_run(outcome);
      report.outcomes.push_back(std::move(outcome));
    }
    if (run.step) run.step();
  }
  return report;
}

std::vector<SyncOutcome> not_tried(std::vector<PlannedItem> plan) {
  std::vector<SyncOutcome> outcomes;
  for (PlannedItem& item : plan) outcomes.push_back(without_sending(std::move(item)));
  return outcomes;
}

}  // namespace phantom
