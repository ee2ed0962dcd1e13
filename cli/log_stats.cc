#include "cli/log_stats.h"

#include "events/catalog.h"
#include "events/render.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

enum Index { kType, kFamily, kOutcome, kActorKind, kAgentTool, kProject, kSecret, kHost };

std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : text->string_view();
}

}  // namespace

void ValueCounts::add(std::string_view value) {
  if (const auto at = counts_.find(value); at != counts_.end()) {
    ++at->second;
  } else if (counts_.size() < kDistinctMax) {
    counts_.emplace(value, 1);
  } else {
    ++others_;
  }
}

std::vector<std::pair<std::string, std::uint64_t>> ValueCounts::sorted() const {
  std::vector<std::pair<std::string, std::uint64_t>> all(counts_.begin(), counts_.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return all;
}

void LogStats::take(const schema::Entry& entry) {
  const EventInfo* info = find_event(entry.type());
  if (events == 0) {
    first_seq = entry.seq();
    first_ns = entry.time_ns();
  }
  ++events;
  last_seq = entry.seq();
  last_ns = entry.time_ns();
  const auto count = [&](Index index, std::string_view value) {
    if (!value.empty()) dimensions_[index].counts.add(value);
  };
  count(kType, info == nullptr ? "type-" + std::to_string(entry.type()) : info->name);
  count(kFamily, info == nullptr ? "unknown" : info->family);
  count(kOutcome, outcome_name(entry.outcome()));
  count(kActorKind, actor_kind_name(entry.actor_kind()));
  count(kAgentTool, view(entry.agent_tool()));
  count(kProject, view(entry.project()));
  if (entry.type() == event_no<schema::SessionStarted>()) ++sessions_started;
  if (entry.type() == event_no<schema::SessionEnded>()) ++sessions_ended;
  if (entry.sealed() != nullptr) sealed_fields += entry.sealed()->size();
  if (info == nullptr) return;
  if (info->exposure > Exposure::kMetadata && entry.tags() != nullptr) {
    for (const schema::Tag* tag : *entry.tags()) {
      const std::string_view name = view(tag->name());
      if (name.starts_with("secret:")) count(kSecret, name.substr(sizeof("secret:") - 1));
    }
  }
  const bool has_host = std::any_of(info->fields.begin(), info->fields.end(),
                                    [](const FieldInfo& field) { return field.name == "host"; });
  if (!has_host) return;
  payload_.read(entry);
  count(kHost, payload_.find("host").value_or(""));
}

}  // namespace phantom
