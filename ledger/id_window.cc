#include "ledger/id_window.h"

#include "events/check.h"
#include "events/encoding.h"

namespace phantom {

std::uint64_t event_id_ms(const EventId& id) { return get_be64(id) >> 16; }

std::uint64_t IdWindow::fingerprint(const EventId& id) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  std::uint64_t print = (get_be64(id) * kOdd) ^ get_be64(ByteView(id).subspan(8));
  print ^= print >> 29;
  print *= kOdd;
  print ^= print >> 32;
  print *= kOdd;
  return print == 0 ? 1 : print;
}

bool IdWindow::covers(std::uint64_t id_ms) const {
  if (from_ == 0) return true;
  constexpr std::int64_t kNsPerMs = 1'000'000;
  return before_ns_ < 0 || static_cast<std::uint64_t>(before_ns_ / kNsPerMs) < id_ms;
}

void IdWindow::insert(std::uint64_t print, Seq seq) {
  std::size_t at = place(print);
  while (slots_[at].print != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {print, seq};
}

// Makes the table anew with the events of [from, to), with room for as many again.
void IdWindow::keep(Seq from, Seq to) {
  std::vector<Slot> old;
  old.swap(slots_);
  std::size_t size = 64;
  while (size < 4 * (to - from + 1)) size *= 2;
  slots_.resize(size);
  for (const Slot& slot : old) {
    if (slot.print != 0 && slot.seq >= from && slot.seq < to) insert(slot.print, slot.seq);
  }
}

void IdWindow::push_back(const EventId& id) {
  if (2 * (count() + 1) > slots_.size()) keep(from_, to_);
  insert(fingerprint(id), to_);
  ++to_;
}

void IdWindow::push_front(const std::vector<EventId>& ids, std::int64_t before_ns) {
  PH_CHECK(ids.size() <= from_, "events before event 0");
  const Seq first = from_ - ids.size();
  if (2 * (count() + ids.size() + 1) > slots_.size()) keep(first, to_);
  for (std::size_t i = 0; i < ids.size(); ++i) insert(fingerprint(ids[i]), first + i);
  from_ = first;
  before_ns_ = before_ns;
}

void IdWindow::truncate(Seq size) {
  PH_CHECK(size >= from_ && size <= to_, "id window");
  if (size == to_) return;
  to_ = size;
  keep(from_, to_);
}

void IdWindow::forget_before(Seq from, std::int64_t before_ns) {
  PH_CHECK(from >= from_ && from <= to_, "id window");
  from_ = from;
  before_ns_ = before_ns;
  keep(from_, to_);
}

}  // namespace phantom
