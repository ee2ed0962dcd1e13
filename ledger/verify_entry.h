#pragma once
// What verification needs to know of one entry. Pure.

#include "events/result.h"
#include "events/types.h"
#include "ledger/checkpoint.h"
#include "ledger/prune.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// A key that an event puts in force. ledger/epoch_rules.h says what has to be true of it.
struct KeyNews {
  std::string origin;              // of ledger.created only
  std::optional<VerifierKey> log;  // of ledger.created only
  std::uint64_t epoch = 0;
  VerifierKey epoch_key;
  // Of ledger.epoch_announced only: what it closes.
  std::uint64_t closed_epoch = 0;
  Seq closed_first_seq = 0;
  std::uint64_t closed_events = 0;
};

struct TagFact {
  std::string_view name;
  Seq prev_seq = 0;
  std::uint64_t count = 0;
};

struct EntryFacts {
  EventId id{};
  EventNo type = 0;
  std::int64_t time_ns = 0;
  Seq commit_first_seq = 0;
  bool known_type = true;  // false: a type number this program has no schema for
  std::vector<TagFact> tags;
  std::optional<KeyNews> keys;
  std::optional<PruneRequest> prune;  // its number is not filled in
};

// Reads one entry after the other into the same memory. One thread.
class EntryReader {
 public:
  // Everything that can be said of an entry without its neighbours; good until the next call.
  // kCorrupt: it is not entry `seq`. kUnsupported: its format is newer.
  Result<const EntryFacts*> read(ByteView entry, Seq seq);

 private:
  Bytes entry_;    // on its own allocation, hence aligned
  Bytes payload_;  // the same
  EntryFacts facts_;
};

}  // namespace phantom
