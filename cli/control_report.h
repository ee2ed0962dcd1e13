#pragma once
// Which events are evidence for the requirements of a framework: a pure fold over the events up to
// one checkpoint, in one pass and bounded memory. It counts and points, and never says that a
// requirement is met.

#include "cli/framework.h"
#include "cli/period.h"
#include "cli/uptime.h"
#include "events/entry_filter.h"
#include "ledger/checkpoint.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// Up to 5 of many numbers, evenly spread, without knowing how many there will be.
class SpreadSample {
 public:
  void add(Seq seq);
  std::vector<Seq> pick() const;  // in order

 private:
  std::vector<Seq> kept_;  // every stride-th
  std::uint64_t stride_ = 1;
  std::uint64_t seen_ = 0;
};

struct RequirementEvidence {
  std::vector<std::uint64_t> by_query;
  std::uint64_t count = 0;  // events that fit at least one query
  Seq first = 0;
  Seq last = 0;
  SpreadSample sample;
};

// Something that happened, worth a line of its own.
struct NotedEvent {
  Seq seq = 0;
  std::int64_t time_ns = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // escaped
};
struct NotedEvents {
  static constexpr std::size_t kListedMax = 100;
  std::uint64_t count = 0;
  std::vector<NotedEvent> listed;  // the first ones
};

struct ControlReport {
  const Framework* framework = nullptr;
  std::string ledger_id;
  std::string vkey;
  Checkpoint checkpoint;
  std::string checkpoint_note;
  Period period;
  std::uint64_t events = 0;  // in the period
  std::vector<RequirementEvidence> requirements;
  Uptime uptime;
  // Up to the checkpoint, whatever the period.
  NotedEvents erasures;
  NotedEvents prunes;
  NotedEvents anchor_problems;
  std::uint64_t anchored = 0;
  std::optional<NotedEvent> newest_anchor;
  std::int64_t newest_event_ns = 0;
  // In the period.
  NotedEvents exports;
};

class ControlFold {
 public:
  ControlFold(const Framework& framework, const Period& period);
  // Events in order, from the first one on.
  Status take(const schema::Entry& entry);
  // Without what is not in events: ledger identity and checkpoint.
  ControlReport finish() const;

 private:
  void note(NotedEvents& events, const schema::Entry& entry,
            const std::vector<std::string>& fields);
  NotedEvent noted(const schema::Entry& entry, const std::vector<std::string>& fields);

  Period period_;
  std::vector<std::vector<EntryFilter>> filters_;
  ControlReport report_;
  UptimeFold uptime_;
  Payload payload_;
};

// How this run found the ledger. Beside the evidence, not part of it: it depends on what the
// reader trusts.
struct ReportVerification {
  std::string verdict;
  std::string rung;
  std::uint64_t checked_size = 0;
  std::vector<std::string> findings;  // escaped
};

// The evidence as JSON, always the same bytes for the same checkpoint, framework and period.
std::string evidence_json(const ControlReport& report);
// SHA-256 over those bytes, in hex.
std::string replay_hash(std::string_view evidence);
// The whole document: {"v":1,"report":"phantom.report.v1","evidence":...,"replay_hash":...,
// "verification":...}, with a line end.
std::string report_document(std::string_view evidence, const ReportVerification& verification);
// One file for a browser or printer: no script, nothing fetched, everything escaped.
std::string report_html(const ControlReport& report, std::string_view hash,
                        const ReportVerification& verification);

// The gaps of a report, at most NotedEvents::kListedMax; and how many there are.
std::vector<UpInterval> report_gaps(const Uptime& uptime, std::uint64_t& count);

// What a report of this kind can and cannot say, for people.
inline constexpr std::string_view kReportClaim =
    "This report counts events and points at them. It does not say that a requirement is met: "
    "that is for an assessor to judge.";
// Of a period that was to begin in removed events.
inline std::string removed_text(Seq first_kept) {
  return "events before event " + std::to_string(first_kept) +
         " were removed; the period begins there, and what was before is not judged";
}
inline constexpr std::string_view kNoEvidence = "no evidence in the period";

}  // namespace phantom
