#include "ledger/verify_entry.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/id_window.h"
#include "schema/events_generated.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>

namespace phantom {
namespace {

Error corrupt(std::string message) { return {Code::kCorrupt, std::move(message)}; }

std::string_view text(const flatbuffers::String* value) {
  return value == nullptr ? std::string_view() : value->string_view();
}

Result<VerifierKey> announced_key(const flatbuffers::String* vkey) {
  auto key = parse_verifier_key(text(vkey));
  if (!key) return corrupt("the key it announces: " + key.error().message);
  return key;
}

// `payload` is aligned and has passed the structural check of its type.
Result<std::optional<KeyNews>> read_keys(EventNo type, ByteView payload) {
  KeyNews news;
  if (type == event_no<schema::LedgerCreated>()) {
    const auto* created = flatbuffers::GetRoot<schema::LedgerCreated>(payload.data());
    news.origin = text(created->origin());
    news.epoch = 1;
    PH_ASSIGN(news.log, announced_key(created->log_vkey()));
    PH_ASSIGN(news.epoch_key, announced_key(created->epoch_vkey()));
    return std::optional(std::move(news));
  }
  if (type == event_no<schema::LedgerEpochAnnounced>()) {
    const auto* announced = flatbuffers::GetRoot<schema::LedgerEpochAnnounced>(payload.data());
    news.epoch = announced->epoch();
    PH_ASSIGN(news.epoch_key, announced_key(announced->epoch_vkey()));
    news.closed_epoch = announced->closed_epoch();
    news.closed_first_seq = announced->closed_first_seq();
    news.closed_events = announced->closed_events();
    return std::optional(std::move(news));
  }
  return std::optional<KeyNews>();
}

}  // namespace

Result<const EntryFacts*> EntryReader::read(ByteView stored, Seq seq) {
  entry_.assign(stored.begin(), stored.end());
  PH_ASSIGN(const schema::Entry* entry, parse_entry(entry_));
  if (entry->seq() != seq) {
    return corrupt("it carries the number " + std::to_string(entry->seq()));
  }
  facts_.id = event_id_of(*entry);
  facts_.type = entry->type();
  facts_.time_ns = entry->time_ns();
  facts_.commit_first_seq = entry->commit_first_seq();
  facts_.known_type = true;
  facts_.keys.reset();
  facts_.prune.reset();
  facts_.tags.clear();
  constexpr std::int64_t kNsPerMs = 1'000'000;
  if (facts_.time_ns < 0 ||
      event_id_ms(facts_.id) > static_cast<std::uint64_t>(facts_.time_ns / kNsPerMs)) {
    return corrupt("its id was made after its time");
  }

  bool epoch_tag = false;
  bool prune_tag = false;
  if (entry->tags() != nullptr) {
    for (const schema::Tag* tag : *entry->tags()) {
      const std::string_view name = tag->name()->string_view();
      if (!is_valid_tag(name)) return corrupt("it has a malformed tag");
      const auto same = [&](const TagFact& other) { return other.name == name; };
      if (std::any_of(facts_.tags.begin(), facts_.tags.end(), same)) {
        return corrupt("it has the tag " + std::string(name) + " twice");
      }
      epoch_tag = epoch_tag || name == kEpochTag;
      prune_tag = prune_tag || name == kPruneTag;
      facts_.tags.push_back({name, tag->prev_seq(), tag->count()});
    }
  }

  payload_.assign(entry->payload()->data(), entry->payload()->data() + entry->payload()->size());
  if (payload_.size() < 2 * sizeof(flatbuffers::uoffset_t)) {
    return corrupt("its payload is too short");
  }
  if (Status checked = check_payload(entry->type(), payload_); !checked.ok()) {
    if (checked.error().code != Code::kUnsupported) return std::move(checked.error());
    facts_.known_type = false;
  } else {
    PH_ASSIGN(facts_.keys, read_keys(entry->type(), payload_));
    PH_ASSIGN(facts_.prune, parse_prune_request(seq, entry->type(), payload_));
  }
  // The writer finds the key in force by this tag, so both always come together.
  if (epoch_tag != facts_.keys.has_value()) {
    return corrupt(epoch_tag ? "it has the epoch tag and announces no key"
                             : "it announces a key without the epoch tag");
  }
  const bool of_prune = entry->type() == event_no<schema::LedgerPruneRequested>() ||
                        entry->type() == event_no<schema::LedgerPruneCompleted>();
  if (prune_tag != of_prune) {
    return corrupt(prune_tag ? "it has the prune tag and is of no prune"
                             : "it is of a prune without the prune tag");
  }
  return &facts_;
}

}  // namespace phantom
