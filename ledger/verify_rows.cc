#include "ledger/verify_rows.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/anchor_events.h"
#include "ledger/anchor_weigh.h"
#include "ledger/rows.h"
#include "ledger/verify_base.h"
#include "ledger/verify_pruned.h"
#include "ledger/verify_report.h"
#include "ledger/verify_walk.h"

#include <algorithm>
#include <map>
#include <thread>

namespace phantom {
namespace {

using MaybeFailure = std::optional<Failure>;

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

// One run over one ledger. Each step returns the root cause when it finds one.
class Run {
 public:
  Run(const StoreReader& rows, const Surroundings& surroundings, const VerifyOptions& options,
      VerifyReport& report)
      : rows_(rows), surroundings_(surroundings), options_(options), report_(report) {
    threads_ = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
    threads_ = std::max(threads_, 1U);
  }

  MaybeFailure run() {
    if (auto failure = check_meta()) return failure;
    if (auto failure = read_newest()) return failure;
    if (!report_.head) return std::nullopt;
    key_ = options_.key;
    const PolicyLog* named =
        options_.policy ? options_.policy->policy.log_of(report_.head->origin) : nullptr;
    if (!key_ && named != nullptr) key_ = named->key;
    read_notes();
    if (auto failure = read_removed()) return failure;
    VerifyBase base;
    base.first_kept = first_kept_;
    if (auto failure = choose_base(base)) return failure;
    VerifyFold fold(rows_, *report_.head, base,
                    [&](const SpanTag& tag) { return check_outside_tag(rows_, base, tag); });
    if (auto failure = walk(fold, base)) return failure;
    if (auto failure = check_removed(base)) return failure;
    for (const char* id : {"entries", "tree", "checkpoints"}) pass(id);
    if (auto failure = base.walk_from == 0 ? check_tags(fold) : check_touched_tags(fold)) {
      return failure;
    }
    if (auto failure = check_ids(fold, base)) return failure;
    if (auto failure = check_other_rows()) return failure;
    if (auto failure = check_head()) return failure;
    check_schema(fold);
    if (auto failure = check_key(fold)) return failure;
    if (auto failure = check_trust(fold)) return failure;
    return check_anchors(fold);
  }

 private:
  void pass(std::string_view id, std::string note = {}) {
    set_check(report_, id, CheckState::kPass, std::move(note));
  }
  void undecided(std::string_view id, std::string reason) {
    set_check(report_, id, CheckState::kIndeterminate, std::move(reason));
  }

  MaybeFailure check_meta() {
    std::map<std::string, std::string, std::less<>> meta;
    const auto cursor = rows_.cursor(std::string(1, rows::kMeta));
    for (; cursor->valid(); cursor->next()) {
      meta.emplace(cursor->key().substr(1), cursor->value());
    }
    if (Status status = cursor->status(); !status.ok()) return failure_of("meta", status.error());
    const auto bad = [](std::string why) { return Failure{"meta", std::move(why)}; };
    const auto format = meta.find("format");
    if (format == meta.end()) return bad("the store does not say its format");
    if (!rows::is_known_format(format->second)) {
      return failure_of("meta", {Code::kUnsupported,
                                 "the store has the format " + escape_terminal(format->second) +
                                     ", this phantom reads " + std::string(rows::kFormat) +
                                     " and " + std::string(rows::kPrunedFormat)});
    }
    format_ = format->second;
    if (!surroundings_.identity) return failure_of("meta", surroundings_.identity.error());
    const auto identity = meta.find("store");
    if (identity == meta.end() || identity->second != *surroundings_.identity) {
      return bad("the store's identity file is not the one it was made with");
    }
    if (meta.size() != 2) return bad("there is a meta row nobody wrote");
    pass("meta");
    return std::nullopt;
  }

  MaybeFailure read_newest() {
    const auto row = last_row(rows_, rows::kCommit);
    if (!row) return failure_of("checkpoints", row.error());
    if (!*row) {
      if (rows_.cursor(std::string(1, rows::kTail))->valid() ||
          rows_.cursor(std::string(1, rows::kBundle))->valid()) {
        return Failure{"checkpoints", "there are events and no checkpoint"};
      }
      const auto& head = surroundings_.head;
      if (head && head->newest) {
        return Failure{"head", "the store is empty, the head copy says it had " +
                                   events_text(head->newest->checkpoint.size) + ":\n" +
                                   head->newest->note};
      }
      undecided("ledger", "the ledger holds no commit: its creation did not finish");
      return std::nullopt;
    }
    const auto size = rows::number_of((*row)->first);
    auto parsed = parse_checkpoint((*row)->second);
    if (!parsed) return Failure{"checkpoints", "the newest checkpoint: " + parsed.error().message};
    if (!size || *size != parsed->checkpoint.size || *size == 0) {
      return Failure{"checkpoints", "the newest checkpoint is filed under another size"};
    }
    report_.head = parsed->checkpoint;
    report_.head_note = std::move(parsed->note);
    return std::nullopt;
  }

  MaybeFailure read_removed() {
    RemovedPrefix prefix = read_removed_prefix(rows_, format_, report_.head->size);
    first_kept_ = prefix.first_kept;
    return std::move(prefix.failure);
  }

  // The event that allows it. The tree is known to be the signed one by now.
  MaybeFailure check_removed(const VerifyBase& base) {
    if (first_kept_ == 0) return std::nullopt;
    FoundRequest found = find_prune_request(rows_, base, first_kept_, report_.head->size,
                                            [this](std::uint64_t size) { return root_of(size); });
    if (found.failure) return std::move(found.failure);
    removal_ = *found.request;
    report_.pruned = PrunedPart{first_kept_, found.request->seq, found.request->policy,
                                found.request->first_kept};
    report_.not_checked.push_back("the content of events 0 to " + std::to_string(first_kept_ - 1) +
                                  ", which were removed");
    return std::nullopt;
  }

  // Notes from outside. One that does not parse is no evidence for anything.
  void read_notes() {
    if (options_.trust) trust_.emplace(parse_checkpoint(*options_.trust));
    for (const std::string& note : options_.anchors) anchors_.push_back(parse_checkpoint(note));
  }

  // Only from a checkpoint that the caller trusts and whose signature the caller's key made.
  MaybeFailure choose_base(VerifyBase& base) {
    if (options_.depth != VerifyDepth::kIncremental) return std::nullopt;
    const bool usable = trust_ && *trust_ && key_ &&
                        (*trust_)->checkpoint.origin == report_.head->origin &&
                        (*trust_)->checkpoint.size <= report_.head->size &&
                        check_note((*trust_)->note, *key_) == NoteCheck::kGood;
    if (!usable) return std::nullopt;  // a full walk, and the trust check says what is wrong
    auto read = read_verify_base(rows_, (*trust_)->checkpoint, *report_.head, first_kept_);
    if (!read.ok()) {
      if (read.error().code == Code::kNotFound) return std::nullopt;
      return failure_of("trust", read.error());
    }
    base = std::move(*read);
    report_.trusted_events = base.walk_from;
    report_.not_checked.push_back(
        events_text(base.walk_from) +
        " that an earlier run verified, and rows of tags they alone have");
    return std::nullopt;
  }

  MaybeFailure walk(VerifyFold& fold, const VerifyBase& base) {
    const std::uint64_t size = report_.head->size;
    SignatureScope scope;
    constexpr std::uint64_t kRecentEvents = 10'000;
    if (options_.depth != VerifyDepth::kDeep) {
      scope.after_size = size > kRecentEvents ? size - kRecentEvents : 0;
    }
    std::function<void(std::uint64_t)> progress;
    if (options_.progress) {
      progress = [&](std::uint64_t done) { options_.progress(base.walk_from + done, size); };
    }
    WalkResult result = walk_spans(rows_, fold, base.walk_from, first_kept_, *report_.head, scope,
                                   threads_, progress);
    const Seq read_from = std::max(base.walk_from, first_kept_);
    report_.events = fold.size() > read_from ? fold.size() - read_from : 0;
    report_.commits = fold.commits();
    report_.epochs = fold.epochs().epochs().empty() ? 0 : fold.epochs().epochs().back().number;
    if (result.failure) return result.failure;
    if (result.signatures_skipped > 0) {
      report_.not_checked.push_back("signatures of " + std::to_string(result.signatures_skipped) +
                                    " older checkpoints (--deep checks them)");
    }
    return fold.finish();
  }

  MaybeFailure check_tags(const VerifyFold& fold) {
    const std::map<std::string_view, TagState> expected(fold.tags().begin(), fold.tags().end());
    RemovedTags removed;
    const auto bad = [](std::string_view tag, const char* why) {
      return Failure{"tags", "tag " + escape_terminal(tag) + " " + why};
    };
    const auto cursor = rows_.cursor(std::string(1, rows::kTag));
    for (const auto& [tag, state] : expected) {
      while (cursor->valid() && cursor->key().substr(1) < tag && is_of_removed(*cursor)) {
        add_removed(*cursor, removed);
      }
      const auto link = fold.removed_links().find(std::string(tag));
      if (link != fold.removed_links().end() && link->second.first_seq >= removal_.seq) {
        removed.add(tag, link->second.before);
      }
      if (!cursor->valid()) {
        if (Status status = cursor->status(); !status.ok()) {
          return failure_of("tags", status.error());
        }
        return bad(tag, "has no row");
      }
      const std::string_view found = cursor->key().substr(1);
      if (found > tag) return bad(tag, "has no row");
      if (found < tag) return bad(found, "has a row and no event");
      if (cursor->value() != rows::tag_value(state.last_seq, state.count)) {
        return bad(tag, "has a row that differs from its events");
      }
      cursor->next();
    }
    while (cursor->valid() && is_of_removed(*cursor)) add_removed(*cursor, removed);
    if (cursor->valid()) return bad(cursor->key().substr(1), "has a row and no event");
    if (Status status = cursor->status(); !status.ok()) return failure_of("tags", status.error());
    if (removal_.first_kept > first_kept_) {
      report_.not_checked.emplace_back("rows of tags that removed events alone have");
    } else if (removal_.first_kept > 0 && removed.digest() != removal_.tags) {
      return Failure{"tags",
                     "the rows of tags that removed events alone have are not those that event " +
                         std::to_string(removal_.seq) + " names"};
    }
    pass("tags");
    return std::nullopt;
  }

  static void add_removed(RowCursor& row, RemovedTags& removed) {
    const ByteView value = as_bytes(row.value());
    removed.add(row.key().substr(1), {get_be64(value), get_be64(value.subspan(8))});
    row.next();
  }

  // A tag that only removed events have. State tags have events that were kept.
  bool is_of_removed(const RowCursor& row) const {
    const std::string_view tag = row.key().substr(1);
    const ByteView value = as_bytes(row.value());
    return first_kept_ > 0 && is_valid_tag(tag) && !is_state_tag(tag) && value.size() == 16 &&
           get_be64(value) < first_kept_ && get_be64(value.subspan(8)) > 0 &&
           get_be64(value.subspan(8)) <= get_be64(value) + 1;
  }

  MaybeFailure check_touched_tags(const VerifyFold& fold) {
    for (const auto& [tag, state] : fold.tags()) {
      const auto row = rows_.get(rows::tag(tag));
      if (!row) return failure_of("tags", row.error());
      if (!*row || **row != rows::tag_value(state.last_seq, state.count)) {
        return Failure{"tags",
                       "tag " + escape_terminal(tag) + " has a row that differs from its events"};
      }
    }
    pass("tags");
    return std::nullopt;
  }

  MaybeFailure check_ids(VerifyFold& fold, const VerifyBase& base) {
    if (auto failure = fold.check_ids(threads_)) return failure;
    if (base.walk_from > 0) {
      if (auto failure = check_outside_ids(rows_, base, fold.oldest_id_ms())) {
        return failure;
      }
    }
    pass("ids");
    return std::nullopt;
  }

  MaybeFailure check_other_rows() {
    const auto foreign = rows_.foreign_key(first_kept_ > 0 ? "bcghklmt" : "bcghmt");
    if (!foreign) return failure_of("rows", foreign.error());
    if (*foreign) {
      return Failure{"rows", "there is a row of an unknown kind: " + to_hex(as_bytes(**foreign))};
    }
    pass("rows");
    return std::nullopt;
  }

  // Root of the first `size` events, from rows that have been checked by now.
  Result<Digest> root_of(std::uint64_t size) const {
    const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
      return read_node(rows_, report_.head->size, height, index);
    };
    return root_at(nodes, size);
  }

  MaybeFailure check_head() {
    const auto bad = [](std::string why) { return Failure{"head", std::move(why)}; };
    if (!surroundings_.head) {
      const Error& error = surroundings_.head.error();
      if (error.code == Code::kNotFound) return bad("the head copy is missing");
      return failure_of("head", error);
    }
    const HeadFile& file = *surroundings_.head;
    if (file.damaged) {
      return bad("the head copy is damaged; after a power loss the next append repairs it");
    }
    if (!file.newest) return bad("the head copy was emptied");
    const Checkpoint& copy = file.newest->checkpoint;
    const Checkpoint& store = *report_.head;
    const std::string evidence =
        "\nthe store says:\n" + report_.head_note + "the copy says:\n" + file.newest->note;
    if (copy.origin != store.origin) return bad("the head copy is of another ledger" + evidence);
    if (copy.size > store.size) {
      return bad("rolled back: " + events_text(copy.size - store.size) +
                 " that were committed are gone" + evidence);
    }
    const auto root = root_of(copy.size);
    if (!root) return failure_of("head", root.error());
    if (*root != copy.root) {
      return bad("forked: the head copy has another root at " + events_text(copy.size) + evidence);
    }
    // The same commit gives the same bytes: Ed25519 leaves a signer no choice.
    const auto committed = rows_.get(rows::commit(copy.size));
    if (!committed) return failure_of("head", committed.error());
    if (!*committed || **committed != file.newest->note) {
      return bad("the head copy is not the note that was committed" + evidence);
    }
    report_.synced_note = file.newest->note;
    pass("head", copy.size == store.size
                     ? std::string()
                     : "the head copy is " + events_text(store.size - copy.size) +
                           " behind; the next append brings it up to date");
    return std::nullopt;
  }

  void check_schema(const VerifyFold& fold) {
    if (fold.unknown_types() == 0) return pass("schema");
    undecided("schema",
              events_text(fold.unknown_types()) +
                  " of types this phantom does not know: hashed and signed, not understood");
  }

  MaybeFailure check_key(const VerifyFold& fold) {
    const VerifierKey& own = *fold.epochs().log_key();
    if (!key_) {
      undecided("key", "no pinned key: the ledger says it is signed by " + own.text() +
                           ", nobody vouches for that");
      return std::nullopt;
    }
    if (key_->text() != own.text()) {
      return Failure{
          "key", "the ledger is signed by " + own.text() + ", the pinned key is " + key_->text()};
    }
    pass("key");
    return std::nullopt;
  }

  // A checkpoint from outside against this ledger.
  MaybeFailure check_note_of(std::string_view id, const std::string& what,
                             const SignedCheckpoint& outside, const VerifyFold& fold) const {
    const auto bad = [&](const std::string& why) {
      return Failure{std::string(id), what + " " + why + "\nthe store says:\n" + report_.head_note +
                                          what + " says:\n" + outside.note};
    };
    const Checkpoint& checkpoint = outside.checkpoint;
    if (checkpoint.origin != report_.head->origin) return bad("is of another ledger");
    const VerifierKey& key = key_ ? *key_ : *fold.epochs().log_key();
    if (check_note(outside.note, key) != NoteCheck::kGood) {
      return bad("is not signed by " + key.text());
    }
    if (checkpoint.size > report_.head->size) {
      return bad("covers " + events_text(checkpoint.size) + ", the ledger holds " +
                 std::to_string(report_.head->size) + ": it was rolled back");
    }
    const auto root = root_of(checkpoint.size);
    if (!root) return failure_of(id, root.error());
    if (*root != checkpoint.root) {
      return bad("has another root at " + events_text(checkpoint.size) +
                 ": history was rewritten or forked");
    }
    return std::nullopt;
  }

  // Signature lines of a note from outside that are not those of the commit it is a copy of. They
  // may be a witness's, or ours with a byte changed; without the witness's key nobody can tell.
  bool has_foreign_lines(const SignedCheckpoint& outside, const VerifyFold& fold) const {
    const auto committed = rows_.get(rows::commit(outside.checkpoint.size));
    if (committed && !*committed && outside.checkpoint.size > 0 &&
        outside.checkpoint.size <= first_kept_) {
      return !only_own_lines(outside, fold);
    }
    if (!committed || !*committed) return true;
    std::string_view lines = std::string_view(outside.note).substr(outside.note.rfind("\n\n") + 2);
    while (!lines.empty()) {
      const std::size_t length = lines.find('\n') + 1;
      if ((*committed)->find("\n" + std::string(lines.substr(0, length))) == std::string::npos) {
        return true;
      }
      lines.remove_prefix(length);
    }
    return false;
  }

  // Of a commit that was removed with its events: good lines of the log key and of the epoch that
  // signed for the newest of them.
  static bool only_own_lines(const SignedCheckpoint& outside, const VerifyFold& fold) {
    const auto note = parse_note(outside.note);
    if (!note) return false;
    const Seq newest = outside.checkpoint.size - 1;
    for (const NoteSignature& line : note->signatures) {
      const auto is_by = [&](const VerifierKey& key) {
        return line.name == key.name && line.id == key.id &&
               check_note(outside.note, key) == NoteCheck::kGood;
      };
      bool own = is_by(*fold.epochs().log_key());
      for (const EpochRules::Epoch& epoch : fold.epochs().epochs()) {
        const bool signs =
            epoch.first_seq <= newest && (!epoch.closing_seq || newest <= *epoch.closing_seq);
        own = own || (signs && is_by(epoch.key));
      }
      if (!own) return false;
    }
    return true;
  }

  MaybeFailure check_trust(const VerifyFold& fold) {
    if (!trust_) {
      set_check(report_, "trust", CheckState::kSkipped, "no trust state was given");
      return std::nullopt;
    }
    if (!*trust_) {
      undecided("trust", "the trust state is not a checkpoint: " + trust_->error().message);
      return std::nullopt;
    }
    if (auto failure = check_note_of("trust", "the trust state", **trust_, fold)) return failure;
    if (has_foreign_lines(**trust_, fold)) {
      undecided("trust", "the trust state has a signature line that the ledger did not write");
      return std::nullopt;
    }
    pass("trust");
    return std::nullopt;
  }

  WeighedLog weighed_log(const VerifyFold& fold) const {
    WeighedLog log;
    log.origin = report_.head->origin;
    log.size = report_.head->size;
    log.key = key_ ? *key_ : *fold.epochs().log_key();
    log.timestamps = options_.timestamps;
    log.root_at = [this](std::uint64_t size) { return root_of(size); };
    log.has_foreign_lines = [this, &fold](const SignedCheckpoint& note) {
      return has_foreign_lines(note, fold);
    };
    log.open_since_ns = [this](std::uint64_t size) { return open_since_ns(size); };
    return log;
  }

  // Anchoring is itself on record: what it adds does not make a log stale that stands still.
  Result<std::optional<std::int64_t>> open_since_ns(std::uint64_t size) const {
    for (size = std::max<Seq>(size, first_kept_); size < report_.head->size; ++size) {
      PH_ASSIGN(const Bytes bytes, read_entry(rows_, report_.head->size, size));
      PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
      if (!is_about_anchors(entry->type())) return std::optional<std::int64_t>(entry->time_ns());
    }
    return std::optional<std::int64_t>();
  }

  MaybeFailure check_anchors(const VerifyFold& fold) {
    std::uint64_t anchored = 0;
    CheckState state = anchors_.empty() ? CheckState::kSkipped : CheckState::kPass;
    std::string reason = anchors_.empty() ? "no anchor was given" : "";
    for (std::size_t i = 0; i < anchors_.size(); ++i) {
      const std::string what = "anchor " + std::to_string(i + 1);
      if (!anchors_[i]) {
        state = CheckState::kIndeterminate;
        reason = what + " is not a checkpoint: " + anchors_[i].error().message;
        continue;
      }
      if (auto failure = check_note_of("anchors", what, *anchors_[i], fold)) return failure;
      auto own = options_.policy ? without_cosignatures(options_.policy->policy, *anchors_[i])
                                 : anchors_[i];
      if (!own) return Failure{"anchors", what + " " + own.error().message};
      if (has_foreign_lines(*own, fold)) {
        state = CheckState::kIndeterminate;
        reason = what + " has a signature line that the ledger did not write";
        continue;
      }
      anchored = std::max(anchored, anchors_[i]->checkpoint.size);
    }
    if (options_.policy) {
      AnchorOutcome outcome = weigh_anchors(*options_.policy, options_.receipts, anchored,
                                            weighed_log(fold), options_.clock->wall_ns());
      if (outcome.failure) return std::move(outcome.failure);
      anchored = outcome.covered;
      if (state != CheckState::kIndeterminate && outcome.state != CheckState::kSkipped) {
        state = outcome.state;
        reason = std::move(outcome.reason);
      }
    }
    set_check(report_, "anchors", state, std::move(reason));
    report_.unanchored_events = report_.head->size - anchored;
    if (anchored == report_.head->size) return std::nullopt;
    const auto oldest = read_entry(rows_, report_.head->size, std::max<Seq>(anchored, first_kept_));
    if (!oldest) return failure_of("anchors", oldest.error());
    const auto event = parse_entry(*oldest);
    if (!event) return failure_of("anchors", event.error());
    report_.unanchored_ns =
        std::max<std::int64_t>(options_.clock->wall_ns() - (*event)->time_ns(), 0);
    return std::nullopt;
  }

  const StoreReader& rows_;
  const Surroundings& surroundings_;
  const VerifyOptions& options_;
  VerifyReport& report_;
  unsigned threads_ = 1;
  std::optional<VerifierKey> key_;  // that the caller vouches for
  std::string format_;
  Seq first_kept_ = 0;    // events before it were removed
  PruneRequest removal_;  // the event that says so
  std::optional<Result<SignedCheckpoint>> trust_;
  std::vector<Result<SignedCheckpoint>> anchors_;
};

}  // namespace

VerifyReport verify_rows(const StoreReader& rows, const Surroundings& surroundings,
                         const VerifyOptions& options) {
  VerifyReport report = new_ledger_report();
  set_check(report, "ledger", CheckState::kPass);
  set_check(report, "files", CheckState::kPass);
  if (auto failure = Run(rows, surroundings, options, report).run()) set_failure(report, *failure);
  if (!options.trust)
    report.not_checked.emplace_back("growth since an earlier run: no trust state");
  if (options.anchors.empty() && !options.policy) {
    report.not_checked.emplace_back("external anchors: none given");
  }
  if (options.receipts_left_out > 0) {
    report.not_checked.push_back(std::to_string(options.receipts_left_out) +
                                 " older receipts of anchors (phantom audit anchor check)");
  }
  report.not_checked.emplace_back("completeness for a query");
  report.not_checked.emplace_back("what the events mean, and sealed fields");
  conclude(report);
  return report;
}

}  // namespace phantom
