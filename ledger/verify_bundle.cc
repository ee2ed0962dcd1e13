#include "ledger/verify_bundle.h"

#include "ledger/anchor_weigh.h"
#include "ledger/bundle_fold.h"
#include "ledger/bundle_read.h"
#include "ledger/tree.h"
#include "ledger/verify_report.h"

#include <algorithm>
#include <future>

namespace phantom {
namespace {

using MaybeFailure = std::optional<Failure>;

constexpr int kFailedExit = 1;

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

class Run {
 public:
  Run(const ByteSource& source, const VerifyOptions& options, BundleDemand demand,
      VerifyReport& report)
      : source_(source), options_(options), demand_(demand), report_(report) {}

  MaybeFailure run() {
    auto opened = open_bundle(source_);
    if (const Failure* failure = std::get_if<Failure>(&opened)) {
      if (failure->check != "bundle") pass("bundle");
      return *failure;
    }
    opened_ = std::get<OpenBundle>(std::move(opened));
    report_.head = opened_.checkpoint.checkpoint;
    report_.head_note = opened_.checkpoint.note;
    pass("bundle");
    key_ = options_.key;
    const PolicyLog* named =
        options_.policy ? options_.policy->policy.log_of(report_.head->origin) : nullptr;
    if (!key_ && named != nullptr) key_ = named->key;
    read_notes();
    // One thread hashes the files while this one reads what is in them.
    auto digests =
        std::async(std::launch::async, [this] { return check_digests(source_, opened_); });
    fold_ = fold_bundle(source_, opened_, marks_, options_.progress);
    report_.events = fold_.counts.disclosed;
    report_.epochs = fold_.epochs.epochs().size();
    if (auto failure = digests.get()) return with_place(*failure);
    pass("manifest");
    if (fold_.entries) return fold_.entries;
    pass("entries");
    if (fold_.tree) return with_place(*fold_.tree);
    pass("tree");
    if (auto failure = check_cover()) return failure;
    if (auto failure = check_rendering()) return failure;
    if (auto failure = check_key()) return failure;
    if (auto failure = check_trust()) return failure;
    return check_anchors();
  }

 private:
  void pass(std::string_view id, std::string note = {}) {
    set_check(report_, id, CheckState::kPass, std::move(note));
  }
  void undecided(std::string_view id, std::string reason) {
    set_check(report_, id, CheckState::kIndeterminate, std::move(reason));
  }

  // What a later check says about where, when an earlier one only knows that something is wrong.
  Failure with_place(Failure failure) const {
    if (failure.seq || failure.exit_code != kFailedExit) return failure;
    for (const MaybeFailure* later : {&fold_.entries, &fold_.cover, &fold_.rendering}) {
      if (!*later || !(*later)->seq) continue;
      failure.reason += "; " + (*later)->reason;
      failure.seq = (*later)->seq;
      return failure;
    }
    return failure;
  }

  std::uint64_t size() const { return report_.head->size; }

  // Sizes at which the root is wanted on the way.
  void read_notes() {
    if (options_.trust) trust_.emplace(parse_checkpoint(*options_.trust));
    for (const std::string& note : options_.anchors) anchors_.push_back(parse_checkpoint(note));
    const auto want = [&](const Checkpoint& checkpoint) { marks_[checkpoint.size]; };
    if (trust_ && *trust_) want((*trust_)->checkpoint);
    for (const auto& anchor : anchors_) {
      if (anchor) want(anchor->checkpoint);
    }
    for (const auto& receipt : opened_.receipts) want(receipt.checkpoint.checkpoint);
  }

  MaybeFailure check_cover() {
    if (fold_.cover) return fold_.cover;
    const BundleManifest& manifest = opened_.manifest;
    if (fold_.unknown_types > 0) {
      undecided("cover",
                events_text(fold_.unknown_types) +
                    " of types this phantom does not know: hashed and signed, not understood");
      return std::nullopt;
    }
    if (fold_.counts != manifest.counts || fold_.lower != manifest.lower) {
      return Failure{"cover", "manifest.json counts other events than there are"};
    }
    const std::string query = manifest.query.empty() ? "all events" : manifest.query;
    const std::string found = events_text(fold_.counts.matched) + " of the query: " + query;
    if (manifest.complete) {
      pass("cover", found + "; nothing left out between " +
                        (manifest.lower ? "event " + std::to_string(*manifest.lower)
                                        : std::string("the beginning")) +
                        " and event " + std::to_string(manifest.upper));
      return std::nullopt;
    }
    report_.not_checked.emplace_back("completeness for the query: the bundle does not claim it");
    const std::string claim = found + "; the bundle does not claim that none is left out";
    set_check(
        report_, "cover",
        demand_ == BundleDemand::kComplete ? CheckState::kIndeterminate : CheckState::kSkipped,
        claim);
    return std::nullopt;
  }

  MaybeFailure check_rendering() {
    if (fold_.rendering) return fold_.rendering;
    if (fold_.same_schema) {
      pass("rendering");
      return std::nullopt;
    }
    set_check(report_, "rendering", CheckState::kSkipped,
              "made with another schema: numbers and entries in events.jsonl are right");
    report_.not_checked.emplace_back("what events.jsonl says beside numbers and entries");
    return std::nullopt;
  }

  MaybeFailure check_key() {
    const VerifierKey& own = *fold_.epochs.log_key();
    const auto bad = [](const std::string& why) { return Failure{"key", why}; };
    if (own.text() != opened_.log_key.text()) {
      return bad("event 0 names " + own.text() + ", log.vkey is " + opened_.log_key.text());
    }
    if (key_ && key_->text() != own.text()) {
      return bad("the log is signed by " + own.text() + ", the pinned key is " + key_->text());
    }
    for (const auto& [what, note] : {std::pair("the checkpoint", &report_.head_note),
                                     std::pair("manifest.note", &opened_.note_bytes)}) {
      const NoteCheck state = check_note(*note, own);
      if (state == NoteCheck::kGood) continue;
      return bad(std::string(what) +
                 (state == NoteCheck::kBad ? " has a wrong signature by " : " is not signed by ") +
                 own.text());
    }
    if (!key_) {
      undecided("key", "no pinned key: the bundle says it is signed by " + own.text() +
                           ", nobody vouches for that");
      return std::nullopt;
    }
    pass("key");
    return std::nullopt;
  }

  // Lines of a note that are neither the log's nor a known epoch's; of others nobody can tell
  // whether a byte was changed.
  enum class Lines { kOurs, kForeign, kWrong };
  Lines weigh_lines(const SignedCheckpoint& outside) const {
    const auto note = parse_note(outside.note);
    if (!note) return Lines::kForeign;
    Lines lines = Lines::kOurs;
    for (const NoteSignature& line : note->signatures) {
      if (line.name == opened_.log_key.name && line.id == opened_.log_key.id) continue;
      const auto& epochs = fold_.epochs.epochs();
      const auto epoch = std::find_if(epochs.begin(), epochs.end(), [&](const auto& known) {
        return known.key.name == line.name && known.key.id == line.id;
      });
      if (epoch == epochs.end()) {
        lines = Lines::kForeign;
        continue;
      }
      const std::uint64_t covered = outside.checkpoint.size;
      const bool in_force =
          covered > epoch->first_seq && (!epoch->closing_seq || covered <= *epoch->closing_seq + 1);
      if (!in_force || check_note(outside.note, epoch->key) != NoteCheck::kGood)
        return Lines::kWrong;
    }
    return lines;
  }

  // Whether a checkpoint of another size is of the same log; none when nothing here can tell.
  std::optional<bool> agrees(const Checkpoint& other) const {
    if (other.size == size()) return other.root == report_.head->root;
    if (other.size == 0) return true;
    if (const auto mark = marks_.find(other.size); mark != marks_.end() && mark->second.root) {
      return other.root == *mark->second.root;
    }
    for (const OpenBundle::Receipt& receipt : opened_.receipts) {
      if (receipt.checkpoint.checkpoint.size == other.size && receipt.consistency) {
        return is_consistent(other, *receipt.consistency);
      }
    }
    return std::nullopt;
  }

  bool is_consistent(const Checkpoint& other, const std::vector<Digest>& proof) const {
    const Checkpoint& own = *report_.head;
    return other.size < own.size
               ? verify_consistency(other.size, other.root, own.size, own.root, proof)
               : verify_consistency(own.size, own.root, other.size, other.root, proof);
  }

  // A checkpoint that the caller kept. Sets `open` when it cannot be decided.
  MaybeFailure check_outside(std::string_view id, const std::string& what,
                             const Result<SignedCheckpoint>& parsed, std::string& open) const {
    if (!parsed) {
      open = what + " is not a checkpoint: " + parsed.error().message;
      return std::nullopt;
    }
    const auto bad = [&](const std::string& why) {
      return Failure{std::string(id), what + " " + why + "\nbundle:\n" + report_.head_note + what +
                                          " says:\n" + parsed->note};
    };
    const Checkpoint& checkpoint = parsed->checkpoint;
    if (checkpoint.origin != report_.head->origin) return bad("is of another log");
    if (check_note(parsed->note, opened_.log_key) != NoteCheck::kGood) {
      return bad("is not signed by " + opened_.log_key.text());
    }
    const Lines lines = weigh_lines(*parsed);
    if (lines == Lines::kWrong) return bad("has a wrong signature by an epoch's key");
    const auto same = agrees(checkpoint);
    if (same && !*same) {
      return bad("is of another history at " + events_text(checkpoint.size) +
                 ": it was rewritten or forked");
    }
    if (!same) {
      open = what + " covers " + events_text(checkpoint.size) + ", the bundle " +
             std::to_string(size()) + ", and nothing in the bundle ties the two together";
    } else if (lines == Lines::kForeign) {
      open = what +
             " has a signature line that the log did not write, or by an epoch that the "
             "bundle does not know";
    }
    return std::nullopt;
  }

  MaybeFailure check_trust() {
    if (!trust_) {
      set_check(report_, "trust", CheckState::kSkipped, "no trust state was given");
      report_.not_checked.emplace_back("growth since an earlier run: no trust state");
      return std::nullopt;
    }
    std::string open;
    if (auto failure = check_outside("trust", "the trust state", *trust_, open)) return failure;
    if (open.empty()) {
      pass("trust");
    } else {
      undecided("trust", open);
    }
    return std::nullopt;
  }

  MaybeFailure check_receipts() const {
    for (const OpenBundle::Receipt& receipt : opened_.receipts) {
      const auto bad = [&](const std::string& why) {
        return Failure{"anchors", receipt.member + " " + why};
      };
      const Checkpoint& checkpoint = receipt.checkpoint.checkpoint;
      if (checkpoint.origin != report_.head->origin) return bad("is of another log");
      if (check_note(receipt.checkpoint.note, opened_.log_key) != NoteCheck::kGood) {
        return bad("is not signed by " + opened_.log_key.text());
      }
      const bool bare = checkpoint.size == size() || checkpoint.size == 0;
      if (bare == receipt.consistency.has_value()) {
        return bad(bare ? "has a consistency proof that it does not need"
                        : "has no consistency proof beside it");
      }
      const bool fits = bare ? agrees(checkpoint).value_or(false)
                             : is_consistent(checkpoint, *receipt.consistency);
      if (!fits) return bad("is of another history: it was rewritten or forked");
    }
    return std::nullopt;
  }

  // The receipts in the bundle, by the keys and certificates of the caller's policy only. They were
  // found to be of this history before.
  AnchorOutcome weigh_receipts(std::uint64_t noted) const {
    WeighedLog log;
    log.origin = report_.head->origin;
    log.size = size();
    log.key = opened_.log_key;
    log.timestamps = options_.timestamps;
    std::vector<AnchorReceipt> receipts;
    for (const OpenBundle::Receipt& receipt : opened_.receipts) {
      log.proven_size = std::max(log.proven_size, receipt.given.size);
      receipts.push_back(receipt.given);
    }
    log.root_at = [this](std::uint64_t at) -> Result<Digest> {
      for (const OpenBundle::Receipt& receipt : opened_.receipts) {
        if (receipt.given.size == at) return receipt.checkpoint.checkpoint.root;
      }
      return Error{Code::kInternal, "no receipt has the root at " + std::to_string(at)};
    };
    log.has_foreign_lines = [this](const SignedCheckpoint& note) {
      return weigh_lines(note) != Lines::kOurs;
    };
    log.open_since_ns = [this](std::uint64_t at) -> Result<std::optional<std::int64_t>> {
      const auto mark = marks_.find(at);
      return mark == marks_.end() ? std::nullopt : mark->second.open_since_ns;
    };
    return weigh_anchors(*options_.policy, receipts, noted, log, options_.clock->wall_ns());
  }

  MaybeFailure check_anchors() {
    if (auto failure = check_receipts()) return failure;
    if (opened_.other_receipts > 0 && !options_.policy) {
      report_.not_checked.push_back(std::to_string(opened_.other_receipts) +
                                    " receipts of other kinds in the bundle");
    }
    std::uint64_t anchored = 0;
    CheckState state = anchors_.empty() ? CheckState::kSkipped : CheckState::kPass;
    std::string reason;
    if (anchors_.empty()) {
      reason = "no anchor was given";
      if (!options_.policy) report_.not_checked.emplace_back("external anchors: none given");
    }
    if (!opened_.receipts.empty()) {
      reason += (reason.empty() ? "" : "; ") + std::to_string(opened_.receipts.size()) +
                " checkpoints in the bundle agree, which only its owner vouches for";
    }
    for (std::size_t i = 0; i < anchors_.size(); ++i) {
      std::string open;
      const std::string what = "anchor " + std::to_string(i + 1);
      const auto own = options_.policy && anchors_[i]
                           ? without_cosignatures(options_.policy->policy, *anchors_[i])
                           : anchors_[i];
      if (anchors_[i] && !own) return Failure{"anchors", what + " " + own.error().message};
      if (auto failure = check_outside("anchors", what, own, open)) return failure;
      if (!open.empty()) {
        state = CheckState::kIndeterminate;
        reason = open;
        continue;
      }
      anchored = std::max(anchored, std::min(anchors_[i]->checkpoint.size, size()));
    }
    if (options_.policy) {
      AnchorOutcome outcome = weigh_receipts(anchored);
      if (outcome.failure) return std::move(outcome.failure);
      anchored = outcome.covered;
      if (state != CheckState::kIndeterminate && outcome.state != CheckState::kSkipped) {
        state = outcome.state;
        reason = std::move(outcome.reason);
      }
    }
    set_check(report_, "anchors", state, std::move(reason));
    report_.unanchored_events = size() - anchored;
    std::optional<std::int64_t> oldest = fold_.first_time_ns;
    if (anchored > 0) {
      const auto mark = marks_.find(anchored);
      oldest = mark == marks_.end() ? std::nullopt : mark->second.next_time_ns;
    }
    if (oldest && anchored < size()) {
      report_.unanchored_ns = std::max<std::int64_t>(options_.clock->wall_ns() - *oldest, 0);
    }
    return std::nullopt;
  }

  const ByteSource& source_;
  const VerifyOptions& options_;
  const BundleDemand demand_;
  VerifyReport& report_;
  OpenBundle opened_;
  BundleMarks marks_;
  BundleFold fold_;
  std::optional<Result<SignedCheckpoint>> trust_;
  std::vector<Result<SignedCheckpoint>> anchors_;
  std::optional<VerifierKey> key_;  // that the caller vouches for
};

int rung_of(const VerifyReport& report) {
  const auto state = [&](std::string_view id) {
    for (const Check& check : report.checks) {
      if (check.id == id) return check.state;
    }
    return CheckState::kNotEvaluated;
  };
  const auto passed = [&](std::string_view id) { return state(id) == CheckState::kPass; };
  const auto fine = [&](std::string_view id) {
    return passed(id) || state(id) == CheckState::kSkipped;
  };
  if (!passed("bundle") || !passed("entries")) return -1;
  if (!passed("manifest") || !passed("tree") || state("cover") == CheckState::kFail ||
      state("cover") == CheckState::kNotEvaluated || !fine("rendering")) {
    return 0;
  }
  if (!passed("key")) return 1;
  if (passed("cover")) return 5;
  if (passed("anchors") || state("anchors") == CheckState::kPolicy) return 4;
  return passed("trust") ? 3 : 2;
}

}  // namespace

VerifyReport verify_bundle(const ByteSource& source, const VerifyOptions& options,
                           BundleDemand demand) {
  VerifyReport report;
  for (const char* id :
       {"bundle", "manifest", "entries", "tree", "cover", "rendering", "key", "trust", "anchors"}) {
    report.checks.push_back({id, CheckState::kNotEvaluated, {}});
  }
  const MaybeFailure failure = Run(source, options, demand, report).run();
  if (failure) set_failure(report, *failure);
  report.not_checked.emplace_back("events of the ledger that the query does not call for");
  report.not_checked.emplace_back("the epoch keys' signatures: they are not in the bundle");
  report.not_checked.emplace_back("what the events mean, and sealed fields");
  conclude(report);
  // What is no contradiction keeps the exit code that says why nothing could be decided.
  if (failure && failure->exit_code != kFailedExit) report.exit_code = failure->exit_code;
  report.rung = rung_of(report);
  return report;
}

}  // namespace phantom
