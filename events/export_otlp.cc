// OTLP/JSON logs: each line is one ExportLogsServiceRequest with one record, as OpenTelemetry's
// file exporter writes and its file receiver reads. 64-bit integers are strings, ids are hex.

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"
#include "events/render.h"

#include <algorithm>

namespace phantom {
namespace {

class Attributes {
 public:
  explicit Attributes(std::string& out) : out_(out) { out_ += '['; }
  ~Attributes() { out_ += ']'; }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    start(key);
    out_ += "{\"stringValue\":";
    append_json_text(out_, value);
    out_ += "}}";
  }
  // intValue is signed; what does not fit for certain stays text.
  void number(std::string_view key, std::string_view digits) {
    constexpr std::size_t kDigitsMax = 18;
    if (digits.size() > kDigitsMax && digits.front() != '-') {
      text(key, digits);
      return;
    }
    start(key);
    out_ += "{\"intValue\":\"";
    (out_ += digits) += "\"}}";
  }
  // Text made of JSON: lists and rows of a payload.
  void field(const Payload& payload, std::size_t index) {
    const std::string key = "phantom.payload." + payload.field(index).name;
    std::string value;
    switch (payload.kind(index)) {
      case ValueKind::kAbsent:
        return;
      case ValueKind::kText:
        payload.append_plain(value, index, ',');
        text(key, value);
        return;
      case ValueKind::kInteger:
        payload.append_plain(value, index, ',');
        number(key, value);
        return;
      case ValueKind::kList:
        payload.append_json(value, index);
        text(key, value);
        return;
    }
  }

 private:
  void start(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += "{\"key\":";
    append_json_text(out_, key);
    out_ += ",\"value\":";
  }

  std::string& out_;
  bool first_ = true;
};

// version-traceid-spanid-flags, as W3C Trace Context writes it; anything else is left out.
void append_trace(std::string& out, std::string_view traceparent) {
  constexpr std::size_t kLength = 55;
  const auto hex = [&](std::size_t at, std::size_t length) {
    const std::string_view part = traceparent.substr(at, length);
    return part.find_first_not_of("0123456789abcdef") == part.npos &&
           part.find_first_not_of('0') != part.npos;
  };
  if (traceparent.size() != kLength || traceparent[2] != '-' || traceparent[35] != '-' ||
      traceparent[52] != '-' || !hex(3, 32) || !hex(36, 16)) {
    return;
  }
  append_json_member(out, "traceId", traceparent.substr(3, 32));
  append_json_member(out, "spanId", traceparent.substr(36, 16));
}

std::string unix_nano(std::int64_t time_ns) {
  return std::to_string(std::max<std::int64_t>(time_ns, 0));
}

}  // namespace

void append_otlp(std::string& out, const ExportRecord& record) {
  const schema::Entry& entry = record.entry;
  out += "{\"resourceLogs\":[{\"resource\":{\"attributes\":";
  {
    Attributes resource(out);
    resource.text("service.name", "phantom");
    resource.text("service.version", text_of(entry.version()));
    resource.text("service.instance.id", record.source.ledger_id);
  }
  out += "},\"scopeLogs\":[{\"scope\":{\"name\":\"phantom.audit\",\"version\":\"1\"},";
  out += "\"logRecords\":[{\"timeUnixNano\":\"" + unix_nano(entry.occurred_ns());
  out += "\",\"observedTimeUnixNano\":\"" + unix_nano(entry.time_ns());
  out += "\",\"severityNumber\":";
  append_decimal(out, std::int64_t{severity_of(record).otel});
  append_json_member(out, "severityText", severity_of(record).otel_text);
  append_json_member(out, "eventName", type_name_of(record));
  append_trace(out, text_of(entry.traceparent()));
  out += ",\"body\":{\"stringValue\":";
  append_json_text(out, type_name_of(record) + " " + outcome_name(entry.outcome()));
  out += "},\"attributes\":";
  {
    Attributes attributes(out);
    attributes.text("event.id", format_uuid(event_id_of(entry)));
    attributes.number("phantom.seq", std::to_string(entry.seq()));
    attributes.text("phantom.code", event_code_of(record));
    attributes.text("phantom.component", text_of(entry.component()));
    attributes.text("phantom.actor.kind", actor_kind_name(entry.actor_kind()));
    attributes.text("user.id", text_of(entry.actor_id()));
    attributes.text("gen_ai.agent.name", text_of(entry.agent_tool()));
    attributes.text("gen_ai.conversation.id", text_of(entry.session()));
    attributes.text("phantom.project", text_of(entry.project()));
    if (entry.cause_seq()) {
      attributes.number("phantom.cause_seq", std::to_string(*entry.cause_seq()));
    }
    attributes.text("phantom.outcome", outcome_name(entry.outcome()));
    attributes.text("phantom.reason", reason_name(entry.reason()));
    attributes.text("phantom.leaf_hash", to_hex(record.leaf));
    for (std::size_t i = 0; i < record.payload.size(); ++i) attributes.field(record.payload, i);
  }
  out += "}]}]}]}";
}

}  // namespace phantom
