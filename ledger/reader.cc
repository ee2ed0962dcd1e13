#include "ledger/reader.h"

#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/rows.h"
#include "ledger/sequencer.h"
#include "ledger/store_reader.h"

namespace phantom {
namespace {

class SnapshotReader final : public LedgerReader {
 public:
  SnapshotReader(std::unique_ptr<StoreReader> store, SignedCheckpoint head)
      : store_(std::move(store)), head_(std::move(head)) {}

  const SignedCheckpoint& head() const override { return head_; }

  Result<bool> catch_up() override {
    PH_TRY(store_->catch_up());
    PH_ASSIGN(SignedCheckpoint head, newest(*store_));
    const bool moved = head.checkpoint.size > head_.checkpoint.size;
    if (moved) head_ = std::move(head);
    return moved;
  }

  Result<Bytes> entry(Seq seq) const override { return read_entry(*store_, size(), seq); }

  Status scan(Seq from, Seq to,
              const std::function<bool(Seq, const Bytes&)>& visit) const override {
    to = std::min(to, size());
    while (from < to) {
      const std::uint64_t n = from / rows::kBundleEvents;
      const Seq end = std::min(to, (n + 1) * rows::kBundleEvents);
      if ((n + 1) * rows::kBundleEvents > size()) {
        for (; from < end; ++from) {
          PH_ASSIGN(const Bytes bytes, entry(from));
          if (!visit(from, bytes)) return {};
        }
        continue;
      }
      PH_ASSIGN(const auto row, store_->get(rows::bundle(n)));
      const auto entries =
          row ? rows::split_bundle(as_bytes(*row), rows::kBundleEvents) : std::nullopt;
      if (!entries) {
        return Error{Code::kCorrupt,
                     "bundle " + std::to_string(n) + " is missing or does not split"};
      }
      for (; from < end; ++from) {
        if (!visit(from, to_bytes((*entries)[from % rows::kBundleEvents]))) return {};
      }
    }
    return {};
  }

  Result<std::optional<TagState>> tag(std::string_view tag) const override {
    return read_tag(*store_, tag);
  }

  Status history(std::string_view tag,
                 const std::function<bool(Seq, const Bytes&)>& visit) const override {
    PH_ASSIGN(std::optional<TagState> at, read_tag(*store_, tag));
    std::uint64_t left = at ? at->count : 0;
    while (left > 0) {
      PH_ASSIGN(const Bytes bytes, entry(at->last_seq));
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

  static Result<SignedCheckpoint> newest(const StoreReader& store) {
    PH_ASSIGN(const auto key, store.last_key(std::string(1, rows::kCommit)));
    if (!key) return Error{Code::kNotFound, "the ledger holds no commit"};
    PH_ASSIGN(const auto note, store.get(*key));
    if (!note) return Error{Code::kCorrupt, "the newest commit row cannot be read"};
    return parse_checkpoint(*note);
  }

 private:
  std::uint64_t size() const { return head_.checkpoint.size; }

  std::unique_ptr<StoreReader> store_;
  SignedCheckpoint head_;
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
  PH_ASSIGN(SignedCheckpoint head, SnapshotReader::newest(*store));
  return std::unique_ptr<LedgerReader>(
      std::make_unique<SnapshotReader>(std::move(store), std::move(head)));
}

}  // namespace phantom
