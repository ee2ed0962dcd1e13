#pragma once
// The first step of verification: everything that a span of events says without the events before
// it. Spans are the width of a tile of level 1, so that each is worked out on its own thread.

#include "events/result.h"
#include "ledger/store_reader.h"
#include "ledger/verify_entry.h"
#include "ledger/verify_report.h"

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom {

inline constexpr std::uint64_t kSpanEvents = 65'536;
inline constexpr unsigned kSpanHeight = 16;

// What a span says of one tag.
struct SpanTag {
  std::string name;
  Seq first_seq = 0;  // first event of the span with it, and what that event's link says
  Seq prev_seq = 0;
  std::uint64_t prev_count = 0;
  Seq last_seq = 0;
  std::uint64_t last_count = 0;
};

// The tags of a span, found by name. One thread.
class SpanTags {
 public:
  SpanTags();
  // Files an event under a tag. False when its link does not continue the span's last event with
  // the tag; `known` is that one then. `place` is the tag's place in its event: mostly the event
  // before has the same one there.
  bool add(const TagFact& fact, std::size_t place, Seq seq, const SpanTag*& known);
  const std::deque<SpanTag>& all() const { return tags_; }

 private:
  SpanTag* find(std::string_view name, std::uint64_t hash) const;
  void insert(std::uint64_t hash, SpanTag* tag);
  void grow();
  std::deque<SpanTag> tags_;
  static constexpr std::size_t kRecentPerPlace = 4;
  struct Recent {
    std::array<SpanTag*, kRecentPerPlace> tags{};
    std::size_t next = 0;
  };
  std::array<Recent, 4> recent_{};
  struct Slot {
    std::uint64_t hash = 0;
    SpanTag* tag = nullptr;
  };
  std::vector<Slot> slots_;
};

// 8 bytes of an id: two of them that are the same are likely to be one id.
std::uint64_t id_print(const EventId& id);

struct Span {
  Seq first = 0;  // a multiple of kSpanEvents
  std::uint64_t count = 0;
  // The first thing that is wrong with it; the events before it are in the fields below.
  std::optional<Failure> failure;

  std::uint64_t read = 0;  // entries of it: the others were removed, and only their hashes stay
  std::int64_t first_time_ns = 0;  // of those that were read
  std::int64_t last_time_ns = 0;
  SpanTags tags;
  std::vector<std::pair<Seq, KeyNews>> keys;
  std::vector<Seq> key_commits;          // commit_first_seq of each of `keys`
  std::vector<std::uint64_t> id_prints;  // one per event
  std::uint64_t oldest_id_ms = ~std::uint64_t{0};
  std::uint64_t unknown_types = 0;
  std::uint64_t commits = 0;  // that end in the span
  // nodes[h][i]: hash of the complete subtree of 2^h leaves at first + i * 2^h.
  std::vector<std::vector<Digest>> nodes;
};

// Reads and checks the entries [first, min(first + kSpanEvents, size)): rows, entries, times, links
// within the span, that each names the first event of its commit, hashes, and the tile of level 1.
// Of events before `first_kept` it reads the hashes that stay, and the entries that were kept.
Span read_span(const StoreReader& rows, Seq first, std::uint64_t size, Seq first_kept);

}  // namespace phantom
