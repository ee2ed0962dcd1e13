#pragma once
// A small ledger to damage where there is no other: two epochs, a full bundle, a tail, many tags,
// tables and logs. Its keys come from the seed: whoever knows that can sign as it.

#include "events/result.h"

#include <filesystem>

namespace phantom {

// Makes a home below `directory` and gives the ledger's directory in it.
Result<std::filesystem::path> make_sample_ledger(const std::filesystem::path& directory,
                                                 std::uint64_t seed);

}  // namespace phantom
