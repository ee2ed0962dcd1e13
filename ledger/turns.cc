#include "ledger/turns.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace phantom {

std::vector<std::uint64_t> order_turns(std::vector<Caller> callers) {
  std::sort(callers.begin(), callers.end(), [](const Caller& a, const Caller& b) {
    return std::tuple(a.heavy, a.last_round, a.number) <
           std::tuple(b.heavy, b.last_round, b.number);
  });
  std::map<std::uint32_t, std::size_t> seen;
  std::vector<std::pair<std::size_t, std::uint64_t>> order;
  order.reserve(callers.size());
  for (const Caller& caller : callers) order.emplace_back(seen[caller.uid]++, caller.number);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::uint64_t> numbers;
  numbers.reserve(order.size());
  for (const auto& [place, number] : order) numbers.push_back(number);
  return numbers;
}

std::optional<std::uint64_t> place_to_free(const std::vector<Place>& places) {
  std::map<std::uint32_t, std::size_t> held;
  for (const Place& place : places) ++held[place.uid];
  const auto least =
      std::min_element(places.begin(), places.end(), [&](const Place& a, const Place& b) {
        // More places first, so their number is compared the other way round.
        return std::tuple(held[b.uid], b.uid, a.has_sent, a.heard_ns) <
               std::tuple(held[a.uid], a.uid, b.has_sent, b.heard_ns);
      });
  if (least == places.end()) return std::nullopt;
  return least->number;
}

}  // namespace phantom
