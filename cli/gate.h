#pragma once
// Rules about the content of the log, and the fold that applies them: entries one by one, a finding
// for each rule. docs/guides/ci.md describes the file of rules. Pure but for looking up causes.

#include "events/entry_filter.h"
#include "events/payload.h"
#include "events/result.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

enum class GateKind {
  kDeny,         // more than `max` events fit
  kRequire,      // an event fits and nothing of type `caused_by` led to it
  kOpenSessions  // more than `max` sessions started and have not ended
};

struct GateRule {
  std::string name;     // a-z, 0-9 and -, unique
  std::string message;  // what the rule is for, in the words of its author; may be empty
  GateKind kind = GateKind::kDeny;
  EntryFilter filter = {};
  std::optional<Exposure> at_least = {};  // only events that let a secret come to light so far
  std::uint64_t max = 0;
  std::string caused_by = {};  // a type, or the start of types with * after it
};

struct GatePolicy {
  std::vector<GateRule> rules;
  Digest digest{};  // of the file
};

// kInvalid, with the line: not TOML, an unknown key, a rule that says nothing, or no rule at all.
Result<GatePolicy> parse_gate_policy(std::string_view text);

struct GateFinding {
  bool broken = false;
  std::uint64_t count = 0;  // events or sessions that count against the rule
  std::vector<Seq> seqs;    // the first of them
  // Events whose cause was removed under a retention policy, so that nobody can say, and the first
  // of them. Without them the rule holds, with them it would be broken: undecided.
  bool undecided = false;
  std::uint64_t unknown = 0;
  std::vector<Seq> unknown_seqs = {};
};

// What is said of a rule that is broken or undecided: the count and the first numbers.
std::string gate_finding_text(const GateRule& rule, const GateFinding& finding);

// The stored bytes of an earlier event; kNotFound when it was removed.
using EntryLookup = std::function<Result<Bytes>(Seq)>;

// Memory grows with the sessions that are open, with nothing else. One thread.
class Gate {
 public:
  // `policy` must outlive it.
  Gate(const GatePolicy& policy, EntryLookup lookup);

  // Entries in order of seq. An error is that of a cause that could not be read.
  Status take(const schema::Entry& entry);
  // One for each rule, in order.
  std::vector<GateFinding> findings() const;

 private:
  enum class Caused { kYes, kNo, kUnknown };
  Result<Caused> is_caused_by(const schema::Entry& entry, std::string_view pattern) const;

  const GatePolicy& policy_;
  EntryLookup lookup_;
  Payload payload_;
  std::vector<GateFinding> found_;
  std::map<std::string, Seq> open_sessions_;  // id, and the event that started it
};

}  // namespace phantom
