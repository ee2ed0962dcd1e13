#pragma once
// What ties each entry to the ones before it, as far as the entries alone can tell: time, tag
// links, commits and epochs. Pure.

#include "ledger/epoch_rules.h"
#include "ledger/reader.h"
#include "ledger/verify_entry.h"
#include "ledger/verify_report.h"

#include <optional>
#include <string>
#include <unordered_map>

namespace phantom {

class EntryChain {
 public:
  // `origin` is what the checkpoint says.
  explicit EntryChain(std::string origin) : epochs_(std::move(origin)) {}

  // Takes the next entry. A failure belongs to the check "entries".
  std::optional<Failure> add(const EntryFacts& facts);

  std::uint64_t size() const { return size_; }
  std::uint64_t commits() const { return commits_; }
  const EpochRules& epochs() const { return epochs_; }
  std::uint64_t unknown_types() const { return unknown_types_; }
  // The epoch key that signs the checkpoint over the first `size` events, 0 < size <= size().
  const VerifierKey& epoch_key_at(std::uint64_t size) const;

 private:
  Failure failure(std::string reason) const;
  std::optional<Failure> link_commit(const EntryFacts& facts);
  std::optional<Failure> link_tags(const EntryFacts& facts);
  std::optional<Failure> take_keys(const EntryFacts& facts);

  EpochRules epochs_;
  std::uint64_t size_ = 0;
  std::int64_t last_time_ns_ = 0;
  Seq commit_first_seq_ = 0;  // of the open commit
  std::unordered_map<std::string, TagState> tags_;
  std::uint64_t commits_ = 0;
  std::uint64_t unknown_types_ = 0;
};

}  // namespace phantom
