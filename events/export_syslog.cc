// RFC 5424 with structured data, one message per line (RFC 6587, non-transparent framing). Facility
// is 13, log audit. The enterprise number is 32473, the one for documentation: phantom has none.

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"
#include "events/render.h"

namespace phantom {
namespace {

constexpr int kFacility = 13;

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  ((out += ' ') += name) += "=\"";
  for (const char c : escape_terminal(value)) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  out += '"';
}

void append_payload(std::string& out, const Payload& payload) {
  constexpr std::string_view kStart = "[payload@32473";
  out += kStart;
  const std::size_t start = out.size();
  std::string value;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    value.clear();
    payload.append_plain(value, i, ',');
    append_parameter(out, payload.field(i).name, value);
  }
  if (out.size() == start) {  // an element without parameters confuses readers
    out.resize(start - kStart.size());
    return;
  }
  out += ']';
}

}  // namespace

void append_syslog(std::string& out, const ExportRecord& record) {
  const schema::Entry& entry = record.entry;
  out += '<';
  append_decimal(out, std::int64_t{kFacility * 8 + severity_of(record).syslog});
  out += ">1 ";
  out += time_text(entry.time_ns()).substr(0, 26);  // six digits of a second are the most allowed
  out += "Z - phantom ";
  if (entry.peer_pid()) {
    append_decimal(out, std::uint64_t{*entry.peer_pid()});
  } else {
    out += '-';
  }
  (out += ' ') += event_code_of(record);
  out += " [phantom@32473";
  append_parameter(out, "ledger", record.source.ledger_id);
  append_parameter(out, "seq", std::to_string(entry.seq()));
  append_parameter(out, "id", format_uuid(event_id_of(entry)));
  append_parameter(out, "type", type_name_of(record));
  append_parameter(out, "time_ns", std::to_string(entry.time_ns()));
  append_parameter(out, "component", text_of(entry.component()));
  append_parameter(out, "actor_kind", actor_kind_name(entry.actor_kind()));
  append_parameter(out, "actor", text_of(entry.actor_id()));
  append_parameter(out, "agent", text_of(entry.agent_tool()));
  append_parameter(out, "session", text_of(entry.session()));
  append_parameter(out, "project", text_of(entry.project()));
  if (entry.cause_seq()) append_parameter(out, "cause_seq", std::to_string(*entry.cause_seq()));
  append_parameter(out, "outcome", outcome_name(entry.outcome()));
  append_parameter(out, "reason", reason_name(entry.reason()));
  append_parameter(out, "leaf", to_hex(record.leaf));
  out += ']';
  append_payload(out, record.payload);
  ((out += ' ') += type_name_of(record)) += ' ';
  out += outcome_name(entry.outcome());
}

}  // namespace phantom
