#pragma once
// What this user trusts about ledgers, kept apart from them under `trust/`:
//   <ledger id>.vkey         the log's verifier key, one line, pinned when the ledger was created
//   <ledger id>.checkpoint   the newest checkpoint that was created or verified; only grows
//   <ledger id>.checkpoint.lost-<time>   one that a restored ledger, with a loss a person accepted,
//                            does not reach
// The ledger id is the last path element of the origin. docs/FORMAT.md section 1.

#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/home.h"

#include <optional>
#include <string>
#include <string_view>

namespace phantom {

// kInvalid: the origin does not end in a ledger id (32 lower-case hex digits).
Result<std::string> ledger_id_of(std::string_view origin);

// Pins a new ledger. `note` is its first checkpoint. kExists when another key is pinned for it.
Status pin_ledger(const Home& home, const VerifierKey& key, std::string_view note);

// None when nothing is pinned. kCorrupt: there is a pin and it does not read.
Result<std::optional<VerifierKey>> pinned_key(const Home& home, std::string_view origin);
Result<std::optional<SignedCheckpoint>> pinned_checkpoint(const Home& home,
                                                          std::string_view origin);

// True when any ledger was ever pinned here. kIo, kDenied.
Result<bool> any_pinned(const Home& home);

// Pure: the key that a pin's text holds. kInvalid when it holds none.
Result<VerifierKey> parse_pinned_key(std::string_view text);

// Pure: whether `next` takes the place of the remembered checkpoint. kDenied, kCorrupt as below.
enum class Advance { kReplace, kKeep };
Result<Advance> weigh_checkpoint(const std::optional<VerifierKey>& pinned,
                                 const std::optional<SignedCheckpoint>& remembered,
                                 const SignedCheckpoint& next);

// Remembers a checkpoint that was just verified. A smaller one is ignored. kDenied: its signature
// is not by the pinned key. kCorrupt: same size, other root than the one remembered.
Status advance_checkpoint(const Home& home, std::string_view note);

// After a loss that a person accepted: moves the checkpoint aside, to
// `<ledger id>.checkpoint.lost-<suffix>`, where it stays as evidence.
Status retire_checkpoint(const Home& home, std::string_view origin, std::string_view suffix);

}  // namespace phantom
