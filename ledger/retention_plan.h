#pragma once
// What a retention policy would remove, and what keeps it from that. Reads only.

#include "events/result.h"
#include "ledger/holds.h"
#include "ledger/prune.h"
#include "ledger/reader.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// How long a rule book wants events kept.
struct RetentionProfile {
  std::string_view name;
  std::uint64_t floor_days = 0;
  std::string_view source;
};
const std::vector<RetentionProfile>& retention_profiles();
// None for an unknown name.
const RetentionProfile* find_retention_profile(std::string_view name);

// "400d", "12h", "90s": whole days, hours or seconds, in ns. kInvalid otherwise.
Result<std::int64_t> parse_keep(std::string_view text);

struct RetentionRule {
  std::int64_t keep_ns = 0;
  std::string keep;  // as it was given
  const RetentionProfile* profile = nullptr;
};
// kDenied below the profile's floor.
Status check_floor(const RetentionRule& rule);
// "keep=400d profile=pci-dss": what the event says.
std::string policy_text(const RetentionRule& rule);

// What limits the part that may go, beside holds.
enum class RetentionLimit {
  kAge,        // the next event is too young
  kEpoch,      // the epoch in force begins there
  kAnchor,     // nothing after it is anchored
  kUnfinished  // an earlier removal was cut off; it has to be ended first
};
const char* retention_limit_name(RetentionLimit limit);

struct HoldBlock {
  Hold hold;
  Seq first_event = 0;  // the first one it covers
};

struct RetentionPlan {
  std::uint64_t size = 0;
  Seq first_kept_now = 0;
  Seq first_kept = 0;     // after it, if no hold is in the way
  Seq without_holds = 0;  // the most that no hold is in the way of
  RetentionLimit limit = RetentionLimit::kAge;
  std::uint64_t events = 0;        // that go, and
  std::uint64_t bytes = 0;         // their entries'
  std::uint64_t state_events = 0;  // among them that stay
  // The same up to without_holds.
  std::uint64_t events_without_holds = 0;
  std::int64_t cutoff_ns = 0;
  std::optional<std::int64_t> oldest_kept_ns;
  std::vector<HoldBlock> blocks;  // holds in the way
  std::uint32_t holds = 0;        // in force
  bool nothing_to_do() const { return first_kept <= first_kept_now && !unfinished; }
  bool unfinished = false;
};

struct RetentionInputs {
  RetentionRule rule;
  std::int64_t now_ns = 0;
  // Newest size that is anchored, where a policy asks for anchors.
  std::optional<std::uint64_t> anchored_size;
};

// Age is counted back from the newest event where the clock is ahead of it: a clock that runs ahead
// removes nothing. Reads what would go.
Result<RetentionPlan> plan_retention(
    const LedgerReader& reader, const RetentionInputs& inputs,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace phantom
