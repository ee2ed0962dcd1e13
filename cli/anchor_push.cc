#include "cli/anchor_push.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/evidence.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/prove.h"
#include "ledger/tree.h"
#include "ledger/trust.h"

#include <algorithm>
#include <sstream>
#include <sys/stat.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::size_t kStandBytesMax = 256;
constexpr unsigned kFileMode = 0600;
constexpr int kNamesMax = 1'000;

using Append = std::function<Result<Receipt>(Draft)>;

fs::path failures_file(const AnchorFiles& files, std::string_view anchor) {
  return files.directory(anchor) / "failures";
}

Reason reason_of(const Error& error) {
  return error.code == Code::kBusy || error.code == Code::kIo ? Reason::AnchorUnreachable
                                                              : Reason::AnchorRefused;
}

Status keep_failure(const AnchorFiles& files, std::string_view anchor, const AnchorStand& stand) {
  PH_TRY(make_private_directory(files.directory(anchor)));
  const std::string text = std::to_string(stand.failures) + " " + std::to_string(stand.failed_ns) +
                           " " + std::to_string(stand.recorded_ns) + "\n";
  return write_file_durably(failures_file(files, anchor), as_bytes(text), kFileMode);
}

std::string evidence_text(const AnchorSpec& spec, const SignedCheckpoint& ours,
                          const AnchorContradicts& theirs, const AnchorFiles& files,
                          std::int64_t now_ns) {
  std::ostringstream text;
  text << "phantom-anchor-conflict/v1\n"
       << "time " << format_time(now_ns) << "\n"
       << "anchor " << escape_terminal(spec.name) << "\n"
       << "kind " << spec.kind << "\n"
       << "ours " << ours.checkpoint.size << " " << to_hex(ours.checkpoint.root) << "\n"
       << "theirs " << theirs.holds.size << " "
       << (theirs.holds.root ? to_hex(*theirs.holds.root) : "-") << "\n"
       << "because " << escape_terminal(theirs.message) << "\n";
  if (const auto sizes = receipt_sizes(files, spec.name); sizes.ok()) {
    const std::size_t first = sizes->size() > 10 ? sizes->size() - 10 : 0;
    for (std::size_t i = first; i < sizes->size(); ++i) {
      const auto receipt = read_receipt(files, spec.name, (*sizes)[i]);
      if (receipt.ok()) {
        text << "receipt " << receipt->size << " " << to_hex(receipt->digest()) << "\n";
      }
    }
  }
  text << "\n-- our checkpoint\n" << ours.note;
  if (!theirs.note.empty()) text << "\n-- the anchor's checkpoint\n" << theirs.note;
  return text.str();
}

Result<std::string> write_evidence(const AnchorFiles& files, const AnchorSpec& spec,
                                   const std::string& text, std::int64_t now_ns) {
  PH_TRY(make_private_directory(files.evidence()));
  const std::string base = compact_utc(now_ns) + "-" + anchor_file_name(spec.name);
  std::error_code code;
  std::string name = base + ".txt";
  for (int i = 2; fs::exists(files.evidence() / name, code) && i < kNamesMax; ++i) {
    name = base + "-" + std::to_string(i) + ".txt";
  }
  PH_TRY(write_file_durably(files.evidence() / name, as_bytes(text), kFileMode));
  return "anchors/evidence/" + name;
}

class Round {
 public:
  Round(AnchorHome& home, const AnchorRound& round, const Context& context, const Append& append)
      : home_(home), round_(round), context_(context), append_(append) {}

  Result<std::vector<AnchorResult>> run() {
    PH_ASSIGN(const std::vector<const AnchorSpec*> specs, chosen());
    // What anchoring this round adds to the log is for the next one.
    PH_ASSIGN(const SignedCheckpoint newest, home_.newest());
    std::vector<AnchorResult> results;
    for (const AnchorSpec* spec : specs) {
      if (round_.stop && round_.stop()) break;
      results.push_back(push(*spec, newest));
    }
    return results;
  }

 private:
  Result<std::vector<const AnchorSpec*>> chosen() const {
    std::vector<const AnchorSpec*> specs;
    for (const AnchorSpec& spec : home_.policy.policy.anchors) {
      if (round_.names.empty()) specs.push_back(&spec);
    }
    for (const std::string& name : round_.names) {
      const AnchorSpec* spec = home_.policy.policy.find(name);
      if (spec == nullptr) {
        return Error{Code::kNotFound, "the policy has no anchor \"" + escape_terminal(name) + "\"",
                     "phantom audit anchor list"};
      }
      specs.push_back(spec);
    }
    return specs;
  }

  AnchorResult push(const AnchorSpec& spec, const SignedCheckpoint& newest) {
    using State = AnchorResult::State;
    AnchorResult result{spec.name, spec.kind, State::kFailed, newest.checkpoint.size};
    const bool by_hand = spec.place == "manual" || (spec.kind == "witness" && spec.place.empty());
    if (by_hand && round_.names.empty()) {
      result.state = State::kManual;
      return result;
    }
    auto stand = anchor_stand(home_.files, spec.name);
    if (!stand) return failed(std::move(result), std::move(stand.error()));
    if (round_.due_only) {
      const std::int64_t interval =
          home_.policy.policy.interval_ns.value_or(kDefaultAnchorIntervalNs);
      const auto news = has_news(*home_.reader, stand->size);
      const bool nothing = news.ok() && !*news;
      if (nothing || !is_due(*stand, interval, round_.clock->wall_ns())) {
        result.state = State::kNotDue;
        result.size = stand->size;
        return result;
      }
    }
    if (stand->size == newest.checkpoint.size && spec.kind != "witness") {
      result.state = State::kCurrent;
      return result;
    }
    const auto anchor = make_anchor(setup_of(home_, spec, round_));
    SignedCheckpoint checkpoint = newest;
    auto answer = anchor->push({checkpoint, *home_.reader, stand->size});
    if (answer.ok() && std::holds_alternative<AnchorContradicts>(*answer)) {
      // Another process may have anchored what came after our snapshot.
      const std::uint64_t theirs = std::get<AnchorContradicts>(*answer).holds.size;
      auto again = home_.newest();
      if (theirs > checkpoint.checkpoint.size && again.ok() && again->checkpoint.size >= theirs) {
        checkpoint = std::move(*again);
        answer = anchor->push({checkpoint, *home_.reader, stand->size});
      }
    }
    if (!answer.ok()) return on_failure(std::move(result), spec, *stand, answer.error());
    if (const auto* theirs = std::get_if<AnchorContradicts>(&*answer)) {
      return keep_conflict(home_, spec, checkpoint, *theirs, *round_.clock, context_, append_);
    }
    return keep_anchored(home_, spec, std::get<AnchorGave>(*answer), context_, append_);
  }

  static AnchorResult failed(AnchorResult result, Error error) {
    result.state = AnchorResult::State::kFailed;
    result.error = std::move(error);
    return result;
  }

  // A person who asks gets every failure on record; a timer one an hour.
  AnchorResult on_failure(AnchorResult result, const AnchorSpec& spec, AnchorStand stand,
                          Error error) {
    const std::int64_t now = round_.clock->wall_ns();
    ++stand.failures;
    stand.failed_ns = now;
    const bool record = !round_.due_only || stand.recorded_ns == 0 ||
                        now - stand.recorded_ns >= kHourNs || now < stand.recorded_ns;
    if (record) {
      auto receipt = append_(ledger_anchor_failed(context_, spec, result.size, reason_of(error)));
      if (receipt.ok()) {
        stand.recorded_ns = now;
      } else {
        result.unrecorded = std::move(receipt.error());
      }
    }
    const Status kept = keep_failure(home_.files, spec.name, stand);
    if (!kept.ok() && !result.unrecorded) result.unrecorded = kept.error();
    return failed(std::move(result), std::move(error));
  }

  AnchorHome& home_;
  const AnchorRound& round_;
  const Context& context_;
  const Append& append_;
};

}  // namespace

Result<AnchorHome> AnchorHome::open(const Home& home) {
  AnchorHome opened;
  opened.home = home;
  opened.files = anchor_files(home);
  auto policy = load_anchor_policy(opened.files.policy());
  if (!policy && policy.error().code == Code::kNotFound) {
    return Error{Code::kNotFound, "there is no anchor policy at " + opened.files.policy().string(),
                 "phantom audit anchor add NAME KIND ... starts one"};
  }
  if (!policy) return std::move(policy.error());
  opened.policy = std::move(*policy);
  PH_ASSIGN(opened.reader, open_reader(home.ledger()));
  const std::string& origin = opened.reader->head().checkpoint.origin;
  PH_ASSIGN(opened.ledger_id, ledger_id_of(origin));
  PH_ASSIGN(const std::optional<VerifierKey> pinned, pinned_key(home, origin));
  if (!pinned) return Error{Code::kNotFound, "this home has pinned no key for " + origin};
  opened.log_key = *pinned;
  return opened;
}

Result<SignedCheckpoint> newest_synced(const Home& home, LedgerReader& reader) {
  // A commit may be read before it is on disk; what the head copy has is.
  PH_ASSIGN(HeadFile head, read_head_file(LedgerFiles{home.ledger()}.head()));
  if (!head.newest) return Error{Code::kCorrupt, "the head copy holds no checkpoint"};
  PH_TRY(reader.catch_up());
  const Checkpoint& synced = head.newest->checkpoint;
  const NodeSource nodes = [&reader](unsigned height, std::uint64_t index) {
    return reader.node(height, index);
  };
  if (synced.size > reader.head().checkpoint.size) {
    return Error{Code::kCorrupt, "the store is behind its head copy: it was rolled back",
                 "run 'phantom audit verify'"};
  }
  PH_ASSIGN(const Digest root, root_at(nodes, synced.size));
  if (root != synced.root) {
    return Error{Code::kCorrupt, "the head copy is no checkpoint of this ledger",
                 "run 'phantom audit verify'"};
  }
  return std::move(*head.newest);
}

Result<SignedCheckpoint> AnchorHome::newest() {
  PH_ASSIGN(const SignedCheckpoint synced, newest_synced(home, *reader));
  if (check_note(synced.note, log_key) != NoteCheck::kGood) {
    return Error{Code::kCorrupt, "the newest checkpoint is not signed by the pinned key",
                 "run 'phantom audit verify'"};
  }
  return outside_checkpoint(synced);
}

Result<std::vector<AnchorResult>> push_anchors(AnchorHome& home, const AnchorRound& round,
                                               const Context& context, const Append& append) {
  return Round(home, round, context, append).run();
}

AnchorResult keep_anchored(const AnchorHome& home, const AnchorSpec& spec, const AnchorGave& gave,
                           const Context& context, const Append& append) {
  AnchorResult result{spec.name, spec.kind, AnchorResult::State::kAnchored, gave.receipt.size,
                      gave.vouched_ns};
  if (Status kept = keep_receipt(home.files, gave.receipt); !kept.ok()) {
    result.state = AnchorResult::State::kFailed;
    result.error = std::move(kept.error()).in("the receipt could not be kept");
    return result;
  }
  std::error_code code;
  fs::remove(failures_file(home.files, spec.name), code);
  const auto note = parse_checkpoint(gave.receipt.note);
  PH_CHECK(note.ok(), "a receipt without a checkpoint");
  auto receipt = append(
      ledger_anchored(context, spec, note->checkpoint, gave.receipt.digest(), gave.vouched_ns));
  if (!receipt.ok()) result.unrecorded = std::move(receipt.error());
  return result;
}

AnchorResult keep_conflict(const AnchorHome& home, const AnchorSpec& spec,
                           const SignedCheckpoint& ours, const AnchorContradicts& theirs,
                           const Clock& clock, const Context& context, const Append& append) {
  AnchorResult result{spec.name, spec.kind, AnchorResult::State::kConflict, ours.checkpoint.size};
  result.message = theirs.message;
  const std::int64_t now = clock.wall_ns();
  auto written =
      write_evidence(home.files, spec, evidence_text(spec, ours, theirs, home.files, now), now);
  if (!written.ok()) {
    result.unrecorded = std::move(written.error());
  } else {
    result.evidence = *written;
  }
  auto receipt = append(
      ledger_anchor_conflict(context, spec, ours.checkpoint.size, theirs.holds, result.evidence));
  if (!receipt.ok() && !result.unrecorded) result.unrecorded = std::move(receipt.error());
  return result;
}

Result<AnchorStand> anchor_stand(const AnchorFiles& files, std::string_view anchor) {
  AnchorStand stand;
  PH_ASSIGN(const std::vector<std::uint64_t> sizes, receipt_sizes(files, anchor));
  if (!sizes.empty()) {
    stand.size = sizes.back();
    struct stat info {};
    const fs::path note = files.directory(anchor) / (size_file_name(stand.size) + ".note");
    if (::stat(note.c_str(), &info) == 0) {
      stand.kept_ns = info.st_mtim.tv_sec * kNsPerSecond + info.st_mtim.tv_nsec;
    }
  }
  const auto bytes = read_file(failures_file(files, anchor), kStandBytesMax);
  if (!bytes.ok()) return stand;  // none, or none that can be read: nothing hangs on it
  std::istringstream text{std::string(as_text(*bytes))};
  text >> stand.failures >> stand.failed_ns >> stand.recorded_ns;
  return stand;
}

bool is_due(const AnchorStand& stand, std::int64_t interval_ns, std::int64_t now_ns) {
  // A clock that was set back is no reason to wait.
  const auto since = [now_ns](std::int64_t then) {
    return then > now_ns ? std::numeric_limits<std::int64_t>::max() : now_ns - then;
  };
  if (stand.size != 0 && since(stand.kept_ns) < interval_ns) return false;
  if (stand.failures == 0) return true;
  constexpr std::int64_t kFirstWaitNs = 60 * kNsPerSecond;
  std::int64_t wait = kFirstWaitNs;
  for (std::uint64_t i = 1; i < stand.failures && wait < kHourNs; ++i) wait *= 2;
  return since(stand.failed_ns) >= std::min(wait, kHourNs);
}

Result<bool> has_news(const LedgerReader& reader, std::uint64_t size) {
  for (; size < reader.head().checkpoint.size; ++size) {
    PH_ASSIGN(const Bytes bytes, reader.entry(size));
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    if (!is_about_anchors(entry->type())) return true;
  }
  return false;
}

AnchorSetup setup_of(const AnchorHome& home, const AnchorSpec& spec, const AnchorRound& round) {
  AnchorSetup setup;
  setup.spec = spec;
  setup.ca_pem = home.policy.ca_of(spec.name);
  setup.ledger_id = home.ledger_id;
  setup.log_key = home.log_key;
  setup.time_max = round.time_max;
  setup.variable = round.variable;
  setup.clock = round.clock;
  setup.random = round.random;
  return setup;
}

}  // namespace phantom
