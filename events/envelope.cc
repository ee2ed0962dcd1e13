#include "events/envelope.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/limits.h"
#include "events/sha256.h"
#include "events/tags.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <set>

namespace phantom {
namespace {

namespace fb = flatbuffers;

constexpr char kDraftIdentifier[] = "PHDR";
constexpr char kEntryIdentifier[] = "PHEN";
constexpr fb::uoffset_t kDepthMax = 8;
constexpr fb::uoffset_t kTablesMax = 2'048;

schema::Id16 to_schema(const EventId& id) {
  return schema::Id16(flatbuffers::span<const std::uint8_t, 16>(id.data(), id.size()));
}

EventId from_schema(const schema::Id16& id) {
  EventId out{};
  std::copy(id.bytes()->begin(), id.bytes()->end(), out.begin());
  return out;
}

fb::Offset<fb::String> text(fb::FlatBufferBuilder& builder, const std::string& value) {
  return value.empty() ? fb::Offset<fb::String>() : builder.CreateString(value);
}

std::string text(const fb::String* value) { return value == nullptr ? "" : value->str(); }

using SealedVector = fb::Offset<fb::Vector<fb::Offset<schema::SealedField>>>;

SealedVector encode_sealed(fb::FlatBufferBuilder& builder, const std::vector<SealedField>& fields) {
  if (fields.empty()) return {};
  std::vector<fb::Offset<schema::SealedField>> offsets;
  for (const SealedField& field : fields) {
    offsets.push_back(schema::CreateSealedField(
        builder, builder.CreateString(field.field), builder.CreateString(field.subject),
        builder.CreateVector(field.nonce), builder.CreateVector(field.ciphertext)));
  }
  return builder.CreateVector(offsets);
}

// What drafts and entries have in common, written into the builder in one order.
struct Parts {
  Parts(fb::FlatBufferBuilder& builder, const Draft& draft)
      : sealed(encode_sealed(builder, draft.sealed)),
        payload(builder.CreateVector(draft.payload)),
        boot_id(text(builder, draft.boot_id)),
        component(text(builder, draft.context.component)),
        version(text(builder, draft.context.version)),
        actor_id(text(builder, draft.context.actor_id)),
        agent_tool(text(builder, draft.context.agent_tool)),
        session(text(builder, draft.context.session)),
        project(text(builder, draft.context.project)),
        traceparent(text(builder, draft.traceparent)),
        id(to_schema(draft.id)) {}

  SealedVector sealed;
  fb::Offset<fb::Vector<std::uint8_t>> payload;
  fb::Offset<fb::String> boot_id;
  fb::Offset<fb::String> component;
  fb::Offset<fb::String> version;
  fb::Offset<fb::String> actor_id;
  fb::Offset<fb::String> agent_tool;
  fb::Offset<fb::String> session;
  fb::Offset<fb::String> project;
  fb::Offset<fb::String> traceparent;
  schema::Id16 id;
};

Bytes finished(const fb::FlatBufferBuilder& builder) {
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

// Parts of a FlatBuffer may lie on top of each other, and a few bytes then say very much. The
// encoders lay everything out once, so what the parts hold is never more than the buffer.
template <class... Parts>
std::size_t bytes_of(const Parts*... parts) {
  return (std::size_t{0} + ... + (parts == nullptr ? 0 : std::size_t{parts->size()}));
}
constexpr std::size_t kTableBytesMin = 8;  // the offset of a table, and of its layout

std::size_t bytes_of_sealed(const fb::Vector<fb::Offset<schema::SealedField>>* fields) {
  std::size_t bytes = 0;
  if (fields == nullptr) return bytes;
  for (const schema::SealedField* field : *fields) {
    bytes += kTableBytesMin +
             bytes_of(field->field(), field->subject(), field->nonce(), field->ciphertext());
  }
  return bytes;
}

template <class Table>
std::size_t bytes_of_parts(const Table& table) {
  return bytes_of_sealed(table.sealed()) +
         bytes_of(table.payload(), table.boot_id(), table.component(), table.version(),
                  table.actor_id(), table.agent_tool(), table.session(), table.project(),
                  table.traceparent());
}

std::size_t bytes_of_content(const schema::Entry& entry) {
  std::size_t bytes = bytes_of_parts(entry);
  if (entry.tags() == nullptr) return bytes;
  for (const schema::Tag* tag : *entry.tags()) bytes += kTableBytesMin + bytes_of(tag->name());
  return bytes;
}

std::size_t bytes_of_content(const schema::Draft& draft) {
  std::size_t bytes = bytes_of_parts(draft);
  if (draft.tags() != nullptr) {
    for (const fb::String* tag : *draft.tags()) bytes += kTableBytesMin + bytes_of(tag);
  }
  if (draft.conditions() != nullptr) {
    for (const schema::Condition* condition : *draft.conditions()) {
      bytes += kTableBytesMin + bytes_of(condition->tag());
    }
  }
  return bytes;
}

// The size prefix is what rules out bytes after the end: the verifier compares it.
template <class Table>
Result<const Table*> verified(ByteView bytes, const char* identifier, const char* what) {
  PH_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 == 0, "FlatBuffer is not aligned");
  const auto bad = [&](const char* why) {
    return Error{Code::kCorrupt, std::string(what) + ": " + why};
  };
  if (bytes.size() < 16) return bad("too short");
  if (bytes.size() > kEntryBytesMax) return bad("too long");
  fb::Verifier verifier(bytes.data(), bytes.size(), kDepthMax, kTablesMax);
  if (!verifier.VerifySizePrefixedBuffer<Table>(identifier)) return bad("malformed");
  const auto* table = fb::GetSizePrefixedRoot<Table>(bytes.data());
  if (bytes_of_content(*table) > bytes.size()) return bad("its parts overlap");
  return table;
}

// What only matters of a draft from another process: once committed, it would stay in the ledger
// and fail every verification.
Status check_submitted(const Draft& draft) {
  const Status payload = check_payload(draft.type, draft.payload);
  if (!payload.ok() && payload.error().code != Code::kUnsupported) {
    return Error{Code::kInvalid, "draft: " + payload.error().message};
  }
  return {};
}

// The history of a session, project or actor is what is filed under it: who asks by the tag must
// get every event that names it.
bool is_filed_under(const std::vector<std::string>& tags, std::string_view kind,
                    std::string_view name) {
  return std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
    return tag.size() == kind.size() + name.size() && tag.starts_with(kind) && tag.ends_with(name);
  });
}

}  // namespace

Result<ByteView> EntryEncoder::encode(const Draft& draft, const Sequencing& sequencing) {
  PH_CHECK(draft.tags.size() == sequencing.tag_links.size(), "one link per tag");
  builder_.Clear();
  tags_.clear();
  for (std::size_t i = 0; i < draft.tags.size(); ++i) {
    const Sequencing::TagLink& link = sequencing.tag_links[i];
    tags_.push_back(schema::CreateTag(builder_, builder_.CreateString(draft.tags[i]), link.prev_seq,
                                      link.count));
  }
  const auto tag_vector = builder_.CreateVector(tags_);
  const Parts parts(builder_, draft);
  const auto peer_uid = sequencing.peer ? std::optional(sequencing.peer->uid) : std::nullopt;
  const auto peer_pid = sequencing.peer ? std::optional(sequencing.peer->pid) : std::nullopt;
  builder_.FinishSizePrefixed(
      schema::CreateEntry(builder_, kEntryFormat, sequencing.seq, &parts.id, draft.type,
                          sequencing.time_ns, draft.occurred_ns, draft.mono_ns, parts.boot_id,
                          parts.component, parts.version, draft.context.actor_kind, parts.actor_id,
                          peer_uid, peer_pid, parts.agent_tool, parts.session, parts.project,
                          draft.cause_seq, parts.traceparent, draft.outcome, draft.reason,
                          tag_vector, parts.payload, parts.sealed, sequencing.commit_first_seq),
      kEntryIdentifier);
  if (builder_.GetSize() > kEntryBytesMax) {
    return Error{Code::kLimit, "event of " + std::to_string(builder_.GetSize()) +
                                   " bytes is larger than an entry may be"};
  }
  return ByteView(builder_.GetBufferPointer(), builder_.GetSize());
}

Result<Bytes> encode_entry(const Draft& draft, const Sequencing& sequencing) {
  EntryEncoder encoder;
  PH_ASSIGN(const ByteView entry, encoder.encode(draft, sequencing));
  return to_bytes(entry);
}

Result<const schema::Entry*> parse_entry(ByteView bytes) {
  PH_ASSIGN(const schema::Entry* entry, verified<schema::Entry>(bytes, kEntryIdentifier, "entry"));
  if (entry->format() != kEntryFormat) {
    return Error{Code::kUnsupported,
                 "entry of format " + std::to_string(entry->format()) + ", this phantom reads " +
                     std::to_string(kEntryFormat),
                 "use a newer phantom"};
  }
  return entry;
}

Bytes encode_draft(const Draft& draft) {
  fb::FlatBufferBuilder builder(1024);
  std::vector<fb::Offset<schema::Condition>> conditions;
  for (const Condition& condition : draft.conditions) {
    conditions.push_back(
        schema::CreateCondition(builder, builder.CreateString(condition.tag), condition.last_seq));
  }
  const auto condition_vector = builder.CreateVector(conditions);
  const auto tags = builder.CreateVectorOfStrings(draft.tags);
  const Parts parts(builder, draft);
  builder.FinishSizePrefixed(
      schema::CreateDraft(builder, &parts.id, draft.type, draft.occurred_ns, draft.mono_ns,
                          parts.boot_id, parts.component, parts.version, draft.context.actor_kind,
                          parts.actor_id, parts.agent_tool, parts.session, parts.project,
                          draft.cause_seq, parts.traceparent, draft.outcome, draft.reason, tags,
                          condition_vector, parts.payload, parts.sealed),
      kDraftIdentifier);
  return finished(builder);
}

Status check_draft(const Draft& draft) {
  const auto bad = [](const std::string& why) { return Error{Code::kInvalid, "draft: " + why}; };
  if (draft.type == 0) return bad("no event type");
  if (draft.payload.size() < kPayloadBytesMin) return bad("no payload");
  if (draft.tags.size() > kTagsMax) return bad("more than " + std::to_string(kTagsMax) + " tags");
  for (std::size_t i = 0; i < draft.tags.size(); ++i) {
    const std::string& tag = draft.tags[i];
    if (!is_valid_tag(tag)) return bad("not a tag: " + escape_terminal(tag));
    const auto end = draft.tags.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(draft.tags.begin(), end, tag) != end) return bad("tag twice: " + tag);
  }
  for (const Condition& condition : draft.conditions) {
    if (!is_valid_tag(condition.tag)) return bad("not a tag: " + escape_terminal(condition.tag));
  }
  for (const auto& [kind, name] : {std::pair("session:", std::string_view(draft.context.session)),
                                   std::pair("project:", std::string_view(draft.context.project)),
                                   std::pair("actor:", std::string_view(draft.context.actor_id))}) {
    if (!name.empty() && !is_filed_under(draft.tags, kind, name)) {
      return bad("not filed under " + (kind + escape_terminal(name)));
    }
  }
  std::set<std::string_view> fields;
  for (const SealedField& field : draft.sealed) {
    if (!fields.insert(field.field).second) return bad("a field is sealed twice");
    if (field.nonce.size() != kSealNonceBytes || field.ciphertext.size() < kSealTagBytes ||
        field.ciphertext.size() > kSealedPlainBytesMax + kSealTagBytes) {
      return bad("a sealed field has a wrong size");
    }
  }
  if (!draft.to_seal.empty()) return bad("has fields that are not sealed yet");
  return {};
}

Result<Draft> parse_draft(ByteView bytes) {
  auto table = verified<schema::Draft>(bytes, kDraftIdentifier, "draft");
  if (!table.ok()) return Error{Code::kInvalid, table.error().message};
  if (bytes.size() > kDraftBytesMax) return Error{Code::kInvalid, "draft: too long"};
  const schema::Draft& in = **table;
  Draft draft;
  draft.id = from_schema(*in.event_id());
  draft.type = in.type();
  draft.occurred_ns = in.occurred_ns();
  draft.mono_ns = in.mono_ns();
  draft.boot_id = text(in.boot_id());
  draft.context = {text(in.component()), text(in.version()),    in.actor_kind(),
                   text(in.actor_id()),  text(in.agent_tool()), text(in.session()),
                   text(in.project())};
  draft.cause_seq = in.cause_seq();
  draft.traceparent = text(in.traceparent());
  draft.outcome = in.outcome();
  draft.reason = in.reason();
  if (in.tags() != nullptr) {
    for (const fb::String* tag : *in.tags()) draft.tags.push_back(tag->str());
  }
  if (in.conditions() != nullptr) {
    for (const schema::Condition* condition : *in.conditions()) {
      draft.conditions.push_back({condition->tag()->str(), condition->last_seq()});
    }
  }
  draft.payload.assign(in.payload()->begin(), in.payload()->end());
  if (in.sealed() != nullptr) {
    for (const schema::SealedField* field : *in.sealed()) {
      draft.sealed.push_back({field->field()->str(), field->subject()->str(),
                              Bytes(field->nonce()->begin(), field->nonce()->end()),
                              Bytes(field->ciphertext()->begin(), field->ciphertext()->end())});
    }
  }
  PH_TRY(check_draft(draft));
  PH_TRY(check_submitted(draft));
  return draft;
}

EventId event_id_of(const schema::Entry& entry) { return from_schema(*entry.event_id()); }

Digest leaf_hash(ByteView entry) {
  static constexpr std::uint8_t kLeafPrefix = 0x00;
  return sha256({ByteView(&kLeafPrefix, 1), entry});
}

}  // namespace phantom
