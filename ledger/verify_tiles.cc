#include "ledger/verify_tiles.h"

#include "events/encoding.h"
#include "ledger/anchor_events.h"
#include "ledger/anchor_weigh.h"
#include "ledger/tile_companion.h"
#include "ledger/tile_fetch.h"
#include "ledger/tile_paths.h"
#include "ledger/tree.h"
#include "ledger/verify_report.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

namespace phantom {
namespace {

using MaybeFailure = std::optional<Failure>;
using tiles::Kind;
using tiles::Tile;

constexpr std::size_t kNoteBytesMax = 64 * 1024;
constexpr std::size_t kHashBytes = sizeof(Digest);
constexpr std::size_t kBundlesAtOnce = 16;
// 24 bytes each; beyond it the check of ids is left out and said to be.
constexpr std::uint64_t kIdsMax = std::uint64_t{1} << 25;
constexpr std::size_t kExtrasNamed = 3;

constexpr int kFailedExit = 1;

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

// One run over one published log. Each step returns the root cause when it finds one.
class Run {
 public:
  Run(const TileSource& source, const VerifyOptions& options, TileCompanion* companion,
      VerifyReport& report)
      : source_(source),
        options_(options),
        companion_(companion),
        report_(report),
        chain_(std::string()) {
    threads_ = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
    threads_ = std::clamp(threads_, 1U, static_cast<unsigned>(kBundlesAtOnce));
  }

  MaybeFailure run() {
    if (auto failure = read_checkpoint()) return failure;
    if (!report_.head) return std::nullopt;
    if (companion_ != nullptr) {
      if (auto failure = companion_->begin({*report_.head, report_.head_note}, report_)) {
        return failure;
      }
    }
    chain_ = EntryChain(report_.head->origin);
    key_ = options_.key;
    const PolicyLog* named =
        options_.policy ? options_.policy->policy.log_of(report_.head->origin) : nullptr;
    if (!key_ && named != nullptr) key_ = named->key;
    read_notes();
    auto failure = fold_entries();
    report_.events = chain_.size();
    report_.commits = chain_.commits();
    report_.epochs = chain_.epochs().epochs().size();
    if (failure) return failure;
    pass("entries");
    if ((failure = check_tree())) return failure;
    if ((failure = check_tiles())) return failure;
    if ((failure = check_ids())) return failure;
    if (companion_ != nullptr) {
      if ((failure = companion_->conclude(chain_.epochs(), report_))) return failure;
    }
    check_schema();
    if ((failure = check_key())) return failure;
    if ((failure = check_trust())) return failure;
    return check_anchors();
  }

 private:
  struct Mark {
    std::optional<Digest> root;                 // none: the log is smaller
    std::optional<std::int64_t> next_time_ns;   // none: no entry follows
    std::optional<std::int64_t> open_since_ns;  // of the first that is not about anchoring
  };

  void pass(std::string_view id, std::string note = {}) {
    set_check(report_, id, CheckState::kPass, std::move(note));
  }
  void undecided(std::string_view id, std::string reason) {
    set_check(report_, id, CheckState::kIndeterminate, std::move(reason));
  }

  MaybeFailure read_checkpoint() {
    const std::string path(tiles::kCheckpointPath);
    const auto bytes = source_.fetch(path, kNoteBytesMax);
    if (!bytes && bytes.error().code == Code::kNotFound) {
      if (auto failure = known_before()) return failure;
      undecided("checkpoint", "there is no published log: no checkpoint");
      return std::nullopt;
    }
    if (!bytes) return source_failure("checkpoint", path, bytes.error());
    auto parsed = parse_checkpoint(as_text(*bytes));
    if (!parsed) return Failure{"checkpoint", parsed.error().message};
    if (parsed->checkpoint.size == 0) {
      if (auto failure = known_before()) return failure;
      undecided("checkpoint", "the published log is empty");
      return std::nullopt;
    }
    report_.head = parsed->checkpoint;
    report_.head_note = std::move(parsed->note);
    pass("checkpoint");
    return std::nullopt;
  }

  // Notes that say there was a log, although there is none.
  MaybeFailure known_before() const {
    const auto gone = [](const char* check, const std::string& text) -> MaybeFailure {
      const auto note = parse_checkpoint(text);
      if (!note || note->checkpoint.size == 0) return std::nullopt;
      return Failure{check, "the log is gone: it had " + events_text(note->checkpoint.size) + "\n" +
                                note->note};
    };
    if (options_.trust) {
      if (auto failure = gone("trust", *options_.trust)) return failure;
    }
    for (const std::string& anchor : options_.anchors) {
      if (auto failure = gone("anchors", anchor)) return failure;
    }
    for (const AnchorReceipt& receipt : options_.receipts) {
      if (auto failure = gone("anchors", receipt.note)) return failure;
    }
    return std::nullopt;
  }

  // One that does not parse is no evidence for anything.
  void read_notes() {
    if (options_.trust) trust_.emplace(parse_checkpoint(*options_.trust));
    for (const std::string& note : options_.anchors) anchors_.push_back(parse_checkpoint(note));
    if (trust_ && *trust_) marks_[(*trust_)->checkpoint.size];
    for (const auto& anchor : anchors_) {
      if (anchor) marks_[anchor->checkpoint.size];
    }
    for (const AnchorReceipt& receipt : options_.receipts) marks_[receipt.size];
    marks_[0].root = empty_root();
  }

  std::uint64_t size() const { return report_.head->size; }

  MaybeFailure fold_entries() {
    const tiles::Level held = tiles::level_of(0, size());
    const std::uint64_t bundles = held.full + (held.partial != 0 ? 1 : 0);
    const auto width = [&](std::uint64_t n) {
      return n < held.full ? tiles::kWidth : held.partial;
    };
    for (std::uint64_t next = 0; next < bundles; next += kBundlesAtOnce) {
      const std::size_t count =
          static_cast<std::size_t>(std::min<std::uint64_t>(kBundlesAtOnce, bundles - next));
      std::vector<BundlePart> parts(count);
      std::atomic<std::size_t> at{0};
      std::vector<std::jthread> others;
      const auto work = [&] {
        for (std::size_t i = at++; i < count; i = at++) {
          parts[i] = read_bundle(source_, next + i, width(next + i));
        }
      };
      for (unsigned i = 1; i < threads_ && i < count; ++i) others.emplace_back(work);
      work();
      others.clear();  // joins
      for (const BundlePart& part : parts) {
        if (auto failure = take(part)) return failure;
      }
      if (companion_ != nullptr && chain_.size() == size()) end_commit();
      if (companion_ != nullptr) companion_->catch_up(threads_);
      if (options_.progress) options_.progress(chain_.size(), size());
    }
    for (unsigned level = 1; level < edges_.size(); ++level) {
      if (edges_[level].empty()) continue;
      if (auto failure = compare_hashes(level)) return failure;
    }
    return std::nullopt;
  }

  void end_commit() { companion_->take_commit(chain_.size(), range_.root(), chain_.epochs()); }

  MaybeFailure take(const BundlePart& part) {
    for (const BundleEntry& entry : part.entries) {
      const EntryFacts& facts = entry.facts;
      const Seq seq = chain_.size();
      if (const auto mark = marks_.find(seq); mark != marks_.end()) {
        mark->second.next_time_ns = facts.time_ns;
        open_marks_.push_back(&mark->second);
      }
      if (!is_about_anchors(facts.type)) {
        for (Mark* mark : open_marks_) mark->open_since_ns = facts.time_ns;
        open_marks_.clear();
      }
      if (companion_ != nullptr && seq > 0 && facts.commit_first_seq == seq) end_commit();
      if (auto failure = chain_.add(facts)) return failure;
      if (size() <= kIdsMax) ids_.push_back({facts.id, seq});
      if (auto failure = grow(entry.leaf)) return failure;
      if (const auto mark = marks_.find(chain_.size()); mark != marks_.end()) {
        mark->second.root = range_.root();
      }
    }
    if (part.failure) return part.failure;
    // The leaves are right behind: a full tile is not taken off its edge before this.
    compare(0, leaves_n_, leaves_, part.hashes);
    leaves_.clear();
    ++leaves_n_;
    return std::nullopt;
  }

  MaybeFailure grow(const Digest& leaf) {
    unsigned full_levels = 0;
    range_.append(leaf, 0, [&](unsigned height, std::uint64_t, const Digest& hash) {
      if (height % tiles::kHeight != 0) return;
      const unsigned level = height / tiles::kHeight;
      Bytes* hashes = &leaves_;
      if (level > 0) {
        if (edges_.size() <= level) {
          edges_.resize(level + 1);
          tiles_done_.resize(level + 1);
        }
        hashes = &edges_[level];
        if (hashes->size() + kHashBytes == kHashTileBytes) full_levels = level + 1;
      }
      hashes->insert(hashes->end(), hash.begin(), hash.end());
    });
    for (unsigned level = 1; level < full_levels; ++level) {
      if (auto failure = compare_hashes(level)) return failure;
      edges_[level].clear();
      ++tiles_done_[level];
    }
    return std::nullopt;
  }

  MaybeFailure compare_hashes(unsigned level) {
    const Bytes& expected = edges_[level];
    const auto width = static_cast<unsigned>(expected.size() / kHashBytes);
    const Tile tile{Kind::kHashes, level, tiles_done_[level], width};
    const auto served = fetch_hashes(source_, tile);
    if (!served) return source_failure("tiles", tiles::path_of(tile), served.error());
    compare(level, tile.n, expected, *served);
    return std::nullopt;
  }

  // Which of the two is wrong only the root can tell; the first difference is kept until then.
  void compare(unsigned level, std::uint64_t n, const Bytes& expected, const Bytes& served) {
    if (difference_ || served == expected) return;
    const auto differs = std::mismatch(expected.begin(), expected.end(), served.begin());
    const std::uint64_t slot =
        static_cast<std::uint64_t>(differs.first - expected.begin()) / kHashBytes;
    const auto width = static_cast<unsigned>(expected.size() / kHashBytes);
    difference_ = Failure{"tiles",
                          "hash " + std::to_string(slot) + " of " +
                              tiles::path_of({Kind::kHashes, level, n, width}) +
                              " is not what its events hash to",
                          (n * tiles::kWidth + slot) << (level * tiles::kHeight)};
  }

  MaybeFailure check_tree() {
    if (range_.root() == report_.head->root) {
      pass("tree");
      return std::nullopt;
    }
    Failure failure{"tree", "the events do not hash to the root of the checkpoint: "};
    failure.reason += difference_ ? difference_->reason : "their tiles say what the events say";
    if (difference_) failure.seq = difference_->seq;
    return failure;
  }

  MaybeFailure check_tiles() {
    if (difference_) return difference_;
    std::string noted;
    if (auto failure = check_other_files(noted)) return failure;
    pass("tiles", noted);
    return std::nullopt;
  }

  // Files that this checkpoint does not call for. Partials of smaller sizes are checked, as others
  // may hold the checkpoint that needs them.
  MaybeFailure check_other_files(std::string& noted) {
    std::vector<Tile> older;
    std::uint64_t extras = 0;
    std::set<std::string> named;  // the first ones by name
    const Status listed = source_.each_file([&](const std::string& path) {
      if (path == tiles::kCheckpointPath) return;
      if (companion_ != nullptr && companion_->owns(path)) return;
      const auto tile = tiles::parse_path(path);
      if (tile && tiles::is_within(*tile, size())) {
        const tiles::Level held = tiles::level_of(tile->level, size());
        const bool called_for =
            tile->full() || (tile->n == held.full && tile->width == held.partial);
        if (!called_for) older.push_back(*tile);
        return;
      }
      ++extras;
      named.insert(path);
      if (named.size() > kExtrasNamed) named.erase(std::prev(named.end()));
    });
    if (!listed) {
      if (listed.error().code != Code::kUnsupported) {
        return source_failure("tiles", "the directory", listed.error());
      }
      report_.not_checked.emplace_back("files the checkpoint does not call for");
      return std::nullopt;
    }
    if (extras > 0) {
      noted = std::to_string(extras) + (extras == 1 ? " file" : " files") +
              " the checkpoint does not call for:";
      for (const std::string& path : named) noted += " " + path;
      if (extras > kExtrasNamed) noted += " ...";
    }
    for (const Tile& tile : older) {
      if (auto failure = check_older(tile)) return failure;
    }
    return std::nullopt;
  }

  // A partial tile against the one that has taken its place, which is known to be good.
  MaybeFailure check_older(const Tile& tile) const {
    const tiles::Level held = tiles::level_of(tile.level, size());
    Tile newer = tile;
    newer.width = tile.n < held.full ? tiles::kWidth : held.partial;
    const auto good = fetch_tile(source_, newer);
    if (!good) return source_failure("tiles", tiles::path_of(newer), good.error());
    const std::string path = tiles::path_of(tile);
    const auto found = source_.fetch(path, kBundleBytesMax);
    if (!found) return source_failure("tiles", path, found.error());
    std::size_t length = tile.width * kHashBytes;
    if (tile.kind == Kind::kEntries) {
      const auto entries = split_bundle(good->bytes, good->tile.width, tile.width);
      if (!entries) return Failure{"tiles", tiles::path_of(newer) + " has changed meanwhile"};
      length = 0;
      for (const ByteView entry : *entries) length += 2 + entry.size();
    }
    const bool same = found->size() == length && length <= good->bytes.size() &&
                      std::equal(found->begin(), found->end(), good->bytes.begin());
    if (same) return std::nullopt;
    return Failure{"tiles", path + " is not the start of " + tiles::path_of(newer)};
  }

  MaybeFailure check_ids() {
    if (size() > kIdsMax) {
      set_check(report_, "ids", CheckState::kSkipped,
                "more than " + std::to_string(kIdsMax) + " events");
      report_.not_checked.emplace_back("that no event id was used twice: too many events");
      return std::nullopt;
    }
    std::sort(ids_.begin(), ids_.end());
    for (std::size_t i = 1; i < ids_.size(); ++i) {
      if (ids_[i - 1].id != ids_[i].id) continue;
      return Failure{"ids",
                     "event id " + format_uuid(ids_[i].id) +
                         " was recorded twice, first as event " + std::to_string(ids_[i - 1].seq),
                     ids_[i].seq};
    }
    pass("ids");
    return std::nullopt;
  }

  void check_schema() {
    if (chain_.unknown_types() == 0) return pass("schema");
    undecided("schema",
              events_text(chain_.unknown_types()) +
                  " of types this phantom does not know: hashed and signed, not understood");
  }

  MaybeFailure check_key() {
    const VerifierKey& own = *chain_.epochs().log_key();
    if (key_ && key_->text() != own.text()) {
      return Failure{"key",
                     "the log is signed by " + own.text() + ", the pinned key is " + key_->text()};
    }
    switch (check_note(report_.head_note, own)) {
      case NoteCheck::kGood:
        break;
      case NoteCheck::kUnknown:
        return Failure{"key", "the checkpoint is not signed by " + own.text()};
      case NoteCheck::kBad:
        return Failure{"key", "the checkpoint has a wrong signature by " + own.text()};
    }
    if (!key_) {
      undecided("key", "no pinned key: the log says it is signed by " + own.text() +
                           ", nobody vouches for that");
      return std::nullopt;
    }
    // C2SP: who does not know a signer skips the line.
    const auto note = parse_note(report_.head_note);
    const std::size_t others = note ? note->signatures.size() - 1 : 0;
    if (others > 0) {
      report_.not_checked.push_back(std::to_string(others) +
                                    " signatures of the checkpoint by other keys");
    }
    pass("key");
    return std::nullopt;
  }

  // A checkpoint from outside against this log.
  MaybeFailure check_outside(std::string_view id, const std::string& what,
                             const SignedCheckpoint& outside) const {
    const auto bad = [&](const std::string& why) {
      return Failure{std::string(id), what + " " + why + "\npublished:\n" + report_.head_note +
                                          what + " says:\n" + outside.note};
    };
    const Checkpoint& checkpoint = outside.checkpoint;
    if (checkpoint.origin != report_.head->origin) return bad("is of another log");
    if (check_note(outside.note, *chain_.epochs().log_key()) != NoteCheck::kGood) {
      return bad("is not signed by " + chain_.epochs().log_key()->text());
    }
    if (checkpoint.size > size()) {
      return bad("covers " + events_text(checkpoint.size) + ", the published log holds " +
                 std::to_string(size()) + ": it was rolled back");
    }
    if (marks_.at(checkpoint.size).root != checkpoint.root) {
      return bad("has another root at " + events_text(checkpoint.size) +
                 ": history was rewritten or forked");
    }
    if (checkpoint.size > 0 &&
        check_note(outside.note, chain_.epoch_key_at(checkpoint.size)) == NoteCheck::kBad) {
      return bad("has a wrong signature by the epoch's key");
    }
    return std::nullopt;
  }

  // Lines that are neither the log's nor the epoch's. They may be a witness's, or ours with a byte
  // changed; without the witness's key nobody can tell.
  bool has_foreign_lines(const SignedCheckpoint& outside) const {
    const auto note = parse_note(outside.note);
    if (!note) return true;
    std::vector<const VerifierKey*> keys{&*chain_.epochs().log_key()};
    if (outside.checkpoint.size > 0) keys.push_back(&chain_.epoch_key_at(outside.checkpoint.size));
    return std::any_of(note->signatures.begin(), note->signatures.end(),
                       [&](const NoteSignature& line) {
                         return std::none_of(keys.begin(), keys.end(), [&](const VerifierKey* key) {
                           return line.name == key->name && line.id == key->id;
                         });
                       });
  }

  MaybeFailure check_trust() {
    if (!trust_) {
      set_check(report_, "trust", CheckState::kSkipped, "no trust state was given");
      return std::nullopt;
    }
    if (!*trust_) {
      undecided("trust", "the trust state is not a checkpoint: " + trust_->error().message);
      return std::nullopt;
    }
    if (auto failure = check_outside("trust", "the trust state", **trust_)) return failure;
    if (has_foreign_lines(**trust_)) {
      undecided("trust", "the trust state has a signature line that the log did not write");
      return std::nullopt;
    }
    pass("trust");
    return std::nullopt;
  }

  WeighedLog weighed_log() const {
    WeighedLog log;
    log.origin = report_.head->origin;
    log.size = size();
    log.key = *chain_.epochs().log_key();
    log.timestamps = options_.timestamps;
    log.root_at = [this](std::uint64_t at) -> Result<Digest> {
      const auto mark = marks_.find(at);
      if (mark == marks_.end() || !mark->second.root) {
        return Error{Code::kInternal, "no root was kept at " + std::to_string(at)};
      }
      return *mark->second.root;
    };
    log.has_foreign_lines = [this](const SignedCheckpoint& note) {
      if (has_foreign_lines(note)) return true;
      return note.checkpoint.size > 0 &&
             check_note(note.note, chain_.epoch_key_at(note.checkpoint.size)) == NoteCheck::kBad;
    };
    log.open_since_ns = [this](std::uint64_t at) -> Result<std::optional<std::int64_t>> {
      const auto mark = marks_.find(at);
      return mark == marks_.end() ? std::nullopt : mark->second.open_since_ns;
    };
    return log;
  }

  MaybeFailure check_anchors() {
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
      if (auto failure = check_outside("anchors", what, *anchors_[i])) return failure;
      auto own = options_.policy ? without_cosignatures(options_.policy->policy, *anchors_[i])
                                 : anchors_[i];
      if (!own) return Failure{"anchors", what + " " + own.error().message};
      if (has_foreign_lines(*own)) {
        state = CheckState::kIndeterminate;
        reason = what + " has a signature line that the log did not write";
        continue;
      }
      anchored = std::max(anchored, anchors_[i]->checkpoint.size);
    }
    if (options_.policy) {
      AnchorOutcome outcome = weigh_anchors(*options_.policy, options_.receipts, anchored,
                                            weighed_log(), options_.clock->wall_ns());
      if (outcome.failure) return std::move(outcome.failure);
      anchored = outcome.covered;
      if (state != CheckState::kIndeterminate && outcome.state != CheckState::kSkipped) {
        state = outcome.state;
        reason = std::move(outcome.reason);
      }
    }
    set_check(report_, "anchors", state, std::move(reason));
    report_.unanchored_events = size() - anchored;
    if (const auto oldest = marks_.at(anchored).next_time_ns) {
      report_.unanchored_ns = std::max<std::int64_t>(options_.clock->wall_ns() - *oldest, 0);
    }
    return std::nullopt;
  }

  struct IdUse {
    EventId id;
    Seq seq;
    friend auto operator<=>(const IdUse&, const IdUse&) = default;
  };

  const TileSource& source_;
  const VerifyOptions& options_;
  TileCompanion* companion_;
  VerifyReport& report_;
  unsigned threads_ = 1;
  EntryChain chain_;
  CompactRange range_;
  Bytes leaves_;                           // hashes of the open tile of level 0
  std::uint64_t leaves_n_ = 0;             // its number
  std::vector<Bytes> edges_;               // the same of the levels above, by level
  std::vector<std::uint64_t> tiles_done_;  // and their numbers
  MaybeFailure difference_;                // first hash that a tile and the events disagree on
  std::vector<IdUse> ids_;
  std::map<std::uint64_t, Mark> marks_;
  std::vector<Mark*> open_marks_;   // that wait for their open_since_ns
  std::optional<VerifierKey> key_;  // that the caller vouches for
  std::optional<Result<SignedCheckpoint>> trust_;
  std::vector<Result<SignedCheckpoint>> anchors_;
};

int rung_of(const VerifyReport& report, const std::vector<std::string_view>& companions) {
  const auto passed = [&](std::string_view id) {
    return std::any_of(report.checks.begin(), report.checks.end(), [&](const Check& check) {
      return check.id == id && (check.state == CheckState::kPass ||
                                (id == "ids" && check.state == CheckState::kSkipped));
    });
  };
  if (!passed("checkpoint") || !passed("entries")) return -1;
  if (!passed("tree") || !passed("tiles") || !passed("ids")) return 0;
  if (!std::all_of(companions.begin(), companions.end(), passed)) return 0;
  if (!passed("key")) return 1;
  const bool stale =
      std::any_of(report.checks.begin(), report.checks.end(), [](const Check& check) {
        return check.id == "anchors" && check.state == CheckState::kPolicy;
      });
  if (passed("anchors") || stale) return 4;
  return passed("trust") ? 3 : 2;
}

}  // namespace

VerifyReport verify_tiles(const TileSource& source, const VerifyOptions& options) {
  return verify_tiles_with(source, options, nullptr);
}

VerifyReport verify_tiles_with(const TileSource& source, const VerifyOptions& options,
                               TileCompanion* companion) {
  VerifyReport report;
  const auto own = companion == nullptr ? std::vector<std::string_view>() : companion->checks();
  for (const std::string_view id : {"checkpoint", "entries", "tree", "tiles", "ids"}) {
    report.checks.push_back({std::string(id), CheckState::kNotEvaluated, {}});
  }
  for (const std::string_view id : own) {
    report.checks.push_back({std::string(id), CheckState::kNotEvaluated, {}});
  }
  for (const std::string_view id : {"schema", "key", "trust", "anchors"}) {
    report.checks.push_back({std::string(id), CheckState::kNotEvaluated, {}});
  }
  const MaybeFailure failure = Run(source, options, companion, report).run();
  if (failure) set_failure(report, *failure);
  if (!options.trust) {
    report.not_checked.emplace_back("growth since an earlier run: no trust state");
  }
  if (options.anchors.empty() && !options.policy) {
    report.not_checked.emplace_back("external anchors: none given");
  }
  if (options.receipts_left_out > 0) {
    report.not_checked.push_back(std::to_string(options.receipts_left_out) +
                                 " older receipts of anchors (phantom audit anchor check)");
  }
  if (companion == nullptr) {
    report.not_checked.emplace_back("the epoch keys' signatures: they are not published");
  }
  report.not_checked.emplace_back("completeness for a query");
  report.not_checked.emplace_back("what the events mean, and sealed fields");
  conclude(report);
  // What is no contradiction keeps the exit code that says why nothing could be decided.
  if (failure && failure->exit_code != kFailedExit) report.exit_code = failure->exit_code;
  report.rung = rung_of(report, own);
  return report;
}

}  // namespace phantom
