#pragma once
// The newest event and the count of each tag, in memory as far as they were used, from the rows
// where not. Changes of a commit that is not durable yet can be taken back. One thread.

#include "events/result.h"
#include "ledger/reader.h"
#include "ledger/row_source.h"
#include "ledger/store.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace phantom {

// The newest event with a tag, from the rows; none when the tag is unused.
Result<std::optional<TagState>> read_tag(const RowSource& rows, std::string_view tag);

class TagTable {
 public:
  struct Entry {
    TagState state;   // a count of 0: the tag is unused
    TagState before;  // at the last commit
    bool changed = false;
  };
  using Node = std::pair<const std::string, Entry>;

  // Good until clear().
  Result<Node*> find(const RowSource& rows, const std::string& tag);
  // Files event `seq` under the tag.
  void add(Node& tag, Seq seq);

  // The rows of all tags that changed since the last keep() or take_back().
  void write(RowChanges& changes) const;
  void keep();
  void take_back();

  // True when it holds more than a writer that lives for weeks should; clear() it when the rows
  // have all that it has.
  bool is_crowded() const;
  void clear();

 private:
  std::unordered_map<std::string, Entry> entries_;
  std::vector<Node*> changed_;
};

}  // namespace phantom
