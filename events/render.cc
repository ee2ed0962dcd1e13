#include "events/render.h"

#include "events/catalog.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/entry_json.h"
#include "events/envelope.h"

#include <algorithm>
#include <cctype>

namespace phantom {
namespace {

std::string kebab(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !out.empty()) out += '-';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

SealedField sealed_of(const schema::SealedField& field) {
  return {field.field()->str(), field.subject()->str(),
          Bytes(field.nonce()->begin(), field.nonce()->end()),
          Bytes(field.ciphertext()->begin(), field.ciphertext()->end())};
}

// Erased is as it should be, missing is not known to be: two words for two things.
std::string_view closed_status(Code why) {
  switch (why) {
    case Code::kClosed:
      return "erased";
    case Code::kNotFound:
      return "key missing";
    case Code::kCorrupt:
      return "does not open";
    default:
      return "";
  }
}

void append_closed_fields(std::string& line, const schema::Entry& entry, const Unsealer& unseal) {
  if (!unseal || entry.sealed() == nullptr) return;
  for (const schema::SealedField* field : *entry.sealed()) {
    const auto opened = unseal(event_id_of(entry), sealed_of(*field));
    const std::string_view status = opened.ok() ? "" : closed_status(opened.error().code);
    if (status.empty()) continue;
    ((line += "  " + field->field()->str() + "=[") += status) +=
        " " + field->subject()->str() + "]";
  }
}

void append_sealed(std::string& out, const schema::Entry& entry, const Unsealer& unseal) {
  out += '{';
  if (entry.sealed() != nullptr) {
    for (const schema::SealedField* field : *entry.sealed()) {
      if (field != *entry.sealed()->begin()) out += ',';
      append_json_text(out, field->field()->string_view());
      out += ':';
      const auto opened = unseal ? unseal(event_id_of(entry), sealed_of(*field))
                                 : Result<std::string>(Error{Code::kDenied, "sealed"});
      if (opened.ok()) {
        append_json_text(out, *opened);
      } else {
        out += "{\"sealed_for\":";
        append_json_text(out, field->subject()->string_view());
        const std::string_view status = closed_status(opened.error().code);
        if (!status.empty()) {
          out += ",\"status\":\"";
          for (const char c : status) out += c == ' ' ? '-' : c;
          out += '"';
        }
        out += '}';
      }
    }
  }
  out += '}';
}

void append_tags(std::string& out, const schema::Entry& entry) {
  out += '[';
  if (entry.tags() != nullptr) {
    for (const schema::Tag* tag : *entry.tags()) {
      if (tag != *entry.tags()->begin()) out += ',';
      out += "{\"name\":";
      append_json_text(out, tag->name()->string_view());
      out += ",\"count\":";
      append_json_number(out, tag->count());
      out += ",\"prev_seq\":";
      if (tag->count() > 1) {
        append_json_number(out, tag->prev_seq());
      } else {
        out += "null";
      }
      out += '}';
    }
  }
  out += ']';
}

template <class T>
void append_optional(std::string& out, std::string_view key,
                     const flatbuffers::Optional<T>& value) {
  out += key;
  if (value) {
    append_json_number(out, std::uint64_t{*value});
  } else {
    out += "null";
  }
}

// Names of the catalogue and of enumerations: nothing in them needs escaping.
void append_name(std::string& out, std::string_view key, std::string_view name) {
  ((out += key) += '"') += name;
  out += '"';
}

void append_time_ns(std::string& out, std::string_view key, std::int64_t time_ns) {
  (out += key) += '"';
  append_decimal(out, time_ns);
  out += '"';
}

bool worth_a_glance(const FieldInfo& field, std::string_view text) {
  if (field.format == "hex" || field.format == "ns") return false;
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

void append_text_member(std::string& out, std::string_view key, const flatbuffers::String* text) {
  out += key;
  if (text == nullptr) {
    out += "null";
  } else {
    append_json_text(out, text->string_view());
  }
}

void append_entry_members(std::string& out, const schema::Entry& entry, const Payload& payload,
                          const Digest& leaf, const Unsealer& unseal) {
  const EventInfo* info = find_event(entry.type());
  out += "\"seq\":";
  append_json_number(out, entry.seq());
  append_name(out, ",\"event_id\":", format_uuid(event_id_of(entry)));
  out += ",\"type\":" + (info == nullptr ? "null" : '"' + info->name + '"');
  out += ",\"type_no\":";
  append_json_number(out, std::uint64_t{entry.type()});
  out += ",\"severity\":" + (info == nullptr ? "null" : '"' + info->severity + '"');
  append_name(out, ",\"time\":", format_time(entry.time_ns()));
  append_time_ns(out, ",\"time_ns\":", entry.time_ns());
  append_time_ns(out, ",\"occurred_ns\":", entry.occurred_ns());
  append_time_ns(out, ",\"mono_ns\":", entry.mono_ns());
  append_text_member(out, ",\"boot_id\":", entry.boot_id());
  append_text_member(out, ",\"component\":", entry.component());
  append_text_member(out, ",\"version\":", entry.version());
  append_name(out, ",\"actor_kind\":", actor_kind_name(entry.actor_kind()));
  append_text_member(out, ",\"actor_id\":", entry.actor_id());
  append_optional(out, ",\"peer_uid\":", entry.peer_uid());
  append_optional(out, ",\"peer_pid\":", entry.peer_pid());
  append_text_member(out, ",\"agent_tool\":", entry.agent_tool());
  append_text_member(out, ",\"session\":", entry.session());
  append_text_member(out, ",\"project\":", entry.project());
  append_optional(out, ",\"cause_seq\":", entry.cause_seq());
  append_text_member(out, ",\"traceparent\":", entry.traceparent());
  append_name(out, ",\"outcome\":", outcome_name(entry.outcome()));
  append_name(out, ",\"reason\":", reason_name(entry.reason()));
  out += ",\"commit_first_seq\":";
  append_json_number(out, entry.commit_first_seq());
  out += ",\"tags\":";
  append_tags(out, entry);
  out += ",\"payload\":";
  payload.append_json(out);
  out += ",\"sealed\":";
  append_sealed(out, entry, unseal);
  append_name(out, ",\"leaf_hash\":", to_hex(leaf));
}

std::string entry_to_json(const schema::Entry& entry, ByteView bytes, const Unsealer& unseal) {
  Payload payload;
  payload.read(entry);
  std::string out = "{\"v\":1,";
  append_entry_members(out, entry, payload, leaf_hash(bytes), unseal);
  return out + "}";
}

std::string entry_to_line(const schema::Entry& entry, const Unsealer& unseal) {
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
  Payload payload;
  payload.read(entry);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    std::string text;
    payload.append_plain(text, i, ',');
    if (worth_a_glance(payload.field(i), text)) line += "  " + payload.field(i).name + "=" + text;
  }
  append_closed_fields(line, entry, unseal);
  return escape_terminal(line);
}

}  // namespace phantom
