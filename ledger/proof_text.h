#pragma once
// The text of a C2SP tlog-proof@v1. Pure.

#include "events/result.h"
#include "ledger/checkpoint.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct ProofText {
  Seq index = 0;
  std::vector<Digest> hashes;  // the leaf's sibling first
  SignedCheckpoint checkpoint;
};

std::string format_proof(const ProofText& proof);

// kInvalid: not a tlog-proof@v1. Checks neither hashes nor signatures.
Result<ProofText> parse_proof(std::string_view text);

}  // namespace phantom
