#pragma once
// An entry as people and programs read it. Everything here comes from the schema; a new event type
// needs no line of it.

#include "events/draft.h"
#include "events/result.h"

#include <functional>
#include <optional>
#include <string>

namespace phantom {

// Opens a sealed field, or says why it stays closed: kClosed, its subject was erased; kNotFound,
// the key is not here; kCorrupt, key or bytes do not fit; anything else, it was not tried.
using Unsealer = std::function<Result<std::string>(const EventId&, const SealedField&)>;

// One JSON object, no line breaks, "v":1 first. Integers above 2^53 and all times in ns are
// strings. `entry` is a parsed entry, `bytes` the same entry as stored.
std::string entry_to_json(const schema::Entry& entry, ByteView bytes, const Unsealer& unseal);

// One line for a terminal: number, time, type, outcome and the fields worth a glance. Escaped.
// With `unseal` sealed fields that nobody can open here are there as "argv=[erased s_...]" or
// "[key missing s_...]"; those that open are not shown.
std::string entry_to_line(const schema::Entry& entry, const Unsealer& unseal = {});

const char* outcome_name(Outcome outcome);
const char* reason_name(Reason reason);  // kebab-case
const char* actor_kind_name(ActorKind kind);

}  // namespace phantom
