#pragma once
// A draft is an event that has no number yet; a receipt is what an appender gets back for it.
// Producers make drafts: arguments in, draft out, no I/O, no clock.

#include "events/types.h"
#include "schema/envelope_generated.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

using ActorKind = schema::ActorKind;
using Outcome = schema::Outcome;
using Reason = schema::Reason;

// Who acts and where; the same for every event of one run of the program.
struct Context {
  std::string component;  // cli, proxy, ledger
  std::string version;
  ActorKind actor_kind = ActorKind::Unknown;
  std::string actor_id;    // opaque
  std::string agent_tool;  // claude-code, codex, ... when known
  std::string session;     // empty outside a session
  std::string project;     // empty outside a project
};

// "Only if nothing with this tag happened after `last_seq`"; no last_seq: the tag must be unused.
struct Condition {
  std::string tag;
  std::optional<Seq> last_seq;
};

struct SealedField {
  std::string field;
  std::string subject;
  Bytes nonce;
  Bytes ciphertext;
};

// Plain text that becomes a sealed field before the draft leaves the process.
struct SealRequest {
  std::string field;
  std::string text;
};

struct Draft {
  EventId id{};  // all zero: the appender gives it one
  EventNo type = 0;
  std::int64_t occurred_ns = 0;  // 0: the appender stamps it, with mono_ns and boot_id
  std::int64_t mono_ns = 0;
  std::string boot_id;
  Context context;
  std::optional<Seq> cause_seq;
  std::string traceparent;
  Outcome outcome = Outcome::Ok;
  Reason reason = Reason::None;
  std::vector<std::string> tags;  // unique names, see events/tags.h
  std::vector<Condition> conditions;
  Bytes payload;  // a finished FlatBuffer of the type's table
  std::vector<SealRequest> to_seal;
  std::vector<SealedField> sealed;
};

// The process at the other end of the socket, as the kernel tells it.
struct Peer {
  std::uint32_t uid = 0;
  std::uint32_t pid = 0;
};

enum class Durability {
  kSynced,     // on disk, under a signed checkpoint
  kDuplicate,  // as kSynced; an earlier append with the same event id had put it there
};

struct Receipt {
  Seq seq = 0;
  Digest leaf_hash{};
  std::uint64_t checkpoint_size = 0;  // size of a signed checkpoint that covers the event
  Durability durability = Durability::kSynced;
};

}  // namespace phantom
