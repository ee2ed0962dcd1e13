#pragma once
// Counts over a stretch of the log, one event after the other, in bounded memory.

#include "events/payload.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom {

// How often each value came up. Values that appear first when there are kDistinctMax already share
// one count.
class ValueCounts {
 public:
  static constexpr std::size_t kDistinctMax = 10'000;

  void add(std::string_view value);
  // Most frequent first, equal ones by name.
  std::vector<std::pair<std::string, std::uint64_t>> sorted() const;
  std::uint64_t of_others() const { return others_; }
  bool cut() const { return others_ > 0; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::uint64_t others_ = 0;
};

class LogStats {
 public:
  void take(const schema::Entry& entry);

  std::uint64_t events = 0;
  Seq first_seq = 0;
  Seq last_seq = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::uint64_t sessions_started = 0;
  std::uint64_t sessions_ended = 0;
  std::uint64_t sealed_fields = 0;

  struct Dimension {
    const char* name;   // in JSON
    const char* title;  // in text
    ValueCounts counts;
  };
  // In the order they are shown.
  const std::vector<Dimension>& dimensions() const { return dimensions_; }

 private:
  std::vector<Dimension> dimensions_ = {
      {"types", "type", {}},          {"families", "family", {}},
      {"outcomes", "outcome", {}},    {"actor_kinds", "actor kind", {}},
      {"agent_tools", "agent", {}},   {"projects", "project", {}},
      {"secrets_used", "secret", {}}, {"hosts", "host", {}}};
  Payload payload_;
};

}  // namespace phantom
