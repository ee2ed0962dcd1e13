#include "ledger/retention_plan.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/epochs.h"
#include "ledger/rows.h"

#include <algorithm>
#include <limits>

namespace phantom {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDayNs = 86'400 * kSecondNs;

Result<std::int64_t> time_of(const LedgerReader& reader, Seq seq) {
  PH_ASSIGN(const Bytes bytes, reader.entry(seq));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  return entry->time_ns();
}

// The first event of [from, size) that is not before `cutoff_ns`; times only grow.
Result<Seq> first_not_before(const LedgerReader& reader, Seq from, std::uint64_t size,
                             std::int64_t cutoff_ns) {
  while (from < size) {
    const Seq middle = from + (size - from) / 2;
    PH_ASSIGN(const std::int64_t time, time_of(reader, middle));
    if (time < cutoff_ns) {
      from = middle + 1;
    } else {
      size = middle;
    }
  }
  return from;
}

bool covers(const Hold& hold, const schema::Entry& entry, std::pair<Seq, Seq> range) {
  return entry.seq() >= range.first && entry.seq() < range.second && hold.filter.matches(entry);
}

bool is_state_event(const schema::Entry& entry) {
  return entry.tags() != nullptr &&
         std::any_of(entry.tags()->begin(), entry.tags()->end(), [](const schema::Tag* tag) {
           return is_state_tag(tag->name()->string_view());
         });
}

// Reads what would go: what it weighs, and which holds it is under.
class Count {
 public:
  Count(const LedgerReader& reader, const std::vector<Hold>& holds, RetentionPlan& plan)
      : reader_(reader), holds_(holds), plan_(plan), blocked_(holds.size()) {
    for (const Hold& hold : holds) ranges_.push_back(seq_range(hold.filter, plan.size));
  }

  Status run(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    constexpr Seq kProgressEvents = 4'096;
    Status bad;
    plan_.without_holds = plan_.first_kept;
    PH_TRY(reader_.scan(plan_.first_kept_now, plan_.first_kept, [&](Seq seq, const Bytes& bytes) {
      const auto entry = parse_entry(bytes);
      if (!entry.ok()) {
        bad = entry.error();
        return false;
      }
      take(seq, **entry, bytes.size());
      if (progress && seq % kProgressEvents == 0) {
        progress(seq - plan_.first_kept_now, plan_.first_kept - plan_.first_kept_now);
      }
      return true;
    }));
    if (plan_.blocks.empty()) plan_.events_without_holds = plan_.events;
    return bad;
  }

 private:
  void take(Seq seq, const schema::Entry& entry, std::size_t bytes) {
    if (plan_.blocks.empty() && seq % rows::kBundleEvents == 0) at_bundle_ = plan_.events;
    for (std::size_t i = 0; i < holds_.size(); ++i) {
      if (blocked_[i] || !covers(holds_[i], entry, ranges_[i])) continue;
      blocked_[i] = true;
      if (plan_.blocks.empty()) {
        plan_.without_holds = seq / rows::kBundleEvents * rows::kBundleEvents;
        plan_.events_without_holds = at_bundle_;
      }
      plan_.blocks.push_back({holds_[i], seq});
    }
    if (is_state_event(entry)) {
      ++plan_.state_events;
    } else {
      ++plan_.events;
      plan_.bytes += bytes;
    }
  }

  const LedgerReader& reader_;
  const std::vector<Hold>& holds_;
  RetentionPlan& plan_;
  std::vector<bool> blocked_;
  std::vector<std::pair<Seq, Seq>> ranges_;
  std::uint64_t at_bundle_ = 0;  // events before the bundle that is being read
};

}  // namespace

const std::vector<RetentionProfile>& retention_profiles() {
  static const std::vector<RetentionProfile> profiles = {
      {"pci-dss", 365, "PCI DSS v4.0.1 10.5.1: twelve months"},
      {"soc2", 365, "no number is asked for: an observation period of twelve months"},
      {"hipaa", 2'192, "45 CFR 164.316(b)(2)(i): six years"},
      {"sec-17a", 2'192, "17 CFR 240.17a-4(a): six years"},
      {"eu-ai-act", 183, "Regulation (EU) 2024/1689 Art. 19 and 26(6): six months"},
  };
  return profiles;
}

const RetentionProfile* find_retention_profile(std::string_view name) {
  for (const RetentionProfile& profile : retention_profiles()) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

Result<std::int64_t> parse_keep(std::string_view text) {
  const Error wrong{Code::kInvalid, "--keep takes a number and d, h or s, such as 400d"};
  if (text.size() < 2) return wrong;
  const char unit = text.back();
  const auto number = parse_decimal(text.substr(0, text.size() - 1));
  const std::int64_t unit_ns = unit == 'd' ? kDayNs : unit == 'h' ? 3'600 * kSecondNs : kSecondNs;
  if (!number || (unit != 'd' && unit != 'h' && unit != 's')) return wrong;
  if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / unit_ns)) {
    return wrong;
  }
  return static_cast<std::int64_t>(*number) * unit_ns;
}

Status check_floor(const RetentionRule& rule) {
  if (rule.profile == nullptr) return {};
  if (rule.keep_ns >= static_cast<std::int64_t>(rule.profile->floor_days) * kDayNs) return {};
  return Error{Code::kDenied,
               "the profile " + std::string(rule.profile->name) + " keeps events for " +
                   std::to_string(rule.profile->floor_days) + " days, and " + rule.keep +
                   " is less",
               "it follows " + std::string(rule.profile->source)};
}

std::string policy_text(const RetentionRule& rule) {
  std::string text = "keep=" + rule.keep;
  if (rule.profile != nullptr) text += " profile=" + std::string(rule.profile->name);
  return text;
}

const char* retention_limit_name(RetentionLimit limit) {
  switch (limit) {
    case RetentionLimit::kAge:
      return "age";
    case RetentionLimit::kEpoch:
      return "epoch";
    case RetentionLimit::kAnchor:
      return "anchor";
    case RetentionLimit::kUnfinished:
      return "unfinished";
  }
  return "age";
}

Result<RetentionPlan> plan_retention(
    const LedgerReader& reader, const RetentionInputs& inputs,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  RetentionPlan plan;
  plan.size = reader.head().checkpoint.size;
  plan.first_kept_now = reader.first_kept();
  PH_ASSIGN(const std::vector<Hold> holds, read_holds(reader));
  plan.holds = static_cast<std::uint32_t>(holds.size());
  PH_ASSIGN(const std::int64_t newest_ns, time_of(reader, plan.size - 1));
  const std::int64_t now_ns = std::min(inputs.now_ns, newest_ns);
  plan.cutoff_ns = std::max<std::int64_t>(now_ns - inputs.rule.keep_ns, 0);

  PH_ASSIGN(const std::optional<NewestPrune> earlier, newest_prune(reader));
  plan.unfinished = earlier && earlier->state == NewestPrune::State::kUnfinished &&
                    earlier->request.first_kept >= plan.first_kept_now;
  if (plan.unfinished) {
    plan.first_kept = earlier->request.first_kept;
    plan.limit = RetentionLimit::kUnfinished;
  } else {
    PH_ASSIGN(plan.first_kept,
              first_not_before(reader, plan.first_kept_now, plan.size, plan.cutoff_ns));
    const auto lower = [&](std::uint64_t to, RetentionLimit limit) {
      if (to >= plan.first_kept) return;
      plan.first_kept = to;
      plan.limit = limit;
    };
    PH_ASSIGN(const std::vector<EpochRecord> epochs, read_epochs(reader));
    lower(epochs.back().first_seq, RetentionLimit::kEpoch);
    if (inputs.anchored_size) lower(*inputs.anchored_size, RetentionLimit::kAnchor);
    plan.first_kept = rows::open_bundle(plan.first_kept);
    plan.first_kept = std::max(plan.first_kept, plan.first_kept_now);
  }
  PH_TRY(Count(reader, holds, plan).run(progress));
  if (plan.first_kept < plan.size) {
    PH_ASSIGN(plan.oldest_kept_ns, time_of(reader, plan.first_kept));
  }
  return plan;
}

}  // namespace phantom
