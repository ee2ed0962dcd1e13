#include "ledger/verify_base.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/id_window.h"
#include "ledger/rows.h"
#include "ledger/tag_table.h"

#include <algorithm>
#include <unordered_map>

namespace phantom {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

const TagFact* tag_of(const EntryFacts& facts, std::string_view name) {
  for (const TagFact& tag : facts.tags) {
    if (tag.name == name) return &tag;
  }
  return nullptr;
}

// The epoch in force at walk_from, by walking the epoch tag back.
Result<EpochRules::Epoch> epoch_at(const StoreReader& rows, const VerifyBase& base) {
  PH_ASSIGN(const std::optional<TagState> tag, read_tag(rows, kEpochTag));
  if (!tag) return Error{Code::kCorrupt, "the ledger announces no epoch key"};
  EntryReader reader;
  Seq at = tag->last_seq;
  for (std::uint64_t left = tag->count; left > 0; --left) {
    Bytes entry;
    if (at < base.walk_from) {
      PH_ASSIGN(entry, read_proven_entry(rows, base, at));
    } else {
      // Only its link is used here; the walk checks it.
      PH_ASSIGN(entry, read_entry(rows, base.rows_size, at));
    }
    PH_ASSIGN(const EntryFacts* facts, reader.read(entry, at));
    if (!facts->keys) return Error{Code::kCorrupt, "an event of another type has the epoch tag"};
    if (at < base.walk_from) {
      EpochRules::Epoch epoch;
      epoch.number = facts->keys->epoch;
      epoch.key = facts->keys->epoch_key;
      epoch.first_seq = at == 0 ? 0 : at + 1;
      return epoch;
    }
    const TagFact* link = tag_of(*facts, kEpochTag);
    if (link == nullptr || (left > 1 && link->prev_seq >= at)) break;
    at = link->prev_seq;
  }
  return Error{Code::kCorrupt,
               "the epoch before event " + number(base.walk_from) + " is not found"};
}

}  // namespace

Result<Bytes> read_proven_entry(const StoreReader& rows, const VerifyBase& base, Seq seq) {
  PH_ASSIGN(Bytes entry, read_entry(rows, base.rows_size, seq));
  const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
    return read_node(rows, base.rows_size, height, index);
  };
  PH_ASSIGN(const std::vector<Digest> proof, inclusion_proof(nodes, seq, base.size));
  if (!verify_inclusion(leaf_hash(entry), seq, base.size, proof, base.root)) {
    return Error{Code::kCorrupt,
                 "event " + number(seq) + " is not what the trusted checkpoint covers"};
  }
  return entry;
}

Result<VerifyBase> read_verify_base(const StoreReader& rows, const Checkpoint& trusted,
                                    const Checkpoint& head, Seq first_kept) {
  VerifyBase base;
  base.size = trusted.size;
  base.root = trusted.root;
  base.rows_size = head.size;
  base.walk_from = trusted.size / kSpanEvents * kSpanEvents;
  base.first_kept = first_kept;
  if (base.walk_from <= first_kept) return Error{Code::kNotFound, "nothing to skip"};
  for (int height = 63; height >= static_cast<int>(kSpanHeight); --height) {
    const auto h = static_cast<unsigned>(height);
    if ((base.walk_from >> h & 1) == 0) continue;
    PH_ASSIGN(const Digest hash, read_node(rows, head.size, h, base.range.size() >> h));
    base.range.append(hash, h);
  }
  const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
    return read_node(rows, head.size, height, index);
  };
  PH_ASSIGN(const Digest root, root_at(nodes, trusted.size));
  if (root != trusted.root) {
    return Error{Code::kCorrupt, "the stored tree has another root at " + number(trusted.size) +
                                     " events than the trusted checkpoint"};
  }
  EntryReader reader;
  PH_ASSIGN(const Bytes last, read_proven_entry(rows, base, base.walk_from - 1));
  PH_ASSIGN(const EntryFacts* facts, reader.read(last, base.walk_from - 1));
  base.last_time_ns = facts->time_ns;
  PH_ASSIGN(const Bytes first, read_proven_entry(rows, base, 0));
  PH_ASSIGN(const EntryFacts* created, reader.read(first, 0));
  if (!created->keys || !created->keys->log) {
    return Error{Code::kCorrupt, "the first event is not ledger.created"};
  }
  base.log_key = created->keys->log;
  PH_ASSIGN(base.epoch, epoch_at(rows, base));
  return base;
}

std::optional<Failure> check_outside_tag(const StoreReader& rows, const VerifyBase& base,
                                         const SpanTag& tag) {
  const auto bad = [&](const std::string& why) {
    return Failure{"entries",
                   "event " + number(tag.first_seq) + ": its link of tag " + tag.name +
                       " leads to event " + number(tag.prev_seq) + ", " + why,
                   tag.first_seq};
  };
  if (tag.prev_seq >= base.walk_from) return bad("which is not before it");
  const auto entry = read_proven_entry(rows, base, tag.prev_seq);
  const bool removed = tag.prev_seq < base.first_kept && !is_state_tag(tag.name);
  if (removed && !entry && entry.error().code == Code::kNotFound) return std::nullopt;
  if (!entry) return failure_of("entries", entry.error());
  EntryReader reader;
  const auto facts = reader.read(*entry, tag.prev_seq);
  if (!facts) return failure_of("entries", facts.error());
  const TagFact* link = tag_of(**facts, tag.name);
  if (link == nullptr || link->count != tag.prev_count) return bad("which is not the one before");
  return std::nullopt;
}

std::optional<Failure> check_outside_ids(const StoreReader& rows, const VerifyBase& base,
                                         std::uint64_t oldest_id_ms) {
  const std::uint64_t size = base.rows_size;
  // An event is never earlier than its id: with the walk's oldest id the search ends.
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  EntryReader reader;
  std::unordered_map<std::uint64_t, std::pair<EventId, Seq>> before;
  bool more = static_cast<std::uint64_t>(base.last_time_ns) / kNsPerMs >= oldest_id_ms;
  for (Seq end = base.walk_from; more && end > base.first_kept;) {
    const auto row = read_entry_row(rows, size, end - 1);
    if (!row) return failure_of("ids", row.error());
    const auto entries = rows::split_entries(as_bytes(row->bytes));
    if (!entries || entries->empty()) return Failure{"ids", "a row does not split", row->first};
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const auto facts = reader.read((*entries)[i], row->first + i);
      if (!facts) return failure_of("ids", facts.error());
      before[id_print((*facts)->id)] = {(*facts)->id, row->first + i};
      if (i == 0) {
        more = static_cast<std::uint64_t>((*facts)->time_ns) / kNsPerMs >= oldest_id_ms;
      }
    }
    end = row->first;
  }
  if (before.empty()) return std::nullopt;
  for (Seq next = base.walk_from; next < size;) {
    const auto row = read_entry_row(rows, size, next);
    if (!row) return failure_of("ids", row.error());
    const auto entries = rows::split_entries(as_bytes(row->bytes));
    if (!entries || entries->empty()) return Failure{"ids", "a row does not split", next};
    for (const ByteView entry : *entries) {
      const auto facts = reader.read(entry, next);
      if (!facts) return failure_of("ids", facts.error());
      const auto found = before.find(id_print((*facts)->id));
      if (found != before.end() && found->second.first == (*facts)->id) {
        return Failure{"ids",
                       "event id " + format_uuid((*facts)->id) +
                           " was recorded twice, first as event " + number(found->second.second),
                       next};
      }
      ++next;
    }
  }
  return std::nullopt;
}

}  // namespace phantom
