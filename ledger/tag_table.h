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
  // A count of 0 means that the tag is unused.
  Result<TagState> find(const RowSource& rows, const std::string& tag);
  // Files event `seq` under the tag, whose state find() has just returned.
  void add(const std::string& tag, Seq seq);

  // The rows of all tags that changed since the last keep() or take_back().
  void write(RowChanges& changes) const;
  void keep();
  void take_back();

 private:
  struct Entry {
    TagState state;
    TagState before;  // at the last commit
    bool changed = false;
  };
  std::unordered_map<std::string, Entry> entries_;
  std::vector<std::pair<const std::string, Entry>*> changed_;  // nodes of entries_
};

}  // namespace phantom
