#include "events/render.h"

#include "events/catalog.h"
#include "events/catalog_schema.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/envelope.h"

#include <boost/json.hpp>
#include <flatbuffers/reflection.h>

#include <algorithm>
#include <cctype>

namespace phantom {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kExactIntegerMax = 1ULL << 53;

json::value number(std::uint64_t value) {
  if (value > kExactIntegerMax) return json::string(std::to_string(value));
  return value;
}

json::value number(std::int64_t value) {
  constexpr auto kMax = static_cast<std::int64_t>(kExactIntegerMax);
  if (value > kMax || value < -kMax) return json::string(std::to_string(value));
  return value;
}

json::value text_or_null(const flatbuffers::String* value) {
  if (value == nullptr) return nullptr;
  return json::string(value->string_view());
}

std::string kebab(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !out.empty()) out += '-';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

json::object table_to_json(const flatbuffers::Table& table, const reflection::Object& object);

json::value vector_to_json(const flatbuffers::Table& table, const reflection::Field& field) {
  const reflection::BaseType element = field.type()->element();
  if (element == reflection::UByte) {
    const auto* bytes = flatbuffers::GetFieldV<std::uint8_t>(table, field);
    if (bytes == nullptr) return nullptr;
    return json::string(to_hex({bytes->data(), bytes->size()}));
  }
  json::array list;
  if (element == reflection::String) {
    const auto* texts =
        flatbuffers::GetFieldV<flatbuffers::Offset<flatbuffers::String>>(table, field);
    if (texts == nullptr) return list;
    for (const flatbuffers::String* item : *texts) list.emplace_back(item->string_view());
    return list;
  }
  PH_CHECK(element == reflection::Obj, "schema has a vector nobody renders");
  const auto* tables =
      flatbuffers::GetFieldV<flatbuffers::Offset<flatbuffers::Table>>(table, field);
  if (tables == nullptr) return list;
  const auto* type =
      reflected_schema().objects()->Get(static_cast<unsigned>(field.type()->index()));
  for (const flatbuffers::Table* item : *tables) list.emplace_back(table_to_json(*item, *type));
  return list;
}

json::value field_to_json(const flatbuffers::Table& table, const reflection::Field& field) {
  switch (field.type()->base_type()) {
    case reflection::String:
      return text_or_null(flatbuffers::GetFieldS(table, field));
    case reflection::Vector:
      return vector_to_json(table, field);
    case reflection::ULong:
      return number(flatbuffers::GetFieldI<std::uint64_t>(table, field));
    default:
      return number(flatbuffers::GetAnyFieldI(table, field));
  }
}

json::object table_to_json(const flatbuffers::Table& table, const reflection::Object& object) {
  std::vector<const reflection::Field*> fields(object.fields()->size());
  for (const reflection::Field* field : *object.fields()) fields[field->id()] = field;
  json::object out;
  for (const reflection::Field* field : fields) {
    out[field->name()->string_view()] = field_to_json(table, *field);
  }
  return out;
}

// Payloads come from bytes that may sit at any address; reading wants them aligned.
json::value payload_to_json(const schema::Entry& entry) {
  const EventInfo* info = find_event(entry.type());
  const Bytes payload(entry.payload()->begin(), entry.payload()->end());
  if (info == nullptr || !check_payload(entry.type(), payload).ok()) return nullptr;
  return table_to_json(*flatbuffers::GetAnyRoot(payload.data()), *reflected_table(info->table));
}

json::object sealed_to_json(const schema::Entry& entry, const Unsealer& unseal) {
  json::object out;
  if (entry.sealed() == nullptr) return out;
  for (const schema::SealedField* field : *entry.sealed()) {
    const SealedField sealed{field->field()->str(), field->subject()->str(),
                             Bytes(field->nonce()->begin(), field->nonce()->end()),
                             Bytes(field->ciphertext()->begin(), field->ciphertext()->end())};
    auto opened = unseal ? unseal(event_id_of(entry), sealed)
                         : Result<std::string>(Error{Code::kDenied, "sealed"});
    out[sealed.field] = opened.ok() ? json::value(json::string(*opened))
                                    : json::value(json::object{{"sealed_for", sealed.subject}});
  }
  return out;
}

json::array tags_to_json(const schema::Entry& entry) {
  json::array out;
  if (entry.tags() == nullptr) return out;
  for (const schema::Tag* tag : *entry.tags()) {
    out.push_back(json::object{{"name", tag->name()->string_view()},
                               {"count", number(tag->count())},
                               {"prev_seq", tag->count() > 1 ? number(tag->prev_seq()) : nullptr}});
  }
  return out;
}

std::string glance(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::int64:
      return std::to_string(value.get_int64());
    case json::kind::uint64:
      return std::to_string(value.get_uint64());
    case json::kind::array: {
      std::string out;
      for (const json::value& item : value.get_array()) {
        if (!out.empty()) out += ',';
        out += item.is_object() ? glance(item.get_object().begin()->value()) : glance(item);
      }
      return out;
    }
    default:
      return "";
  }
}

bool worth_a_glance(const FieldInfo& field, const json::value& value) {
  if (field.format == "hex" || field.format == "ns") return false;
  if (value.is_null()) return false;
  const std::string text = glance(value);
  return !text.empty() && !(text == "0" && field.format != "") && text != "-1";
}

}  // namespace

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::Unknown:
      return "unknown";
    case Outcome::Ok:
      return "ok";
    case Outcome::Denied:
      return "denied";
    case Outcome::Failed:
      return "failed";
    case Outcome::Partial:
      return "partial";
  }
  return "unknown";
}

const char* reason_name(Reason reason) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Reason value : schema::EnumValuesReason()) {
      out.push_back(kebab(schema::EnumNameReason(value)));
    }
    return out;
  }();
  const auto index = static_cast<std::size_t>(reason);
  return index < names.size() ? names[index].c_str() : "unknown";
}

const char* actor_kind_name(ActorKind kind) {
  static const char* const kNames[] = {"unknown", "human", "agent", "service", "ci", "system"};
  const auto index = static_cast<std::size_t>(kind);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

std::string entry_to_json(const schema::Entry& entry, ByteView bytes, const Unsealer& unseal) {
  const EventInfo* info = find_event(entry.type());
  json::object out;
  out["v"] = 1;
  out["seq"] = number(entry.seq());
  out["event_id"] = format_uuid(event_id_of(entry));
  out["type"] = info == nullptr ? json::value(nullptr) : json::value(json::string(info->name));
  out["type_no"] = entry.type();
  out["severity"] =
      info == nullptr ? json::value(nullptr) : json::value(json::string(info->severity));
  out["time"] = format_time(entry.time_ns());
  out["time_ns"] = std::to_string(entry.time_ns());
  out["occurred_ns"] = std::to_string(entry.occurred_ns());
  out["mono_ns"] = std::to_string(entry.mono_ns());
  out["boot_id"] = text_or_null(entry.boot_id());
  out["component"] = text_or_null(entry.component());
  out["version"] = text_or_null(entry.version());
  out["actor_kind"] = actor_kind_name(entry.actor_kind());
  out["actor_id"] = text_or_null(entry.actor_id());
  out["peer_uid"] = entry.peer_uid() ? json::value(*entry.peer_uid()) : json::value(nullptr);
  out["peer_pid"] = entry.peer_pid() ? json::value(*entry.peer_pid()) : json::value(nullptr);
  out["agent_tool"] = text_or_null(entry.agent_tool());
  out["session"] = text_or_null(entry.session());
  out["project"] = text_or_null(entry.project());
  out["cause_seq"] = entry.cause_seq() ? number(*entry.cause_seq()) : json::value(nullptr);
  out["traceparent"] = text_or_null(entry.traceparent());
  out["outcome"] = outcome_name(entry.outcome());
  out["reason"] = reason_name(entry.reason());
  out["commit_first_seq"] = number(entry.commit_first_seq());
  out["tags"] = tags_to_json(entry);
  out["payload"] = payload_to_json(entry);
  out["sealed"] = sealed_to_json(entry, unseal);
  out["leaf_hash"] = to_hex(leaf_hash(bytes));
  return escape_json(json::serialize(out));
}

std::string entry_to_line(const schema::Entry& entry) {
  const EventInfo* info = find_event(entry.type());
  std::string seq = std::to_string(entry.seq());
  if (seq.size() < 6) seq.insert(0, 6 - seq.size(), ' ');
  std::string name = info == nullptr ? "type-" + std::to_string(entry.type()) : info->name;
  if (name.size() < 24) name.append(24 - name.size(), ' ');
  std::string line = seq + "  " + format_time(entry.time_ns()).substr(0, 23) + "Z  " + name + " ";
  std::string outcome = outcome_name(entry.outcome());
  if (entry.reason() != Reason::None)
    outcome += std::string(" (") + reason_name(entry.reason()) + ")";
  line += outcome;
  const json::value payload = payload_to_json(entry);
  if (info != nullptr && payload.is_object()) {
    for (const FieldInfo& field : info->fields) {
      const json::value& value = payload.get_object().at(field.name);
      if (worth_a_glance(field, value)) line += "  " + field.name + "=" + glance(value);
    }
  }
  return escape_terminal(line);
}

}  // namespace phantom
