#pragma once
// Epoch keys make the log forward secure: the next epoch's public key is announced in an event
// under the current one, then the current secret is destroyed, so that a key stolen today cannot
// sign for yesterday. docs/FORMAT.md section 5.
//
// Steps of a change, and what a crash after each leaves:
//   1. secret of epoch n+1 durable on disk   -> no announcement: the file is removed at open
//   2. announcement committed under epoch n  -> at open: epoch n+1 is in force, file n is destroyed
//   3. secret of epoch n destroyed           -> done

#include "events/draft.h"
#include "events/result.h"
#include "ledger/row_source.h"
#include "ledger/signer.h"

#include <filesystem>

namespace phantom {

struct EpochState {
  std::uint64_t number = 1;
  std::string vkey;
  Seq announced_at = 0;
};

// The epoch in force for the next commit, from the newest event with the epoch tag.
Result<EpochState> read_epoch(const RowSource& rows, std::uint64_t size);

// Producers.
Draft ledger_created(const Context& context, const std::string& origin,
                     const std::string& ledger_id, const std::string& log_vkey,
                     const std::string& epoch_vkey);
Draft epoch_announced(const Context& context, std::uint64_t epoch, const std::string& vkey);

// Removes every epoch key file but the one in force.
Status destroy_other_epoch_keys(const std::filesystem::path& keys, std::uint64_t in_force);

}  // namespace phantom
