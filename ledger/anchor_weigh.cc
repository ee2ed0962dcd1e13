#include "ledger/anchor_weigh.h"

#include "events/clock.h"
#include "events/encoding.h"
#include "ledger/peer_receipt.h"
#include "ledger/timestamp.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSkewNsMax = 300 * kNsPerSecond;
constexpr const char* kCheck = "anchors";

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

std::string duration_text(std::int64_t ns) { return std::to_string(ns / kNsPerSecond) + " s"; }

class Weighing {
 public:
  Weighing(const LoadedPolicy& loaded, const WeighedLog& log, std::int64_t now_ns)
      : loaded_(loaded), policy_(loaded.policy), log_(log), now_ns_(now_ns) {}

  AnchorOutcome run(const std::vector<AnchorReceipt>& receipts, std::uint64_t noted) {
    for (const AnchorReceipt& receipt : receipts) {
      if (!take(receipt)) return std::move(outcome_);
    }
    if (!check_order()) return std::move(outcome_);
    conclude(noted);
    return std::move(outcome_);
  }

 private:
  bool fail(Failure failure) {
    outcome_.failure = std::move(failure);
    return false;
  }
  bool fail(const AnchorReceipt& receipt, const std::string& why) {
    return fail(
        Failure{kCheck, "the receipt of " + receipt.label() + " " + why + "\n" + receipt.note});
  }
  bool undecided(const AnchorReceipt& receipt, const std::string& why) {
    if (doubt_.empty()) doubt_ = "the receipt of " + receipt.label() + " " + why;
    return true;
  }

  // False when the log is contradicted.
  bool take(const AnchorReceipt& receipt) {
    const auto parsed = parse_checkpoint(receipt.note);
    if (!parsed) return undecided(receipt, "is not a checkpoint: " + parsed.error().message);
    const Checkpoint& checkpoint = parsed->checkpoint;
    if (checkpoint.size != receipt.size) {
      return undecided(receipt, "is filed under another size");
    }
    if (checkpoint.origin != log_.origin) return fail(receipt, "is of another ledger");
    if (check_note(receipt.note, log_.key) != NoteCheck::kGood) {
      return fail(receipt, "is not signed by " + log_.key.text());
    }
    if (checkpoint.size > std::max(log_.size, log_.proven_size)) {
      return fail(receipt, "covers " + events_text(checkpoint.size) + ", the ledger holds " +
                               std::to_string(log_.size) + ": it was rolled back");
    }
    const auto root = log_.root_at(checkpoint.size);
    if (!root) return fail(failure_of(kCheck, root.error()));
    if (*root != checkpoint.root) {
      return fail(receipt, "has another root: history was rewritten or forked");
    }
    const auto own = without_cosignatures(policy_, *parsed);
    if (!own) return fail(receipt, own.error().message);
    if (log_.has_foreign_lines(*own)) {
      return undecided(receipt,
                       "has a signature line that neither the ledger nor a witness of the "
                       "policy wrote");
    }
    const AnchorSpec* spec = policy_.find(receipt.anchor);
    // Of an anchor that left the policy: it could have contradicted, and counts for nothing.
    if (spec == nullptr) return true;
    GoodReceipt good{receipt.anchor, spec->kind, receipt.size, 0, receipt.held || spec->signs()};
    if (!vouch(*spec, receipt, good)) return !outcome_.failure;
    if (good.vouched_ns > now_ns_ + kSkewNsMax) {
      return undecided(receipt, "vouches for " + format_time(good.vouched_ns) +
                                    ", which is still to come: a clock is wrong");
    }
    outcome_.good.push_back(std::move(good));
    return true;
  }

  // What the kind adds to the note. False: the receipt does not count.
  bool vouch(const AnchorSpec& spec, const AnchorReceipt& receipt, GoodReceipt& good) {
    if (spec.kind == "witness") {
      // Bad ones were refused before.
      const CosignatureCheck check = check_cosignature(receipt.note, *spec.witness);
      if (check.found != NoteCheck::kGood) {
        undecided(receipt, "carries no cosignature by this witness");
        return false;
      }
      good.vouched_ns =
          static_cast<std::int64_t>(std::min<std::uint64_t>(check.time_s, 9'000'000'000)) *
          kNsPerSecond;
      return true;
    }
    if (spec.kind == "tsa") {
      if (!receipt.token) {
        undecided(receipt, "lacks its time stamp");
        return false;
      }
      if (log_.timestamps == nullptr) {
        undecided(receipt, "is a time stamp, which this program does not check");
        return false;
      }
      const auto stamp = log_.timestamps(*receipt.token, as_bytes(receipt.note),
                                         loaded_.ca_of(spec.name), std::nullopt);
      if (!stamp && stamp.error().code == Code::kDenied) {
        undecided(receipt, "does not count: " + stamp.error().message);
        return false;
      }
      if (!stamp) return fail(receipt, "does not hold: " + stamp.error().message);
      good.vouched_ns = stamp->time_ns;
      return true;
    }
    if (spec.kind == "peer") {
      if (!receipt.text) {
        undecided(receipt, "lacks its proof");
        return false;
      }
      const Status proven = check_peer_receipt(*receipt.text, receipt.note, *spec.peer);
      if (!proven.ok()) return fail(receipt, "does not hold: " + proven.error().message);
    }
    return true;
  }

  // A witness never cosigns less than it has seen before.
  bool check_order() {
    std::map<std::string, std::map<std::uint64_t, std::int64_t>> times;
    for (const GoodReceipt& good : outcome_.good) {
      if (good.kind == "witness") times[good.anchor][good.size] = good.vouched_ns;
    }
    for (const auto& [anchor, by_size] : times) {
      std::int64_t before = 0;
      for (const auto& [size, time_ns] : by_size) {
        if (time_ns < before) {
          return fail(Failure{kCheck, "witness " + escape_terminal(anchor) + " saw " +
                                          events_text(size) + " at " + format_time(time_ns) +
                                          ", before it saw fewer"});
        }
        before = time_ns;
      }
    }
    return true;
  }

  void conclude(std::uint64_t noted) {
    const std::uint64_t by_quorum = covered_events(policy_, [&](const AnchorSpec& spec) {
      std::uint64_t size = 0;
      for (const GoodReceipt& good : outcome_.good) {
        if (good.counts && good.anchor == spec.name) size = std::max(size, good.size);
      }
      return size;
    });
    outcome_.covered = std::min(std::max(by_quorum, noted), log_.size);
    const auto set = [&](CheckState state, std::string reason) {
      outcome_.state = state;
      outcome_.reason = std::move(reason);
    };
    const bool known = policy_.logs.empty() ||
                       std::any_of(policy_.logs.begin(), policy_.logs.end(), [&](const auto& each) {
                         return each.key.text() == log_.key.text();
                       });
    if (!known) return set(CheckState::kIndeterminate, "the policy is about other logs");
    if (!doubt_.empty()) return set(CheckState::kIndeterminate, doubt_);
    if (!policy_.quorum.empty() && by_quorum == 0) {
      return set(CheckState::kIndeterminate,
                 "the quorum is not met: receipts are missing for " + quorum_text(policy_));
    }
    const bool bounded = policy_.unanchored_events_max || policy_.unanchored_ns_max;
    if (outcome_.covered == 0) {
      if (bounded) return set(CheckState::kIndeterminate, "nothing is anchored");
      return set(CheckState::kSkipped, "no anchor has given a receipt that counts");
    }
    const std::uint64_t open = log_.size - outcome_.covered;
    if (policy_.unanchored_events_max && open > *policy_.unanchored_events_max) {
      return set(CheckState::kPolicy, events_text(open) + " are not anchored, the policy allows " +
                                          std::to_string(*policy_.unanchored_events_max));
    }
    if (policy_.unanchored_ns_max) {
      const auto since = log_.open_since_ns(outcome_.covered);
      if (!since) {
        fail(failure_of(kCheck, since.error()));
        return;
      }
      if (*since && now_ns_ - **since > *policy_.unanchored_ns_max) {
        return set(CheckState::kPolicy,
                   "events have not been anchored for " + duration_text(now_ns_ - **since) +
                       ", the policy allows " + duration_text(*policy_.unanchored_ns_max));
      }
    }
    set(CheckState::kPass, summary());
  }

  std::string summary() const {
    std::map<std::string, const GoodReceipt*> newest;
    for (const GoodReceipt& good : outcome_.good) {
      const GoodReceipt*& best = newest[good.anchor];
      if (good.counts && (best == nullptr || good.size > best->size)) best = &good;
    }
    std::string text;
    for (const auto& [anchor, good] : newest) {
      if (good == nullptr) continue;
      text +=
          (text.empty() ? "" : ", ") + escape_terminal(anchor) + " " + std::to_string(good->size);
      if (good->vouched_ns != 0) text += " (" + format_time(good->vouched_ns) + ")";
    }
    return text;
  }

  const LoadedPolicy& loaded_;
  const AnchorPolicy& policy_;
  const WeighedLog& log_;
  std::int64_t now_ns_;
  AnchorOutcome outcome_;
  std::string doubt_;
};

}  // namespace

AnchorOutcome weigh_anchors(const LoadedPolicy& policy, const std::vector<AnchorReceipt>& receipts,
                            std::uint64_t noted, const WeighedLog& log, std::int64_t now_ns) {
  return Weighing(policy, log, now_ns).run(receipts, noted);
}

Result<SignedCheckpoint> without_cosignatures(const AnchorPolicy& policy,
                                              const SignedCheckpoint& note) {
  PH_ASSIGN(const SignedNote parsed, parse_note(note.note));
  SignedCheckpoint left{note.checkpoint, parsed.text + "\n"};
  for (const AnchorSpec& spec : policy.anchors) {
    if (!spec.witness) continue;
    if (check_cosignature(note.note, *spec.witness).found == NoteCheck::kBad) {
      return Error{Code::kCorrupt, "carries a cosignature of witness " +
                                       escape_terminal(spec.name) + " that does not verify"};
    }
  }
  std::string_view lines = std::string_view(note.note).substr(parsed.text.size() + 1);
  for (const NoteSignature& signature : parsed.signatures) {
    const std::size_t length = lines.find('\n') + 1;
    const bool known =
        std::any_of(policy.anchors.begin(), policy.anchors.end(), [&](const AnchorSpec& spec) {
          return spec.witness && spec.witness->name == signature.name &&
                 spec.witness->id == signature.id;
        });
    if (!known) left.note += lines.substr(0, length);
    lines.remove_prefix(length);
  }
  return left;
}

}  // namespace phantom
