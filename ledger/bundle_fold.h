#pragma once
// One pass over the events of a bundle: what they are, what they hash to, what the query makes of
// them, and what events.jsonl says of them.

#include "ledger/bundle_read.h"
#include "ledger/epoch_rules.h"

#include <functional>
#include <map>

namespace phantom {

// What is wanted to know of a size of the log.
struct BundleMark {
  std::optional<Digest> root;                 // none: the bundle's hashes pass over this size
  std::optional<std::int64_t> next_time_ns;   // of the first event in the bundle from there on
  std::optional<std::int64_t> open_since_ns;  // of the first of them that is not about anchoring
};
using BundleMarks = std::map<std::uint64_t, BundleMark>;

struct BundleFold {
  // The first failure of each check; after one of `entries` nothing more was read.
  std::optional<Failure> entries;
  std::optional<Failure> tree;
  std::optional<Failure> cover;
  std::optional<Failure> rendering;
  bool same_schema = false;  // events.jsonl can be made again here
  BundleCounts counts;
  std::optional<Seq> lower;
  EpochRules epochs{std::string()};
  std::uint64_t unknown_types = 0;
  std::optional<std::int64_t> first_time_ns;
};

// Fills `marks`. Constant memory.
BundleFold fold_bundle(const ByteSource& source, const OpenBundle& opened, BundleMarks& marks,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace phantom
