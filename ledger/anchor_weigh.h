#pragma once
// What receipts of anchors say about a log, under a policy. Pure: whoever verifies a ledger, tiles
// or a bundle brings the receipts as bytes and answers questions about the log.

#include "ledger/anchor_files.h"
#include "ledger/timestamp.h"
#include "ledger/verify_report.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// The log under verification.
struct WeighedLog {
  std::string origin;
  std::uint64_t size = 0;
  // Beyond `size`: sizes that root_at can answer for as well, because they are proven to go on from
  // it. A receipt of one of them covers all of the log.
  std::uint64_t proven_size = 0;
  VerifierKey key;  // that its checkpoints must be signed by
  std::function<Result<Digest>(std::uint64_t size)> root_at;
  // True when the note carries a signature line that the log did not write.
  std::function<bool(const SignedCheckpoint&)> has_foreign_lines;
  TimestampCheck timestamps = nullptr;  // none: time stamps count for nothing
  // Ledger time of the oldest event at or after `size` that is not about anchoring itself; none
  // when there is none.
  std::function<Result<std::optional<std::int64_t>>(std::uint64_t size)> open_since_ns;
};

struct GoodReceipt {
  std::string anchor;
  std::string kind;
  std::uint64_t size = 0;
  std::int64_t vouched_ns = 0;  // 0 when the anchor vouches for no time
  bool counts = false;          // false: our own copy of something nobody else signed
};

struct AnchorOutcome {
  std::optional<Failure> failure;  // a contradiction, or the system's error
  CheckState state = CheckState::kSkipped;
  std::string reason;
  std::uint64_t covered = 0;  // events that the quorum, or a note given with --against, covers
  std::vector<GoodReceipt> good;
};

// `noted`: events that a note covers which the caller vouches for in another way; it counts for
// freshness, not for the quorum. Contradictions fail; what is missing is indeterminate; a policy
// whose bounds are exceeded gives kPolicy.
AnchorOutcome weigh_anchors(const LoadedPolicy& policy, const std::vector<AnchorReceipt>& receipts,
                            std::uint64_t noted, const WeighedLog& log, std::int64_t now_ns);

// The note without the cosignature lines of the policy's witnesses. kCorrupt: one of them does not
// verify. What is left is the log's own, or of keys that nobody here knows.
Result<SignedCheckpoint> without_cosignatures(const AnchorPolicy& policy,
                                              const SignedCheckpoint& note);

}  // namespace phantom
