#include "ledger/upgrade.h"

#include "events/encoding.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/rebuild.h"
#include "ledger/rows.h"
#include "ledger/store.h"
#include "ledger/store_reader.h"
#include "ledger/trust.h"
#include "ledger/verify.h"

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOldFormat = "phantom-ledger/1";

Error io_error(const std::string& what, const std::error_code& code) {
  return {Code::kIo, what + ": " + code.message()};
}

Error damaged(const std::string& what) {
  return {Code::kCorrupt, what,
          "nothing was changed; restore the ledger from a backup: phantom ledger restore DIR"};
}

// The rows of format 1: "b" be64(n) is a bundle of 256 entries, "t" be64(seq) one entry behind the
// last full bundle, "c" be64(size) a note.
class OldRows {
 public:
  explicit OldRows(const StoreReader& rows)
      : bundles_(rows.cursor(std::string(1, rows::kBundle))),
        tail_(rows.cursor(std::string(1, rows::kTail))),
        commits_(rows.cursor(std::string(1, rows::kCommit))) {}

  Status feed(StoreBuilder& builder, std::uint64_t total, const UpgradeOptions& options) {
    for (; commits_->valid(); commits_->next()) {
      const auto size = rows::number_of(commits_->key());
      if (!size || *size <= builder.size()) return damaged("a commit row has the wrong key");
      while (builder.size() < *size) {
        if (builder.size() % rows::kBundleEvents == 0 && options.progress) {
          options.progress(builder.size(), total);
        }
        PH_TRY(add_next(builder));
      }
      PH_TRY(builder.commit(std::string(commits_->value())));
    }
    for (const RowCursor* cursor : {bundles_.get(), tail_.get(), commits_.get()}) {
      PH_TRY(cursor->status());
    }
    if (tail_->valid() || bundles_->valid()) {
      return damaged("there are entries that no checkpoint covers");
    }
    return {};
  }

 private:
  Status add_next(StoreBuilder& builder) {
    const std::uint64_t n = builder.size() / rows::kBundleEvents;
    if (bundles_->valid() && bundles_->key() == rows::bundle(n)) {
      const auto entry =
          rows::entry_at(as_bytes(bundles_->value()), builder.size() % rows::kBundleEvents);
      if (!entry) return damaged("bundle " + std::to_string(n) + " does not split");
      PH_TRY(builder.add(*entry));
      if (builder.size() % rows::kBundleEvents == 0) bundles_->next();
      return {};
    }
    PH_TRY(bundles_->status());
    if (!tail_->valid() || tail_->key() != rows::tail(builder.size())) {
      PH_TRY(tail_->status());
      return damaged("event " + std::to_string(builder.size()) + " is missing");
    }
    PH_TRY(builder.add(as_bytes(tail_->value())));
    tail_->next();
    return {};
  }

  std::unique_ptr<RowCursor> bundles_;
  std::unique_ptr<RowCursor> tail_;
  std::unique_ptr<RowCursor> commits_;
};

class Upgrade {
 public:
  Upgrade(const Home& home, const UpgradeOptions& options)
      : home_(home), options_(options), files_{home.ledger()}, aside_{files_.upgrade()} {}

  Result<Upgraded> run() {
    PH_ASSIGN(const Lease lease, Lease::take_from_nobody(files_.lock()));
    PH_TRY(settle_earlier());
    {
      PH_ASSIGN(const std::unique_ptr<StoreReader> old, StoreReader::open(files_.db()));
      PH_ASSIGN(const bool wanted, read_state(*old));
      if (!wanted) {
        PH_TRY(remove_all(files_.db_before_upgrade()));
        return done_;
      }
      PH_TRY(remove_all(aside_.directory));
      PH_TRY(build(*old));
    }
    PH_TRY(verify_aside());
    PH_TRY(swap());
    done_.changed = true;
    return done_;
  }

 private:
  Status settle_earlier() const {
    std::error_code code;
    const bool cut_off =
        fs::exists(files_.db_before_upgrade(), code) && !fs::exists(files_.db(), code);
    if (!cut_off) return {};
    fs::rename(files_.db_before_upgrade(), files_.db(), code);
    if (code) return io_error("rename " + files_.db_before_upgrade().string(), code);
    return sync_directory(files_.directory);
  }

  // False: the format is the present one.
  Result<bool> read_state(const StoreReader& old) {
    PH_ASSIGN(const auto format, old.get(rows::meta("format")));
    if (!format) return damaged("the store does not say its format");
    done_.format_before = *format;
    done_.format = *format == rows::kPrunedFormat ? *format : rows::kFormat;
    PH_ASSIGN(const auto newest, last_row(old, rows::kCommit));
    if (!newest) return damaged("the store holds no commit");
    PH_ASSIGN(head_, parse_checkpoint(newest->second));
    done_.head = head_.checkpoint;
    if (rows::is_known_format(*format)) return false;
    if (*format != kOldFormat) {
      return Error{Code::kUnsupported, "the ledger has the format " + escape_terminal(*format),
                   "use a newer phantom"};
    }
    PH_ASSIGN(const auto key, pinned_key(home_, head_.checkpoint.origin));
    if (!key) {
      return Error{Code::kNotFound, "no key is pinned for this ledger, so it cannot be checked"};
    }
    key_ = *key;
    // A crash may leave the copy behind, and the writer that would mend it does not know the
    // format.
    PH_ASSIGN(const HeadFile copy, read_head_file(files_.head()));
    if (copy.newest && copy.newest->checkpoint.size > head_.checkpoint.size) {
      return Error{Code::kCorrupt,
                   "the store is older than its head copy: it was rolled back\nthe store says:\n" +
                       head_.note + "the copy says:\n" + copy.newest->note,
                   "keep the directory as evidence and run 'phantom ledger repair'"};
    }
    return true;
  }

  Status build(const StoreReader& old) {
    PH_TRY(make_private_directory(aside_.directory));
    PH_ASSIGN(const std::unique_ptr<Store> store, Store::create(aside_.db(), {}));
    StoreBuilder builder(*key_,
                         [&store](const RowChanges& changes) { return store->commit(changes); });
    OldRows rows(old);
    PH_TRY(rows.feed(builder, head_.checkpoint.size, options_));
    if (!builder.head() || builder.head()->note != head_.note) {
      return damaged("the newest checkpoint is not reached");
    }
    PH_ASSIGN(const std::string identity, store->identity());
    PH_TRY(builder.finish(identity));
    PH_TRY(store->compact());
    return store->close();
  }

  Status verify_aside() const {
    std::error_code code;
    fs::copy_file(files_.head(), aside_.head(), code);
    if (code) return io_error("copy " + files_.head().string(), code);
    VerifyOptions verify;
    verify.ledger = aside_.directory;
    verify.key = key_;
    verify.clock = options_.clock;
    PH_ASSIGN(const auto trust, pinned_checkpoint(home_, head_.checkpoint.origin));
    if (trust) verify.trust = trust->note;
    const VerifyReport report = verify_ledger(verify);
    for (const Check& check : report.checks) {
      if (check.state == CheckState::kFail) return damaged(check.id + ": " + check.reason);
    }
    if (report.head != head_.checkpoint) return damaged("the new store has another head");
    return {};
  }

  Status swap() const {
    std::error_code code;
    fs::rename(files_.db(), files_.db_before_upgrade(), code);
    if (code) return io_error("rename " + files_.db().string(), code);
    fs::rename(aside_.db(), files_.db(), code);
    if (code) return io_error("rename " + aside_.db().string(), code);
    PH_TRY(sync_directory(files_.directory));
    PH_TRY(remove_all(files_.db_before_upgrade()));
    return remove_all(aside_.directory);
  }

  static Status remove_all(const fs::path& path) {
    std::error_code code;
    fs::remove_all(path, code);
    if (code) return io_error("remove " + path.string(), code);
    return {};
  }

  Home home_;
  const UpgradeOptions& options_;
  LedgerFiles files_;
  LedgerFiles aside_;
  Upgraded done_;
  SignedCheckpoint head_;
  std::optional<VerifierKey> key_;
};

}  // namespace

Result<Upgraded> upgrade_ledger(const Home& home, const UpgradeOptions& options) {
  return Upgrade(home, options).run();
}

}  // namespace phantom
