#pragma once
// Producers of the events about anchors: arguments in, draft out.

#include "events/draft.h"
#include "ledger/anchor_policy.h"
#include "ledger/checkpoint.h"

#include <cstdint>
#include <string>

namespace phantom {

// True for the events that anchoring itself leaves behind, here or in a teammate's ledger. They are
// no reason to anchor again: two ledgers that anchor to each other would never come to rest.
bool is_about_anchors(EventNo type);

Draft ledger_anchored(const Context& context, const AnchorSpec& anchor,
                      const Checkpoint& checkpoint, const Digest& receipt, std::int64_t vouched_ns);
Draft ledger_anchor_failed(const Context& context, const AnchorSpec& anchor, std::uint64_t size,
                           Reason reason);
// `other_size` and `other_root`: what the anchor holds; 0 and none when it did not say.
struct AnchorHolds {
  std::uint64_t size = 0;
  std::optional<Digest> root;
};
Draft ledger_anchor_conflict(const Context& context, const AnchorSpec& anchor, std::uint64_t size,
                             const AnchorHolds& other, const std::string& evidence);
Draft ledger_peer_recorded(const Context& context, const SignedCheckpoint& other);

}  // namespace phantom
