#include "proxy/sync_plan.h"

#include "vault/dotenv.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

enum class Reach { kElsewhere, kWithin, kBeyond };

// How the places of an entry lie to those of the target.
Reach reach_of(const RemoteEntry& entry, const SyncTarget& target) {
  std::size_t inside = 0;
  for (const std::string& place : entry.places) inside += has(target.places, place) ? 1U : 0U;
  if (inside == 0) return Reach::kElsewhere;
  return inside == entry.places.size() ? Reach::kWithin : Reach::kBeyond;
}

std::string places_beyond(const RemoteEntry& entry, const SyncTarget& target) {
  std::string text;
  for (const std::string& place : entry.places) {
    if (!has(target.places, place)) text += (text.empty() ? "" : ", ") + place;
  }
  return text;
}

PlannedItem item_of(const SyncTarget& target, const WantedSecret& wanted) {
  PlannedItem item;
  item.full_name = wanted.full_name;
  item.version = wanted.version;
  item.write.name = remote_name(target, wanted.full_name);
  item.write.value = wanted.value;
  return item;
}

PlannedItem blocked(PlannedItem item, SyncBlock block, std::string problem) {
  item.action = SyncAction::kBlocked;
  item.block = block;
  item.problem = std::move(problem);
  return item;
}

PlannedItem shared(PlannedItem item, const RemoteEntry& entry, const SyncTarget& target) {
  return blocked(std::move(item), SyncBlock::kShared,
                 "is one variable there for " + places_beyond(entry, target) +
                     " too; divide it on the platform first");
}

PlannedItem writing(PlannedItem item, SyncAction action) {
  item.action = action;
  item.write.action = action == SyncAction::kCreate   ? WriteAction::kCreate
                      : action == SyncAction::kDelete ? WriteAction::kDelete
                                                      : WriteAction::kUpdate;
  return item;
}

using Entries = std::vector<const RemoteEntry*>;

std::map<std::string, Entries> by_name(const Platform& platform,
                                       const std::vector<RemoteEntry>& remote) {
  std::map<std::string, Entries> names;
  for (const RemoteEntry& entry : remote) {
    names[platform.canonical_name(entry.name)].push_back(&entry);
  }
  return names;
}

void plan_one(const SyncTarget& target, PlannedItem item, const Entries& entries,
              std::vector<PlannedItem>& plan) {
  std::vector<std::string> missing = target.places;
  std::vector<PlannedItem> writes;
  for (const RemoteEntry* entry : entries) {
    const Reach reach = reach_of(*entry, target);
    if (reach == Reach::kElsewhere) continue;
    if (reach == Reach::kBeyond) {
      plan.push_back(shared(std::move(item), *entry, target));
      return;
    }
    std::erase_if(missing, [&](const std::string& place) { return has(entry->places, place); });
    if (entry->value && entry->value->equals(*item.write.value)) continue;
    PlannedItem update = writing(item, SyncAction::kUpdate);
    update.write.entry_id = entry->id;
    update.write.places = entry->places;
    writes.push_back(std::move(update));
  }
  if (!missing.empty()) {
    PlannedItem create = writing(item, SyncAction::kCreate);
    create.write.places = missing;
    create.write.siblings =
        entries.empty() ? WriteItem::Siblings::kNone : WriteItem::Siblings::kSome;
    writes.push_back(std::move(create));
  }
  if (writes.empty()) plan.push_back(std::move(item));
  for (PlannedItem& each : writes) plan.push_back(std::move(each));
}

void plan_deletion(const SyncTarget& target, const std::string& full_name, const Entries& entries,
                   std::vector<PlannedItem>& plan) {
  for (const RemoteEntry* entry : entries) {
    const Reach reach = reach_of(*entry, target);
    if (reach == Reach::kElsewhere) continue;
    PlannedItem item;
    item.full_name = full_name;
    item.write.name = entry->name;
    item.write.entry_id = entry->id;
    item.write.places = entry->places;
    plan.push_back(reach == Reach::kBeyond ? shared(std::move(item), *entry, target)
                                           : writing(std::move(item), SyncAction::kDelete));
  }
}

}  // namespace

const char* sync_action_name(SyncAction action) {
  switch (action) {
    case SyncAction::kCreate:
      return "create";
    case SyncAction::kUpdate:
      return "update";
    case SyncAction::kDelete:
      return "delete";
    case SyncAction::kUnchanged:
      return "unchanged";
    case SyncAction::kBlocked:
      return "blocked";
  }
  return "blocked";
}

const char* sync_block_name(SyncBlock block) {
  switch (block) {
    case SyncBlock::kNone:
      return "none";
    case SyncBlock::kName:
      return "invalid-name";
    case SyncBlock::kValue:
      return "invalid-value";
    case SyncBlock::kExpired:
      return "expired";
    case SyncBlock::kToken:
      return "platform-token";
    case SyncBlock::kShared:
      return "shared";
  }
  return "none";
}

std::string remote_name(const SyncTarget& target, std::string_view full_name) {
  return target.config.prefix + std::string(split_secret_name(full_name).name);
}

std::optional<std::string> full_name_of(const SyncTarget& target, std::string_view remote_name) {
  if (!remote_name.starts_with(target.config.prefix)) return std::nullopt;
  const std::string_view name = remote_name.substr(target.config.prefix.size());
  if (!is_valid_key(name)) return std::nullopt;
  std::string full = full_secret_name(target.environment, name);
  if (!is_valid_secret_name(full)) return std::nullopt;
  return full;
}

std::vector<PlannedItem> check_wanted(const Platform& platform, const SyncTarget& target,
                                      const std::vector<WantedSecret>& wanted) {
  std::map<std::string, unsigned> names;
  for (const WantedSecret& each : wanted) {
    ++names[platform.canonical_name(remote_name(target, each.full_name))];
  }
  std::vector<PlannedItem> items;
  for (const WantedSecret& each : wanted) {
    PlannedItem item = item_of(target, each);
    if (const auto problem = platform.name_problem(item.write.name)) {
      item = blocked(std::move(item), SyncBlock::kName, *problem);
    } else if (names[platform.canonical_name(item.write.name)] > 1) {
      item = blocked(std::move(item), SyncBlock::kName,
                     "is the same name there as another secret's, whatever their case");
    } else if (each.kind == WantedSecret::Kind::kPlatformToken) {
      item = blocked(std::move(item), SyncBlock::kToken,
                     "has the value of a platform's token, which goes to no platform");
    } else if (each.value == nullptr) {
      item = blocked(std::move(item), SyncBlock::kExpired, "is past its time");
    } else if (const auto trouble = platform.value_problem(*each.value)) {
      item = blocked(std::move(item), SyncBlock::kValue, "has a value that " + *trouble);
    } else {
      item = writing(std::move(item), SyncAction::kCreate);
      item.write.places = target.places;
    }
    items.push_back(std::move(item));
  }
  std::sort(items.begin(), items.end(),
            [](const PlannedItem& a, const PlannedItem& b) { return a.write.name < b.write.name; });
  return items;
}

std::vector<PlannedItem> plan_sync(const Platform& platform, const SyncTarget& target,
                                   const std::vector<WantedSecret>& wanted,
                                   const std::vector<RemoteEntry>& remote,
                                   const std::set<std::string>& prune) {
  const std::map<std::string, Entries> names = by_name(platform, remote);
  const auto entries_of = [&](const std::string& name) {
    const auto found = names.find(platform.canonical_name(name));
    return found == names.end() ? Entries{} : found->second;
  };
  std::vector<PlannedItem> plan;
  for (PlannedItem& item : check_wanted(platform, target, wanted)) {
    if (item.action == SyncAction::kBlocked) {
      plan.push_back(std::move(item));
      continue;
    }
    item.action = SyncAction::kUnchanged;
    const Entries entries = entries_of(item.write.name);
    plan_one(target, std::move(item), entries, plan);
  }
  for (const std::string& full_name : prune) {
    plan_deletion(target, full_name, entries_of(remote_name(target, full_name)), plan);
  }
  std::stable_sort(plan.begin(), plan.end(), [](const PlannedItem& a, const PlannedItem& b) {
    return a.write.name < b.write.name;
  });
  return plan;
}

std::vector<std::string> surplus_names(const Platform& platform, const SyncTarget& target,
                                       const std::set<std::string>& kept,
                                       const std::vector<RemoteEntry>& remote) {
  std::set<std::string> kept_there;
  for (const std::string& full_name : kept) {
    kept_there.insert(platform.canonical_name(remote_name(target, full_name)));
  }
  std::set<std::string> surplus;
  for (const RemoteEntry& entry : remote) {
    if (reach_of(entry, target) == Reach::kElsewhere) continue;
    if (kept_there.contains(platform.canonical_name(entry.name))) continue;
    // What phantom would never have written it does not delete either.
    if (platform.name_problem(entry.name)) continue;
    if (const auto full = full_name_of(target, entry.name)) surplus.insert(*full);
  }
  return {surplus.begin(), surplus.end()};
}

std::vector<PulledItem> plan_pull(const SyncTarget& target,
                                  const std::vector<RemoteEntry>& remote) {
  std::map<std::string, PulledItem> items;
  for (const RemoteEntry& entry : remote) {
    if (reach_of(entry, target) == Reach::kElsewhere) continue;
    if (!entry.name.starts_with(target.config.prefix)) continue;
    const auto [found, is_new] = items.emplace(entry.name, PulledItem{});
    PulledItem& item = found->second;
    if (is_new) {
      item.name = entry.name;
      const auto full = full_name_of(target, entry.name);
      item.full_name = full.value_or("");
      item.value = entry.value ? &*entry.value : nullptr;
      item.state = !full         ? PulledItem::State::kBadName
                   : entry.value ? PulledItem::State::kValue
                                 : PulledItem::State::kHidden;
      continue;
    }
    const bool same = item.value != nullptr && entry.value && item.value->equals(*entry.value);
    if (item.state != PulledItem::State::kBadName && !same) {
      item.state = PulledItem::State::kAmbiguous;
      item.value = nullptr;
    }
  }
  std::vector<PulledItem> plan;
  for (auto& [name, item] : items) plan.push_back(std::move(item));
  return plan;
}

}  // namespace phantom
