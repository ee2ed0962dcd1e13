#pragma once
// The second step of verification: spans in order, each tied to everything before it. Quick, since
// only what spans say as wholes is looked at.

#include "ledger/epoch_rules.h"
#include "ledger/reader.h"
#include "ledger/tree.h"
#include "ledger/verify_report.h"
#include "ledger/verify_span.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace phantom {

// What was true at a size that is trusted: where a walk begins. A walk from event 0 needs none.
struct VerifyBase {
  std::uint64_t size = 0;       // trusted
  Digest root{};                // at that size
  std::uint64_t rows_size = 0;  // what the rows hold now
  Seq walk_from = 0;            // a multiple of kSpanEvents, at most `size`
  Seq first_kept = 0;           // events before it were removed
  CompactRange range;           // of walk_from leaves
  std::int64_t last_time_ns = 0;
  std::optional<VerifierKey> log_key;
  EpochRules::Epoch epoch;  // in force at walk_from
};

// What is needed to check the commits of one span, after the fold has taken it.
struct CommitContext {
  CompactRange range;                     // of the leaves before the span
  std::vector<EpochRules::Epoch> epochs;  // that sign in it
  VerifierKey log_key;
};

class VerifyFold {
 public:
  // `outside` says what is wrong with the link of a tag whose earlier event lies before the walk;
  // none when it is right. Not called in a walk from event 0.
  using OutsideTag = std::function<std::optional<Failure>(const SpanTag&)>;
  VerifyFold(const StoreReader& rows, const Checkpoint& head, const VerifyBase& base,
             OutsideTag outside);

  // Takes the next span. A failure is the first thing wrong that only the fold can see; the span's
  // own is not looked at.
  std::optional<Failure> add(const Span& span);
  // Of the span that was added last. Events after a failure have none.
  CommitContext context(const Span& span) const;
  // After the last span: the tiles above level 1, and no others.
  std::optional<Failure> finish();
  // Two events with one id, by their prints; the entries decide.
  std::optional<Failure> check_ids(unsigned threads);

  const std::unordered_map<std::string, TagState>& tags() const { return tags_; }
  // Tags whose event before the first one that stays was removed, by name.
  struct RemovedLink {
    Seq first_seq = 0;  // the event that stays
    TagState before;    // as its link says
  };
  const std::unordered_map<std::string, RemovedLink>& removed_links() const {
    return removed_links_;
  }
  const EpochRules& epochs() const { return epochs_; }
  std::uint64_t size() const { return range_.size(); }
  std::uint64_t commits() const { return commits_; }
  std::uint64_t unknown_types() const { return unknown_types_; }
  std::uint64_t oldest_id_ms() const { return oldest_id_ms_; }

 private:
  std::optional<Failure> link_tags(const Span& span);
  std::optional<Failure> take_keys(const Span& span);
  std::optional<Failure> grow(const Span& span);
  std::optional<Failure> check_tile(unsigned level, std::uint64_t n,
                                    const std::vector<Digest>& hashes) const;
  std::optional<Failure> find_repeat(std::uint64_t print) const;

  const StoreReader& rows_;
  Checkpoint head_;
  Seq walk_from_ = 0;
  Seq first_kept_ = 0;
  OutsideTag outside_;
  CompactRange range_;
  CompactRange range_before_;                       // of the span that was added last
  std::vector<std::vector<Digest>> edges_;          // hashes of the open tile, per level from 2 on
  std::vector<std::vector<std::uint64_t>> prints_;  // by their first byte
  std::unordered_map<std::string, TagState> tags_;
  std::unordered_map<std::string, RemovedLink> removed_links_;
  EpochRules epochs_;
  std::int64_t last_time_ns_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t unknown_types_ = 0;
  std::uint64_t oldest_id_ms_ = ~std::uint64_t{0};
};

}  // namespace phantom
