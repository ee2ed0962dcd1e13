#include "tests/support/sample_drafts.h"

#include "events/catalog.h"
#include "events/catalog_schema.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <flatbuffers/reflection.h>

namespace phantom {
namespace {

namespace fb = flatbuffers;

EventId id_of_number(std::uint64_t number) {
  EventId id{};
  for (std::size_t i = 0; i < 8; ++i) id[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  id[6] = 0x70;
  id[8] = static_cast<std::uint8_t>(id[8] | 0x80);
  return id;
}

fb::Offset<fb::Table> build_table(fb::FlatBufferBuilder& builder, const reflection::Object& object,
                                  std::uint64_t number, std::string_view text) {
  struct Value {
    const reflection::Field* field;
    fb::Offset<void> offset;
  };
  std::vector<Value> values;
  for (const reflection::Field* field : *object.fields()) {
    fb::Offset<void> offset;
    if (field->type()->base_type() == reflection::String) {
      offset = builder.CreateString(text.data(), text.size()).Union();
    } else if (field->type()->base_type() == reflection::Vector) {
      if (field->type()->element() == reflection::UByte) {
        offset = builder.CreateVector(Bytes(32, static_cast<std::uint8_t>(number))).Union();
      } else if (field->type()->element() == reflection::String) {
        offset = builder.CreateVectorOfStrings({std::string(text), std::string(text)}).Union();
      } else {
        const auto* type =
            reflected_schema().objects()->Get(static_cast<unsigned>(field->type()->index()));
        const std::vector<fb::Offset<fb::Table>> items{build_table(builder, *type, number, text)};
        offset = builder.CreateVector(items).Union();
      }
    }
    values.push_back({field, offset});
  }
  const fb::uoffset_t start = builder.StartTable();
  for (const Value& value : values) {
    const auto at = static_cast<fb::voffset_t>(value.field->offset());
    switch (value.field->type()->base_type()) {
      case reflection::String:
      case reflection::Vector:
        builder.AddOffset(at, value.offset);
        break;
      case reflection::ULong:
        builder.AddElement<std::uint64_t>(at, number);
        break;
      case reflection::Long:
        builder.AddElement<std::int64_t>(at, static_cast<std::int64_t>(number));
        break;
      case reflection::UInt:
        builder.AddElement<std::uint32_t>(at, static_cast<std::uint32_t>(number));
        break;
      case reflection::Int:
        builder.AddElement<std::int32_t>(at, static_cast<std::int32_t>(number));
        break;
      case reflection::UShort:
        builder.AddElement<std::uint16_t>(at, static_cast<std::uint16_t>(number));
        break;
      default:
        PH_CHECK(false, "the schema has a field type that samples do not know");
    }
  }
  return fb::Offset<fb::Table>(builder.EndTable(start));
}

}  // namespace

Context sample_context() {
  return {.component = "cli",
          .version = "0.1.0",
          .actor_kind = ActorKind::Human,
          .actor_id = "s_00112233",
          .agent_tool = "",
          .session = "0123456789abcdef",
          .project = "fedcba9876543210"};
}

Draft sample_session_started(std::uint64_t number) {
  Draft draft = make_draft<schema::SessionStarted>(sample_context(), [&](auto& builder) {
    return schema::CreateSessionStarted(builder, builder.CreateString("curl"), 40'000);
  });
  draft.id = id_of_number(number);
  return draft;
}

Draft sample_draft(EventNo type, std::uint64_t number, std::string_view text) {
  const EventInfo* info = find_event(type);
  PH_CHECK(info != nullptr, "no such event type");
  fb::FlatBufferBuilder builder(512);
  builder.Finish(build_table(builder, *reflected_table(info->table), number, text));
  Draft draft;
  draft.id = id_of_number(number);
  draft.type = type;
  draft.occurred_ns = 1'767'323'045'678'901'234;
  draft.mono_ns = 5'000'000'000;
  draft.boot_id = "00000000-0000-4000-8000-00000000b007";
  draft.context = sample_context();
  draft.tags = {actor_tag(draft.context.actor_id), project_tag(draft.context.project),
                session_tag(draft.context.session)};
  draft.payload = Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  return draft;
}

}  // namespace phantom
