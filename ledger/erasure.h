#pragma once
// An erasure that is under way, kept beside the keys so that a crash in the middle of one is
// brought to its end without reading the ledger. docs/FORMAT.md section 5.
//
//   keys/subjects/<id>.erasing   one line: "<id> <seq of the request> <event id of the completion>
//                                <commitment, hex>"
//
// It is written after the request is durable and before the key is touched, and removed after the
// completion is durable. The completion's event id is chosen beforehand: whoever records it again
// gets the first receipt.

#include "events/result.h"
#include "events/types.h"
#include "ledger/home.h"

#include <string>
#include <vector>

namespace phantom {

struct Erasure {
  std::string subject;
  Seq requested_seq = 0;
  EventId completed_id{};
  Digest commitment{};
};

Status begin_erasure(const Home& home, const Erasure& erasure);
// In order of id. kInvalid: a file that is none of these.
Result<std::vector<Erasure>> unfinished_erasures(const Home& home);
Status end_erasure(const Home& home, const std::string& subject);

}  // namespace phantom
