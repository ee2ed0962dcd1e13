#pragma once
// Our checkpoint on record in another ledger: an event there, with its proof. Pure.
//
//   phantom-peer-receipt/v1
//   <base64 of the event's entry>
//   <the C2SP tlog-proof@v1 of that entry, as text>

#include "events/result.h"
#include "ledger/checkpoint.h"

#include <string>
#include <string_view>

namespace phantom {

std::string format_peer_receipt(ByteView entry, std::string_view proof);

// Whether the ledger that `peer` signs holds an event that says it was shown `note`. kCorrupt with
// what is wrong.
Status check_peer_receipt(std::string_view receipt, std::string_view note, const VerifierKey& peer);

}  // namespace phantom
