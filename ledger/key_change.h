#pragma once
// How the key files of a ledger are sealed, changed on record. docs/FORMAT.md section 5.

#include "events/draft.h"
#include "events/result.h"
#include "ledger/appender.h"
#include "ledger/home.h"
#include "ledger/key_seal.h"

#include <functional>
#include <optional>

namespace phantom {

// Makes the seal for the new files; called once, when the ledger is open and its old keys are at
// hand. None: the files become plain.
using MakeSeal = std::function<Result<std::optional<KeySeal>>()>;

// Takes the lease for as long as it takes, records ledger.keys_sealed, then writes every key file
// anew; after a failure it records that too. kBusy when another process holds the ledger: it would
// write its next epoch key the old way.
Result<Receipt> change_key_seal(const Home& home, const Context& context,
                                const AppenderOptions& options, const MakeSeal& make_seal);

}  // namespace phantom
