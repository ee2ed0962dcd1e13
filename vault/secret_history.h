#pragma once
// What the ledger tells about one secret: its versions and names, and how often it was used. A
// pure fold over the history of its tag, newest event first.

#include "events/draft.h"
#include "events/result.h"
#include "schema/envelope_generated.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// At most so many changes are kept, the newest; all are counted.
inline constexpr std::size_t kHistoryChangesMax = 1'000;

struct SecretChangeRow {
  Seq seq = 0;  // of the request
  std::int64_t time_ns = 0;
  std::string action;  // as in vault.change.requested
  std::string source;
  std::uint64_t version = 0;
  std::string name;         // full, as it was then
  std::string former_name;  // of a rename
  std::int64_t expires_ns = 0;
};

struct UseCount {
  std::uint64_t count = 0;
  std::optional<std::int64_t> last_ns;
  void add(std::int64_t time_ns);
};

struct SecretHistory {
  std::vector<SecretChangeRow> changes;  // newest first
  std::uint64_t changes_count = 0;
  std::map<std::string, UseCount> opened;  // by purpose
  UseCount revealed;                       // shown to a person
  UseCount exported;
  UseCount requests;  // that left with it
  UseCount denied;    // requests that were refused because of it
  UseCount synced;
  UseCount sessions;
  UseCount expired;                       // wanted after its time
  std::vector<std::string> former_names;  // newest first
};

// Folds events in the order in which a tag's history is walked.
class SecretHistoryFold {
 public:
  explicit SecretHistoryFold(std::string full_name) : name_(std::move(full_name)) {}

  // An event filed under the secret's tag. kCorrupt: an event that makes no sense. What follows it,
  // which is older, may be under another name: `name_changed` says so.
  enum class Next { kGoOn, kNameChanged };
  Result<Next> add(const schema::Entry& entry);

  // The name to walk on under.
  const std::string& name() const { return name_; }
  SecretHistory take() { return std::move(history_); }

 private:
  Result<Next> add_change(const schema::Entry& entry);

  std::string name_;
  SecretHistory history_;
  std::map<Seq, Outcome> completed_;  // requests whose end was seen, until the request itself
};

}  // namespace phantom
