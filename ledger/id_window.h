#pragma once
// The ids of the newest events, to tell a draft that is sent again from a new one.
//
// An event's id carries the millisecond it was made in, and the ledger never gives an event an
// earlier time than its id has (docs/FORMAT.md section 2.4). So an event with the id of a draft can
// only stand among those whose ledger time is not before the draft's id. The window covers the
// events from some point on; whoever uses it lets it grow backwards until it reaches far enough.

#include "events/types.h"

#include <vector>

namespace phantom {

// Milliseconds since 1970 that a UUIDv7 carries.
std::uint64_t event_id_ms(const EventId& id);

// Holds 8 bytes of each id: a match is a candidate, whose entry decides. One thread.
class IdWindow {
 public:
  // Covers nothing before `size`; the newest event before it has ledger time `time_ns`.
  IdWindow(Seq size = 0, std::int64_t time_ns = 0) : from_(size), to_(size), before_ns_(time_ns) {}

  // True when every event that could have this id is in the window.
  bool covers(std::uint64_t id_ms) const;
  Seq from() const { return from_; }
  std::uint64_t count() const { return to_ - from_; }

  // Grows at the end by the next event.
  void push_back(const EventId& id);
  // Grows at the front by the events right before it; `before_ns` is the time of the event before
  // `ids.front()`, of no meaning when that is event 0.
  void push_front(const std::vector<EventId>& ids, std::int64_t before_ns);
  // Takes back what was pushed at the end from `size` on.
  void truncate(Seq size);
  // Drops the oldest events; `before_ns` is the ledger time of event `from` - 1.
  void forget_before(Seq from, std::int64_t before_ns);

  // Calls `visit` with the events that may have the id until it returns true.
  template <class Visit>
  void candidates(const EventId& id, const Visit& visit) const {
    if (slots_.empty()) return;
    const std::uint64_t print = fingerprint(id);
    for (std::size_t at = place(print); slots_[at].print != 0;
         at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].print == print && visit(slots_[at].seq)) return;
    }
  }

 private:
  struct Slot {
    std::uint64_t print = 0;  // 0: free
    Seq seq = 0;
  };
  static std::uint64_t fingerprint(const EventId& id);
  std::size_t place(std::uint64_t print) const {
    return static_cast<std::size_t>(print >> 32) & (slots_.size() - 1);
  }
  void insert(std::uint64_t print, Seq seq);
  void keep(Seq from, Seq to);

  Seq from_ = 0;
  Seq to_ = 0;
  std::int64_t before_ns_ = 0;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
};

}  // namespace phantom
