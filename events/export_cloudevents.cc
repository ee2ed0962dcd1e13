// CloudEvents 1.0 in JSON, one event per line. Names of extensions are lower-case letters and
// digits only; a value that is not there is left out, because an empty one is not allowed.

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"

namespace phantom {
namespace {

// The words of the CloudEvents extension "authcontext".
std::string_view auth_type(ActorKind kind) {
  switch (kind) {
    case ActorKind::Human:
      return "user";
    case ActorKind::Agent:
      return "app_user";
    case ActorKind::Service:
    case ActorKind::Ci:
      return "service_account";
    case ActorKind::System:
      return "system";
    case ActorKind::Unknown:
      break;
  }
  return "unknown";
}

// 20 digits, so that comparing as text orders them.
std::string padded(Seq seq) {
  std::string text = std::to_string(seq);
  return std::string(20 - text.size(), '0') + text;
}

}  // namespace

void append_cloudevents(std::string& out, const ExportRecord& record) {
  const schema::Entry& entry = record.entry;
  out += "{\"specversion\":\"1.0\"";
  append_json_member(out, "id", format_uuid(event_id_of(entry)));
  append_json_member(out, "source", "urn:phantom:ledger:" + record.source.ledger_id);
  append_json_member(out, "type", "dev.phantom." + type_name_of(record) + ".v1");
  append_json_member(out, "subject", record.payload.find("host").value_or(""));
  append_json_member(out, "time", time_text(entry.occurred_ns()));
  append_json_member(out, "recordedtime", time_text(entry.time_ns()));
  append_json_member(out, "sequence", padded(entry.seq()));
  append_json_member(out, "partitionkey", text_of(entry.session()));
  append_json_member(out, "correlationid", text_of(entry.session()));
  if (entry.cause_seq()) append_json_member(out, "causationid", padded(*entry.cause_seq()));
  append_json_member(out, "traceparent", text_of(entry.traceparent()));
  append_json_member(out, "severitytext", severity_of(record).otel_text);
  out += ",\"severitynumber\":";
  append_decimal(out, std::int64_t{severity_of(record).otel});
  append_json_member(out, "authtype", auth_type(entry.actor_kind()));
  append_json_member(out, "authid", text_of(entry.actor_id()));
  append_json_member(out, "datacontenttype", "application/json");
  out += ",\"data\":";
  append_event_object(out, record);
  out += "}";
}

}  // namespace phantom
