#include "ledger/tag_table.h"

#include "events/encoding.h"
#include "ledger/rows.h"

namespace phantom {
namespace {

// A bound for the memory of a writer that lives for weeks.
constexpr std::size_t kEntriesMax = 65'536;

}  // namespace

Result<std::optional<TagState>> read_tag(const RowSource& rows, std::string_view tag) {
  PH_ASSIGN(const auto row, rows.get(rows::tag(tag)));
  if (!row) return std::optional<TagState>();
  if (row->size() != 16) {
    return Error{Code::kCorrupt, "tag row of " + std::string(tag) + " is damaged"};
  }
  return std::optional<TagState>(
      TagState{get_be64(as_bytes(*row)), get_be64(as_bytes(*row).subspan(8))});
}

Result<TagState> TagTable::find(const RowSource& rows, const std::string& tag) {
  if (const auto it = entries_.find(tag); it != entries_.end()) return it->second.state;
  PH_ASSIGN(const std::optional<TagState> stored, read_tag(rows, tag));
  const TagState state = stored.value_or(TagState{});
  entries_.emplace(tag, Entry{state, state, false});
  return state;
}

void TagTable::add(const std::string& tag, Seq seq) {
  const auto it = entries_.find(tag);
  PH_CHECK(it != entries_.end(), "a tag is looked up before it is used");
  Entry& entry = it->second;
  if (!entry.changed) {
    entry.changed = true;
    changed_.push_back(&*it);
  }
  entry.state = {seq, entry.state.count + 1};
}

void TagTable::write(RowChanges& changes) const {
  for (const auto* node : changed_) {
    const TagState& state = node->second.state;
    changes.puts.emplace_back(rows::tag(node->first), rows::tag_value(state.last_seq, state.count));
  }
}

void TagTable::keep() {
  for (auto* node : changed_) {
    node->second.before = node->second.state;
    node->second.changed = false;
  }
  changed_.clear();
  if (entries_.size() > kEntriesMax) entries_.clear();
}

void TagTable::take_back() {
  for (auto* node : changed_) {
    node->second.state = node->second.before;
    node->second.changed = false;
  }
  changed_.clear();
}

}  // namespace phantom
