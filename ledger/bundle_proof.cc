#include "ledger/bundle_proof.h"

#include <algorithm>
#include <bit>

namespace phantom {

Status for_each_gap_subtree(
    std::uint64_t from, std::uint64_t to,
    const std::function<Status(unsigned height, std::uint64_t index)>& visit) {
  while (from < to) {
    const auto fits = static_cast<unsigned>(std::bit_width(to - from)) - 1;
    const auto aligned = from == 0 ? fits : static_cast<unsigned>(std::countr_zero(from));
    const unsigned height = std::min(fits, aligned);
    PH_TRY(visit(height, from >> height));
    from += std::uint64_t{1} << height;
  }
  return {};
}

}  // namespace phantom
