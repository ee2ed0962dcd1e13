#pragma once
// Whose turn it is at the ledger's socket, and who loses a place when all are taken. Pure.
//
// Turns go round the users first and round each user's connections second, so that a user with many
// connections gets no more than one with few. Of one user's connections those that had little to
// send last time come first: a flood waits behind a single event, not the other way round.

#include <cstdint>
#include <optional>
#include <vector>

namespace phantom {

struct Caller {
  std::uint64_t number = 0;
  std::uint32_t uid = 0;
  bool heavy = false;            // used its last turn up
  std::uint64_t last_round = 0;  // of its last turn
};

// The numbers, in the order of their turns.
std::vector<std::uint64_t> order_turns(std::vector<Caller> callers);

struct Place {
  std::uint64_t number = 0;
  std::uint32_t uid = 0;
  bool has_sent = false;  // a whole draft, ever
  std::int64_t heard_ns = 0;
};

// The place to take away: of the user with the most places, one that never sent anything, else the
// one that has been silent for longest. None when there is no place.
std::optional<std::uint64_t> place_to_free(const std::vector<Place>& places);

}  // namespace phantom
