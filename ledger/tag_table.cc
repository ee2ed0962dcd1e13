#include "ledger/tag_table.h"

#include "events/encoding.h"
#include "ledger/rows.h"

namespace phantom {
namespace {

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

Result<TagTable::Node*> TagTable::find(const RowSource& rows, const std::string& tag) {
  if (const auto it = entries_.find(tag); it != entries_.end()) return &*it;
  PH_ASSIGN(const std::optional<TagState> stored, read_tag(rows, tag));
  const TagState state = stored.value_or(TagState{});
  return &*entries_.emplace(tag, Entry{state, state, false}).first;
}

void TagTable::add(Node& tag, Seq seq) {
  Entry& entry = tag.second;
  if (!entry.changed) {
    entry.changed = true;
    changed_.push_back(&tag);
  }
  entry.state = {seq, entry.state.count + 1};
}

void TagTable::write(RowChanges& changes) const {
  for (const Node* tag : changed_) {
    const TagState& state = tag->second.state;
    changes.puts.emplace_back(rows::tag(tag->first), rows::tag_value(state.last_seq, state.count));
  }
}

void TagTable::keep() {
  for (Node* tag : changed_) {
    tag->second.before = tag->second.state;
    tag->second.changed = false;
  }
  changed_.clear();
}

void TagTable::take_back() {
  for (Node* tag : changed_) {
    tag->second.state = tag->second.before;
    tag->second.changed = false;
  }
  changed_.clear();
}

bool TagTable::is_crowded() const { return entries_.size() > kEntriesMax; }

void TagTable::clear() {
  PH_CHECK(changed_.empty(), "tags are cleared between commits");
  entries_.clear();
}

}  // namespace phantom
