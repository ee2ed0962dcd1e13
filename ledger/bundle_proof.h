#pragma once
// The proof of a bundle: some leaves of a tree are there, and what lies between them is covered by
// hashes. From left to right, each gap is cut into the biggest complete subtrees that fit. No set
// of complete subtrees that covers the gaps is smaller. docs/FORMAT.md section 15. Pure.

#include "events/result.h"
#include "events/types.h"

#include <cstdint>
#include <functional>

namespace phantom {

// Calls `visit` for each subtree of the gap [from, to), in order: 2^height leaves from
// index * 2^height on. Errors pass through.
Status for_each_gap_subtree(
    std::uint64_t from, std::uint64_t to,
    const std::function<Status(unsigned height, std::uint64_t index)>& visit);

}  // namespace phantom
