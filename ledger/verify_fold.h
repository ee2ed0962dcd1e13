#pragma once
// The fold over all entries in order: everything that ties an entry to the ones before it, the
// stored tiles and every commit's checkpoint. Signatures are only collected here, since they can be
// checked on any thread.

#include "ledger/reader.h"
#include "ledger/store_reader.h"
#include "ledger/tree.h"
#include "ledger/verify_entry.h"
#include "ledger/verify_report.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace phantom {

// A commit's note and the two keys that must have signed it.
struct SignatureTask {
  std::uint64_t size = 0;
  std::string note;
  VerifierKey log;
  VerifierKey epoch;
};
// None when both signatures are there, verify, and nothing else is in the note.
std::optional<Failure> check_signatures(const SignatureTask& task);

class VerifyFold {
 public:
  VerifyFold(const StoreReader& rows, Checkpoint head);

  // Remember root, and the time of the entry that follows, at this size.
  void want(std::uint64_t size) { marks_[size]; }

  // Adds the next entry.
  std::optional<Failure> add(const EntryFacts& facts);
  // After the last one.
  std::optional<Failure> finish();

  std::uint64_t size() const { return range_.size(); }
  std::vector<SignatureTask> take_tasks() { return std::exchange(tasks_, {}); }

  struct Mark {
    std::optional<Digest> root;                // none: the ledger is smaller
    std::optional<std::int64_t> next_time_ns;  // none: no entry follows
  };
  const Mark& mark(std::uint64_t size) const { return marks_.at(size); }

  struct IdRow {
    EventId id;
    Seq seq;
    friend auto operator<=>(const IdRow&, const IdRow&) = default;
  };
  std::vector<IdRow>& ids() { return ids_; }
  const std::unordered_map<std::string, TagState>& tags() const { return tags_; }
  const std::optional<VerifierKey>& log_key() const { return log_key_; }
  std::uint64_t commits() const { return commits_; }
  std::uint64_t epochs() const { return epoch_; }
  std::uint64_t unknown_types() const { return unknown_types_; }

 private:
  Failure entry_failure(std::string reason) const;
  std::optional<Failure> link_tags(const EntryFacts& facts);
  std::optional<Failure> take_keys(const EntryFacts& facts);
  std::optional<Failure> grow(const Digest& leaf);
  std::optional<Failure> check_tile(unsigned level);
  std::optional<Failure> check_commit();

  const StoreReader& rows_;
  Checkpoint head_;
  CompactRange range_;
  std::vector<std::vector<Digest>> edges_;  // hashes of the open tile, per level
  std::vector<std::uint64_t> tiles_;        // complete tiles so far, per level
  std::vector<std::unique_ptr<RowCursor>> tile_cursors_;
  std::unique_ptr<RowCursor> commit_cursor_;
  std::vector<SignatureTask> tasks_;
  std::map<std::uint64_t, Mark> marks_;

  std::vector<IdRow> ids_;
  std::unordered_map<std::string, TagState> tags_;
  std::int64_t last_time_ns_ = 0;
  Seq commit_first_seq_ = 0;  // of the open commit
  std::optional<VerifierKey> log_key_;
  std::optional<VerifierKey> epoch_key_;
  std::optional<VerifierKey> next_epoch_key_;  // announced by the newest event of the open commit
  std::uint64_t epoch_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t unknown_types_ = 0;
};

}  // namespace phantom
