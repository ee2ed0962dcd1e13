#include "ledger/selftest.h"

#include "events/sha256.h"
#include "ledger/head_guard.h"
#include "ledger/home.h"
#include "ledger/layout.h"
#include "ledger/mutate.h"
#include "ledger/rewind.h"
#include "ledger/rows.h"
#include "ledger/selftest_copy.h"
#include "ledger/selftest_sample.h"
#include "ledger/store_reader.h"
#include "ledger/store_unsynced.h"
#include "ledger/verify.h"
#include "ledger/verify_entry.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = std::size_t{256} << 20;
constexpr std::size_t kOlderCommitsMax = 32;
constexpr std::uint64_t kTriesMax = 8;  // of one kind, where there may be nothing to change
constexpr std::string_view kRowKinds = "bcghmt";

enum class WholeChange : std::uint8_t {
  kDeleteFile,
  kSwapFiles,
  kOlderFile,
  kSwapHeadSlots,
  kOlderStore,
  kOlderLedger
};
constexpr std::array<const char*, 6> kWholeNames = {"file/delete", "file/swap",   "file/older",
                                                    "head/swap",   "store/older", "ledger/older"};
constexpr std::array<const char*, kByteChanges> kByteNames = {
    "bytes/flip",   "bytes/overwrite", "bytes/cut",    "bytes/empty", "bytes/insert",
    "bytes/remove", "bytes/append",    "bytes/repeat", "bytes/swap"};
constexpr std::array<const char*, kRowChanges> kRowNames = {
    "row/edit", "row/delete", "row/move", "row/duplicate", "row/swap", "row/replace", "row/forge"};
constexpr std::size_t kKinds = kByteNames.size() + kWholeNames.size() + kRowNames.size();

// What a change did; none: this ledger has nothing that could be changed in that way.
using Done = Result<std::optional<std::string>>;
Done nothing() { return std::optional<std::string>(); }
Done done(std::string what) { return std::optional<std::string>(std::move(what)); }

// All that a reader sees of a ledger.
Result<Digest> digest_of(const fs::path& ledger) {
  Digest digest{};
  const auto add = [&digest](std::string_view text) {
    digest = sha256({digest, sha256(as_bytes(text))});
  };
  PH_ASSIGN(const HeadFile head, read_head_file(LedgerFiles{ledger}.head()));
  add(head.newest ? head.newest->note : "");
  PH_ASSIGN(const auto rows, StoreReader::open(LedgerFiles{ledger}.db()));
  for (const char kind : kRowKinds) {
    const auto cursor = rows->cursor(std::string(1, kind));
    for (; cursor->valid(); cursor->next()) {
      add(cursor->key());
      add(cursor->value());
    }
    PH_TRY(cursor->status());
  }
  PH_ASSIGN(const auto foreign, rows->foreign_key(kRowKinds));
  add(foreign ? *foreign : "");
  return digest;
}

Result<std::vector<std::string>> keys_of(const StoreReader& rows) {
  std::vector<std::string> keys;
  for (const char kind : kRowKinds) {
    const auto cursor = rows.cursor(std::string(1, kind));
    for (; cursor->valid(); cursor->next()) keys.emplace_back(cursor->key());
    PH_TRY(cursor->status());
  }
  return keys;
}

Status write_rows(const fs::path& ledger, const RowChanges& changes) {
  StoreOptions options;
  options.env = unsynced_env();
  PH_ASSIGN(const auto store, Store::open(LedgerFiles{ledger}.db(), options));
  PH_TRY(store->commit(changes));
  return store->close();
}

// The untouched copy, an older state of it, and the copy that is damaged.
class Bench {
 public:
  Bench(fs::path directory, const SelftestOptions& options)
      : directory_(std::move(directory)), verifier_(options.verify) {}

  fs::path whole() const { return directory_ / "whole"; }
  fs::path changed() const { return directory_ / "changed"; }
  const VerifyReport& baseline() const { return baseline_; }

  Status set_up(const fs::path& ledger, const std::optional<VerifierKey>& key, Dice& dice) {
    PH_TRY(copy_and_verify(ledger, key));
    options_.trust = baseline_.head_note;
    PH_ASSIGN(digest_, digest_of(whole()));
    PH_ASSIGN(rows_, StoreReader::open(LedgerFiles{whole()}.db()));
    PH_ASSIGN(keys_, keys_of(*rows_));
    PH_ASSIGN(files_, evidence_files(whole()));
    return make_older(dice);
  }

  Done apply(std::size_t kind, Dice& dice) {
    PH_TRY(clone_copy(whole(), changed()));
    if (kind < kByteChanges) return change_file(static_cast<ByteChange>(kind), dice);
    kind -= kByteChanges;
    if (kind < kWholeNames.size()) return change_whole(static_cast<WholeChange>(kind), dice);
    return change_store(static_cast<RowChange>(kind - kWholeNames.size()), dice);
  }

  VerifyReport verify() const { return verifier_(options_); }

  // Verified: is what a reader sees what it was?
  bool reads_as_before() const {
    const Result<Digest> now = digest_of(changed());
    return now.ok() && *now == digest_;
  }

 private:
  Status copy_and_verify(const fs::path& ledger, const std::optional<VerifierKey>& key) {
    options_.depth = VerifyDepth::kDeep;
    constexpr int kCopiesMax = 5;  // a writer may replace files between those we copy
    for (int attempt = 0; attempt < kCopiesMax; ++attempt) {
      std::error_code ignored;
      fs::remove_all(whole(), ignored);
      PH_TRY(copy_ledger(ledger, whole()));
      options_.ledger = whole();
      options_.key = key;
      if (!key) {
        const Result<VerifierKey> own = own_key();
        if (own.ok()) options_.key = *own;
      }
      baseline_ = verify_ledger(options_);
      if (baseline_.verdict == Verdict::kVerified) {
        options_.ledger = changed();
        return {};
      }
    }
    std::string reason;
    for (const Check& check : baseline_.checks) {
      const bool bad =
          check.state == CheckState::kFail || check.state == CheckState::kIndeterminate;
      if (bad && reason.empty()) reason = check.id + ": " + check.reason;
    }
    return Error{baseline_.exit_code == 1 ? Code::kCorrupt : Code::kUnsupported,
                 "the ledger does not verify before anything is changed: " + reason,
                 "run 'phantom audit verify'"};
  }

  // The key that event 0 names.
  Result<VerifierKey> own_key() const {
    PH_ASSIGN(const auto rows, StoreReader::open(LedgerFiles{whole()}.db()));
    PH_ASSIGN(const std::vector<std::uint64_t> sizes, newest_commits(*rows, 1));
    if (sizes.empty()) return Error{Code::kNotFound, "there is no commit"};
    PH_ASSIGN(const Bytes entry, read_entry(*rows, sizes.back(), 0));
    EntryReader reader;
    PH_ASSIGN(const EntryFacts* facts, reader.read(entry, 0));
    if (!facts->keys || !facts->keys->log) return Error{Code::kCorrupt, "event 0 names no key"};
    return *facts->keys->log;
  }

  Status make_older(Dice& dice) {
    PH_ASSIGN(const std::vector<std::uint64_t> sizes, newest_commits(*rows_, kOlderCommitsMax));
    if (sizes.size() < 2) return {};
    const std::uint64_t size = sizes[dice.below(sizes.size() - 1)];
    PH_ASSIGN(const RowChanges changes, rewind_rows(*rows_, sizes.back(), size));
    PH_ASSIGN(const std::optional<std::string> note, rows_->get(rows::commit(size)));
    const fs::path older = directory_ / "older";
    PH_TRY(clone_copy(whole(), older));
    PH_TRY(write_rows(older, changes));
    PH_TRY(put_file(LedgerFiles{older}.head(), head_file_of(*note)));
    older_ = older;
    older_size_ = size;
    return {};
  }

  const fs::path& some_file(Dice& dice) const { return files_[dice.below(files_.size())]; }

  Done change_file(ByteChange change, Dice& dice) {
    const fs::path& name = some_file(dice);
    PH_ASSIGN(const Bytes bytes, read_file(whole() / name, kFileBytesMax));
    const std::optional<ChangedBytes> result = change_bytes(bytes, change, dice);
    if (!result) return nothing();
    PH_TRY(put_file(changed() / name, result->bytes));
    return done(name.string() + ": " + result->what);
  }

  Done change_store(RowChange change, Dice& dice) {
    PH_ASSIGN(const auto result, change_rows(*rows_, keys_, change, dice));
    if (!result) return nothing();
    PH_TRY(write_rows(changed(), result->changes));
    return done(result->what);
  }

  Done change_whole(WholeChange change, Dice& dice) {
    switch (change) {
      case WholeChange::kDeleteFile: {
        const fs::path& name = some_file(dice);
        std::error_code code;
        fs::remove(changed() / name, code);
        return done(name.string() + " deleted");
      }
      case WholeChange::kSwapFiles: {
        const fs::path& one = some_file(dice);
        const fs::path& two = some_file(dice);
        PH_ASSIGN(const Bytes first, read_file(whole() / one, kFileBytesMax));
        PH_ASSIGN(const Bytes second, read_file(whole() / two, kFileBytesMax));
        if (first == second) return nothing();
        PH_TRY(put_file(changed() / one, second));
        PH_TRY(put_file(changed() / two, first));
        return done(one.string() + " and " + two.string() + " swapped");
      }
      case WholeChange::kOlderFile:
        return put_older_file(dice);
      case WholeChange::kSwapHeadSlots: {
        const fs::path head = LedgerFiles{changed()}.head();
        PH_ASSIGN(Bytes bytes, read_file(head, kFileBytesMax));
        if (bytes.size() != kHeadFileBytes) return nothing();
        std::rotate(bytes.begin(), bytes.begin() + kHeadSlotBytes, bytes.end());
        PH_TRY(put_file(head, bytes));
        return done("the slots of head swapped");
      }
      case WholeChange::kOlderStore:
      case WholeChange::kOlderLedger: {
        if (!older_) return nothing();
        const bool head_too = change == WholeChange::kOlderLedger;
        PH_TRY(clone_copy(*older_, changed()));
        if (!head_too) {
          PH_ASSIGN(const Bytes head, read_file(LedgerFiles{whole()}.head(), kFileBytesMax));
          PH_TRY(put_file(LedgerFiles{changed()}.head(), head));
        }
        return done(std::string(head_too ? "store and head" : "store") + " of " +
                    std::to_string(older_size_) + " events put back");
      }
    }
    PH_CHECK(false, "every change is handled");
    return nothing();
  }

  // An older head alone is what every crash after a commit leaves, and no sign of anything.
  Done put_older_file(Dice& dice) {
    if (!older_) return nothing();
    PH_ASSIGN(std::vector<fs::path> names, evidence_files(*older_));
    std::erase_if(names, [](const fs::path& name) { return name == "head"; });
    const fs::path& name = names[dice.below(names.size())];
    PH_ASSIGN(const Bytes old, read_file(*older_ / name, kFileBytesMax));
    const Result<Bytes> now = read_file(whole() / name, kFileBytesMax);
    if (now.ok() && *now == old) return nothing();
    PH_TRY(put_file(changed() / name, old));
    return done(name.string() + " of " + std::to_string(older_size_) + " events put back");
  }

  fs::path directory_;
  std::function<VerifyReport(const VerifyOptions&)> verifier_;
  VerifyOptions options_;
  VerifyReport baseline_;
  Digest digest_{};
  std::unique_ptr<StoreReader> rows_;
  std::vector<std::string> keys_;
  std::vector<fs::path> files_;
  std::optional<fs::path> older_;
  std::uint64_t older_size_ = 0;
};

std::string caught_by(const VerifyReport& report) {
  for (const CheckState state : {CheckState::kFail, CheckState::kIndeterminate}) {
    for (const Check& check : report.checks) {
      if (check.state == state) return check.id;
    }
  }
  return "read error";
}

}  // namespace

std::vector<std::string> selftest_kinds() {
  std::vector<std::string> kinds(kByteNames.begin(), kByteNames.end());
  kinds.insert(kinds.end(), kWholeNames.begin(), kWholeNames.end());
  kinds.insert(kinds.end(), kRowNames.begin(), kRowNames.end());
  return kinds;
}

Result<SelftestReport> run_selftest(const SelftestOptions& options) {
  PH_ASSIGN(const ScratchDirectory scratch, ScratchDirectory::make());
  fs::path ledger;
  if (options.ledger) {
    ledger = *options.ledger;
    std::error_code code;
    if (!fs::exists(LedgerFiles{ledger}.db(), code)) {
      return Error{code ? Code::kDenied : Code::kNotFound,
                   "there is no ledger at " + ledger.string()};
    }
  } else {
    PH_ASSIGN(ledger, make_sample_ledger(scratch.path(), options.seed));
  }
  Bench bench(scratch.path(), options);
  Dice setup(options.seed);
  PH_TRY(bench.set_up(ledger, options.key, setup));

  SelftestReport report;
  report.head = *bench.baseline().head;
  const std::vector<std::string> kinds = selftest_kinds();
  for (std::uint64_t i = 0; i < options.changes; ++i) {
    const std::uint64_t number = options.first + i;
    Dice dice(Dice(options.seed ^ 0x5e1f7e57).next() + number);
    std::size_t kind = number % kKinds;
    std::optional<std::string> what;
    for (std::uint64_t tries = 1; !what; ++tries) {
      PH_ASSIGN(what, bench.apply(kind, dice));
      if (!what && tries % kTriesMax == 0) kind = dice.below(kKinds);
    }
    SelftestTally& tally = report.kinds[kinds[kind]];
    ++tally.made;
    const VerifyReport verdict = bench.verify();
    if (verdict.exit_code != 0) {
      ++tally.caught;
      ++report.caught_by[caught_by(verdict)];
    } else {
      const bool harmless = bench.reads_as_before();
      if (harmless) ++tally.harmless;
      if (!harmless) report.missed.push_back({number, kinds[kind], *what});
    }
    if (options.progress) options.progress(i + 1, options.changes);
  }
  return report;
}

}  // namespace phantom
