#include "cli/gate.h"

#include "events/envelope.h"
#include "events/exposure.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kSeqsMax = 10;
// A chain of causes that is longer proves nothing any more.
constexpr int kCausesMax = 1'000;

bool type_fits(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

void count(std::uint64_t& count, std::vector<Seq>& seqs, Seq seq) {
  ++count;
  if (seqs.size() < kSeqsMax) seqs.push_back(seq);
}

std::string numbers_text(std::uint64_t count, const std::vector<Seq>& seqs) {
  std::string text = ": seq ";
  for (const Seq seq : seqs) {
    if (seq != seqs.front()) text += ", ";
    text += std::to_string(seq);
  }
  if (count > seqs.size()) text += " and " + std::to_string(count - seqs.size()) + " more";
  return text;
}

}  // namespace

std::string gate_finding_text(const GateRule& rule, const GateFinding& finding) {
  if (finding.undecided) {
    return "the cause of " + std::to_string(finding.unknown) +
           (finding.unknown == 1 ? " event" : " events") + " was removed" +
           numbers_text(finding.unknown, finding.unknown_seqs);
  }
  const bool sessions = rule.kind == GateKind::kOpenSessions;
  std::string text = std::to_string(finding.count) + (sessions ? " open session" : " event");
  if (finding.count != 1) text += 's';
  if (rule.kind == GateKind::kRequire) text += " without a cause of type " + rule.caused_by;
  if (rule.max > 0) text += ", at most " + std::to_string(rule.max) + " allowed";
  text += numbers_text(finding.count, finding.seqs);
  if (!rule.message.empty()) text += ". " + rule.message;
  return text;
}

Gate::Gate(const GatePolicy& policy, EntryLookup lookup)
    : policy_(policy), lookup_(std::move(lookup)), found_(policy.rules.size()) {}

Status Gate::take(const schema::Entry& entry) {
  static const EventNo started = event_no<schema::SessionStarted>();
  static const EventNo ended = event_no<schema::SessionEnded>();
  if (entry.session() != nullptr && entry.type() == started) {
    open_sessions_.emplace(entry.session()->str(), entry.seq());
  } else if (entry.session() != nullptr && entry.type() == ended) {
    open_sessions_.erase(entry.session()->str());
  }
  std::optional<Exposure> exposure;
  for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
    const GateRule& rule = policy_.rules[i];
    if (rule.kind == GateKind::kOpenSessions || !rule.filter.matches(entry)) continue;
    if (rule.at_least && !exposure) {
      payload_.read(entry);
      exposure = exposure_of(entry, payload_);
    }
    if (rule.at_least && *exposure < *rule.at_least) continue;
    if (rule.kind == GateKind::kRequire) {
      PH_ASSIGN(const Caused caused, is_caused_by(entry, rule.caused_by));
      if (caused == Caused::kUnknown) count(found_[i].unknown, found_[i].unknown_seqs, entry.seq());
      if (caused != Caused::kNo) continue;
    }
    count(found_[i].count, found_[i].seqs, entry.seq());
  }
  return {};
}

Result<Gate::Caused> Gate::is_caused_by(const schema::Entry& entry,
                                        std::string_view pattern) const {
  Seq seq = entry.seq();
  flatbuffers::Optional<std::uint64_t> cause = entry.cause_seq();
  for (int i = 0; i < kCausesMax && cause; ++i) {
    // A cause is earlier than what it led to.
    if (*cause >= seq) return Caused::kNo;
    seq = *cause;
    const Result<Bytes> bytes = lookup_(seq);
    if (!bytes.ok() && bytes.error().code == Code::kNotFound) return Caused::kUnknown;
    if (!bytes.ok()) return bytes.error();
    PH_ASSIGN(const schema::Entry* found, parse_entry(*bytes));
    const EventInfo* info = find_event(found->type());
    if (info != nullptr && type_fits(pattern, info->name)) {
      // What was refused or failed led to nothing.
      const bool refused =
          found->outcome() == Outcome::Denied || found->outcome() == Outcome::Failed;
      return refused ? Caused::kNo : Caused::kYes;
    }
    cause = found->cause_seq();
  }
  return Caused::kNo;
}

std::vector<GateFinding> Gate::findings() const {
  std::vector<GateFinding> all = found_;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const GateRule& rule = policy_.rules[i];
    if (rule.kind == GateKind::kOpenSessions) {
      std::vector<Seq> seqs;
      for (const auto& [session, seq] : open_sessions_) seqs.push_back(seq);
      std::sort(seqs.begin(), seqs.end());
      for (const Seq seq : seqs) count(all[i].count, all[i].seqs, seq);
    }
    all[i].broken = all[i].count > rule.max;
    all[i].undecided = !all[i].broken && all[i].count + all[i].unknown > rule.max;
  }
  return all;
}

}  // namespace phantom
