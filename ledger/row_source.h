#pragma once
// Reading events and tree nodes out of rows. Pure but for the source they come from.

#include "events/result.h"
#include "events/types.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace phantom {

class RowSource {
 public:
  using Row = std::pair<std::string, std::string>;

  virtual ~RowSource() = default;
  virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;
  // The row with the greatest key that is not after `key` and starts with the same byte.
  virtual Result<std::optional<Row>> floor(std::string_view key) const = 0;
};

// The row with the greatest key of a kind.
Result<std::optional<RowSource::Row>> last_row(const RowSource& rows, char kind);

// The stored bytes of event `seq` of a ledger of `size` events. kNotFound past the end and for an
// event that was pruned, kCorrupt when its row is missing or does not split.
Result<Bytes> read_entry(const RowSource& rows, std::uint64_t size, Seq seq);

// The number of events at the beginning that were pruned; some of them may be kept.
Result<Seq> read_first_kept(const RowSource& rows);

// What there is to say of an event that was removed: kNotFound.
Error removed_event(Seq seq);

// The row that holds event `seq`: a bundle, or a tail run. `first` is its first event. kNotFound
// as for read_entry, also for an event of a pruned bundle that was kept.
struct EntryRow {
  Seq first = 0;
  std::string bytes;
};
Result<EntryRow> read_entry_row(const RowSource& rows, std::uint64_t size, Seq seq);

// Hash of the complete subtree of 2^height leaves at `index`. kNotFound when it is not complete.
Result<Digest> read_node(const RowSource& rows, std::uint64_t size, unsigned height,
                         std::uint64_t index);

}  // namespace phantom
