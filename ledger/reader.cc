#include "ledger/reader.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/rows.h"
#include "ledger/store_reader.h"
#include "ledger/tag_table.h"

namespace phantom {
namespace {

class SnapshotReader final : public LedgerReader {
 public:
  SnapshotReader(std::unique_ptr<StoreReader> store, SignedCheckpoint head, Seq first_kept)
      : store_(std::move(store)), head_(std::move(head)), first_kept_(first_kept) {}

  const SignedCheckpoint& head() const override { return head_; }

  Result<bool> catch_up() override {
    PH_TRY(store_->catch_up());
    PH_ASSIGN(SignedCheckpoint head, newest(*store_));
    PH_ASSIGN(first_kept_, first_kept_of(*store_));
    const bool moved = head.checkpoint.size > head_.checkpoint.size;
    if (moved) head_ = std::move(head);
    return moved;
  }

  Seq first_kept() const override { return first_kept_; }

  Result<Bytes> entry(Seq seq) const override {
    if (seq >= first_kept_) return read_entry(*store_, size(), seq);
    // An engine that follows the store may still have removed rows in memory.
    PH_ASSIGN(const auto kept, store_->get(rows::kept(seq)));
    if (!kept) return removed_event(seq);
    return to_bytes(as_bytes(*kept));
  }

  Status scan(Seq from, Seq to,
              const std::function<bool(Seq, const Bytes&)>& visit) const override {
    to = std::min(to, size());
    from = std::max(from, first_kept_);
    while (from < to) {
      PH_ASSIGN(const EntryRow row, read_entry_row(*store_, size(), from));
      const auto entries = rows::split_entries(as_bytes(row.bytes));
      if (!entries || row.first + entries->size() <= from) {
        return Error{Code::kCorrupt,
                     "the row of event " + std::to_string(from) + " does not split"};
      }
      const Seq end = std::min(to, row.first + entries->size());
      for (; from < end; ++from) {
        if (!visit(from, to_bytes((*entries)[from - row.first]))) return {};
      }
    }
    return {};
  }

  Status commits(std::uint64_t after_size,
                 const std::function<bool(const SignedCheckpoint&)>& visit) const override {
    const auto cursor = store_->cursor(std::string(1, rows::kCommit), rows::commit(after_size + 1));
    for (; cursor->valid(); cursor->next()) {
      PH_ASSIGN(const SignedCheckpoint commit, parse_checkpoint(cursor->value()));
      if (commit.checkpoint.size > size()) return {};
      if (cursor->key() != rows::commit(commit.checkpoint.size)) {
        return Error{Code::kCorrupt, "a commit row has the wrong key"};
      }
      if (!visit(commit)) return {};
    }
    return cursor->status();
  }

  Result<std::optional<TagState>> tag(std::string_view tag) const override {
    return read_tag(*store_, tag);
  }

  Status history(std::string_view tag,
                 const std::function<bool(Seq, const Bytes&)>& visit) const override {
    PH_ASSIGN(std::optional<TagState> at, read_tag(*store_, tag));
    std::uint64_t left = at ? at->count : 0;
    while (left > 0) {
      auto read = entry(at->last_seq);
      if (!read.ok() && read.error().code == Code::kNotFound && at->last_seq < first_kept_) {
        return Error{Code::kNotFound, "older events of " + std::string(tag) +
                                          " were removed under a retention policy"};
      }
      if (!read.ok()) return std::move(read.error());
      const Bytes bytes = std::move(*read);
      PH_ASSIGN(const schema::Entry* parsed, parse_entry(bytes));
      const schema::Tag* link = nullptr;
      if (parsed->tags() != nullptr) {
        for (const schema::Tag* candidate : *parsed->tags()) {
          if (candidate->name()->string_view() == tag) link = candidate;
        }
      }
      const bool sound = link != nullptr && link->count() == left &&
                         (left == 1 || link->prev_seq() < at->last_seq);
      if (!sound) {
        return Error{Code::kCorrupt,
                     "the history of " + std::string(tag) + " is broken at event " +
                         std::to_string(at->last_seq),
                     "run 'phantom audit verify'"};
      }
      if (!visit(at->last_seq, bytes)) return {};
      at->last_seq = link->prev_seq();
      --left;
    }
    return {};
  }

  Result<Digest> node(unsigned height, std::uint64_t index) const override {
    return read_node(*store_, size(), height, index);
  }

  static Result<Seq> first_kept_of(const StoreReader& store) {
    PH_ASSIGN(const auto format, store.get(rows::meta("format")));
    if (!format || *format != rows::kPrunedFormat) return Seq{0};
    return read_first_kept(store);
  }

  static Result<SignedCheckpoint> newest(const StoreReader& store) {
    PH_ASSIGN(const auto row, last_row(store, rows::kCommit));
    if (!row) return Error{Code::kNotFound, "the ledger holds no commit"};
    return parse_checkpoint(row->second);
  }

 private:
  std::uint64_t size() const { return head_.checkpoint.size; }

  std::unique_ptr<StoreReader> store_;
  SignedCheckpoint head_;
  Seq first_kept_ = 0;
};

}  // namespace

Result<std::unique_ptr<LedgerReader>> open_reader(const std::filesystem::path& ledger) {
  std::error_code code;
  if (!std::filesystem::is_directory(ledger, code)) {
    if (code && code != std::errc::no_such_file_or_directory) {
      return Error{Code::kDenied, "cannot read " + ledger.string() + ": " + code.message()};
    }
    return Error{Code::kNotFound, "there is no ledger at " + ledger.string(),
                 "run 'phantom init' in a project, or 'phantom ledger init'"};
  }
  PH_ASSIGN(std::unique_ptr<StoreReader> store, StoreReader::open(LedgerFiles{ledger}.db()));
  PH_ASSIGN(const auto format, store->get(rows::meta("format")));
  if (format && !rows::is_known_format(*format)) {
    return Error{Code::kUnsupported,
                 "the ledger has format " + escape_terminal(*format) + ", this phantom reads " +
                     std::string(rows::kFormat) + " and " + std::string(rows::kPrunedFormat),
                 "an older one: run 'phantom ledger upgrade'; a newer one: use a newer phantom"};
  }
  return read_ledger(std::move(store));
}

Result<std::unique_ptr<LedgerReader>> read_ledger(std::unique_ptr<StoreReader> rows) {
  PH_ASSIGN(SignedCheckpoint head, SnapshotReader::newest(*rows));
  PH_ASSIGN(const Seq first_kept, SnapshotReader::first_kept_of(*rows));
  return std::unique_ptr<LedgerReader>(
      std::make_unique<SnapshotReader>(std::move(rows), std::move(head), first_kept));
}

}  // namespace phantom
