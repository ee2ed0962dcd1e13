#pragma once
// The rows of a store, made anew from entries and the notes of their commits. Everything is checked
// before a row of it goes out: numbers, times, tag links and epochs of the entries, the root and
// both signatures of each commit. Pure but for the sink; memory is bounded by one bundle, one tile
// per level, one batch of rows and all tag names.

#include "ledger/checkpoint.h"
#include "ledger/epoch_rules.h"
#include "ledger/store.h"
#include "ledger/tile_growth.h"
#include "ledger/verify_entry.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace phantom {

using RowSink = std::function<Status(const RowChanges&)>;

class StoreBuilder {
 public:
  // `log` is the key that must have signed everything.
  StoreBuilder(VerifierKey log, RowSink sink);

  // Remember the root at this size. Call before that many entries are added.
  void want(std::uint64_t size) { roots_[size]; }
  // None: the ledger ended before.
  std::optional<Digest> root_at(std::uint64_t size) const;

  // The next entry of the open commit. kCorrupt: it does not continue the ones before.
  Status add(ByteView entry);
  // Ends the open commit with its note, byte for byte. kCorrupt: it does not cover exactly what was
  // added, or a signature is not by the key in force.
  Status commit(const std::string& note);
  // Writes what is still open and the meta rows. `identity` is the one of the new store.
  Status finish(const std::string& identity);

  std::uint64_t size() const { return tiles_.size(); }
  std::uint64_t commits() const { return commits_; }
  // In force for the next commit; not before the first entry.
  const EpochRules::Epoch& epoch() const { return epochs_.epochs().back(); }
  // After the last commit.
  const std::optional<SignedCheckpoint>& head() const { return head_; }

 private:
  Error bad_entry(const std::string& why) const;
  Status link_tags(const EntryFacts& facts);
  void put(std::string key, std::string value);
  void put_bundle();
  void put_tail();
  Status flush();

  VerifierKey log_;
  RowSink sink_;
  RowChanges rows_;
  std::size_t row_bytes_ = 0;

  TileGrowth tiles_;
  struct OpenEntry {
    Seq commit_first_seq;
    Bytes bytes;
  };
  std::vector<OpenEntry> bundle_;  // entries since the last full bundle
  std::unordered_map<std::string, std::pair<Seq, std::uint64_t>> tags_;
  std::map<std::uint64_t, std::optional<Digest>> roots_;

  std::int64_t last_time_ns_ = 0;
  Seq commit_first_seq_ = 0;
  std::uint64_t commits_ = 0;
  EntryReader entries_;
  EpochRules epochs_;
  std::optional<SignedCheckpoint> head_;
};

}  // namespace phantom
