#pragma once
// What stands beside a published log, in the same place, and is checked in the same walk over its
// entries: what makes a backup more than a published log.

#include "ledger/entry_chain.h"
#include "ledger/verify_report.h"
#include "ledger/verify_tiles.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

class TileCompanion {
 public:
  virtual ~TileCompanion() = default;

  // Ids of its checks, in order; in the report they follow "ids". Each must pass for rung L1.
  virtual std::vector<std::string_view> checks() const = 0;
  // Whether a file is its own, rather than one too many in the log.
  virtual bool owns(const std::string& path) const = 0;

  // Called first, with the checkpoint as published.
  virtual std::optional<Failure> begin(const SignedCheckpoint& head, VerifyReport& report) = 0;
  // A commit, in order: it ends at `size`, where the log has this root. `epochs` knows the events
  // up to there. What is wrong is kept for conclude(): whether the entries are the signed ones is
  // not known yet.
  virtual void take_commit(std::uint64_t size, const Digest& root, const EpochRules& epochs) = 0;
  // Called now and then, for work that `threads` can share.
  virtual void catch_up(unsigned threads) = 0;
  // Called when the entries and tiles are known to be what the checkpoint signs.
  virtual std::optional<Failure> conclude(const EpochRules& epochs, VerifyReport& report) = 0;
};

// Verifies a published log together with what stands beside it; null for nothing.
VerifyReport verify_tiles_with(const TileSource& source, const VerifyOptions& options,
                               TileCompanion* companion);

}  // namespace phantom
