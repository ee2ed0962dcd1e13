#include "cli/control_report.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::int64_t kTimeMaxNs = std::int64_t{1} << 62;
constexpr std::size_t kSamples = 5;
constexpr std::size_t kKeptMax = 4 * kSamples;

std::vector<EntryFilter> filters_of(const Requirement& requirement) {
  std::vector<EntryFilter> filters;
  for (const std::string& query : requirement.queries) {
    auto filter = parse_query(query);
    PH_CHECK(filter.ok(), "a framework has a query that does not read");
    filters.push_back(std::move(*filter));
  }
  return filters;
}

}  // namespace

void SpreadSample::add(Seq seq) {
  if (seen_++ % stride_ == 0) kept_.push_back(seq);
  if (kept_.size() <= kKeptMax) return;
  // Every second one stays: they are as far apart as before, only further.
  for (std::size_t i = 0; 2 * i < kept_.size(); ++i) kept_[i] = kept_[2 * i];
  kept_.resize((kept_.size() + 1) / 2);
  stride_ *= 2;
}

std::vector<Seq> SpreadSample::pick() const {
  if (kept_.size() <= kSamples) return kept_;
  std::vector<Seq> picked;
  for (std::size_t i = 0; i < kSamples; ++i) {
    picked.push_back(kept_[i * (kept_.size() - 1) / (kSamples - 1)]);
  }
  return picked;
}

ControlFold::ControlFold(const Framework& framework, const Period& period) : period_(period) {
  report_.framework = &framework;
  report_.period = period;
  if (period.left_ns) uptime_.begin_at(*period.left_ns);
  for (const Requirement& requirement : framework.requirements) {
    filters_.push_back(filters_of(requirement));
    report_.requirements.emplace_back();
    report_.requirements.back().by_query.resize(requirement.queries.size());
  }
}

NotedEvent ControlFold::noted(const schema::Entry& entry, const std::vector<std::string>& fields) {
  NotedEvent event{entry.seq(), std::clamp<std::int64_t>(entry.time_ns(), 0, kTimeMaxNs), {}};
  payload_.read(entry);
  for (const std::string& field : fields) {
    event.fields.emplace_back(field, escape_terminal(payload_.find(field).value_or("")));
  }
  return event;
}

void ControlFold::note(NotedEvents& events, const schema::Entry& entry,
                       const std::vector<std::string>& fields) {
  ++events.count;
  if (events.listed.size() < NotedEvents::kListedMax) {
    events.listed.push_back(noted(entry, fields));
  }
}

Status ControlFold::take(const schema::Entry& entry) {
  const EventNo type = entry.type();
  if (entry.time_ns() < period_.to_ns) PH_TRY(uptime_.take(entry));
  // Of a ledger that nobody verified it can be anything.
  const std::int64_t time_ns = std::clamp<std::int64_t>(entry.time_ns(), 0, kTimeMaxNs);
  report_.newest_event_ns = time_ns;
  if (type == event_no<schema::PrivacyEraseCompleted>() && entry.outcome() == Outcome::Ok) {
    note(report_.erasures, entry, {"subject", "key_commitment"});
  } else if (type == event_no<schema::LedgerPruneRequested>()) {
    note(report_.prunes, entry, {"first_kept", "policy", "holds"});
  } else if (type == event_no<schema::LedgerAnchored>()) {
    ++report_.anchored;
    report_.newest_anchor = noted(entry, {"anchor", "kind", "size"});
  } else if (type == event_no<schema::LedgerAnchorFailed>() ||
             type == event_no<schema::LedgerAnchorConflict>()) {
    note(report_.anchor_problems, entry, {"anchor", "kind", "size"});
  }
  if (time_ns < period_.from_ns || time_ns >= period_.to_ns) return {};
  ++report_.events;
  if (type == event_no<schema::AuditExported>()) {
    note(report_.exports, entry, {"format", "matched", "query", "file_digest"});
  }
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    RequirementEvidence& evidence = report_.requirements[i];
    bool any = false;
    for (std::size_t q = 0; q < filters_[i].size(); ++q) {
      if (!filters_[i][q].matches(entry)) continue;
      any = true;
      ++evidence.by_query[q];
    }
    if (!any) continue;
    if (evidence.count == 0) evidence.first = entry.seq();
    evidence.last = entry.seq();
    ++evidence.count;
    evidence.sample.add(entry.seq());
  }
  return {};
}

ControlReport ControlFold::finish() const {
  ControlReport report = report_;
  report.uptime = uptime_.finish(period_.from_ns, period_.to_ns);
  return report;
}

std::vector<UpInterval> report_gaps(const Uptime& uptime, std::uint64_t& count) {
  std::vector<UpInterval> gaps;
  count = 0;
  for (const UpInterval& each : uptime.intervals) {
    if (each.state != UpState::kUnknown && each.state != UpState::kDegraded) continue;
    ++count;
    if (gaps.size() < NotedEvents::kListedMax) gaps.push_back(each);
  }
  return gaps;
}

}  // namespace phantom
