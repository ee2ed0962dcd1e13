// Common Event Format, version 0. Header fields escape | and \, extension values = and \. The whole
// payload is in cs6 as JSON; what CEF has a key for stands there too.

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"
#include "events/render.h"

#include <array>

namespace phantom {
namespace {

void append_escaped(std::string& out, std::string_view text, char special) {
  for (const char c : text) {
    if (c == '\\' || c == special) out += '\\';
    out += c;
  }
}

void append_header(std::string& out, std::string_view text) {
  append_escaped(out, escape_terminal(text), '|');
  out += '|';
}

void append_key(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  if (out.back() != '|') out += ' ';
  (out += key) += '=';
  append_escaped(out, value, '=');
}

void append_custom(std::string& out, std::string_view key, std::string_view label,
                   std::string_view value) {
  if (value.empty()) return;
  append_key(out, std::string(key) + "Label", label);
  append_key(out, key, value);
}

// Payload fields that CEF has a key of its own for.
struct Known {
  std::string_view field;
  std::string_view key;
};
constexpr std::array kKnown = {
    Known{"host", "dhost"},           Known{"port", "dpt"},
    Known{"method", "requestMethod"}, Known{"path_template", "request"},
    Known{"bytes_received", "in"},    Known{"bytes_sent", "out"},
};

}  // namespace

void append_cef(std::string& out, const ExportRecord& record) {
  const schema::Entry& entry = record.entry;
  out += "CEF:0|phantom|phantom|";
  append_header(out, text_of(entry.version()));
  append_header(out, event_code_of(record));
  append_header(out, type_name_of(record));
  append_decimal(out, std::int64_t{severity_of(record).cef});
  out += '|';
  append_key(out, "rt", std::to_string(ms_of(entry.time_ns())));
  append_key(out, "start", std::to_string(ms_of(entry.occurred_ns())));
  append_key(out, "externalId", std::to_string(entry.seq()));
  append_key(out, "cat", record.info == nullptr ? "" : record.info->family);
  append_key(out, "outcome", outcome_name(entry.outcome()));
  append_key(out, "reason", reason_name(entry.reason()));
  append_key(out, "suser", escape_terminal(text_of(entry.actor_id())));
  append_key(out, "sproc", escape_terminal(text_of(entry.agent_tool())));
  if (entry.peer_uid()) append_key(out, "suid", std::to_string(*entry.peer_uid()));
  if (entry.peer_pid()) append_key(out, "spid", std::to_string(*entry.peer_pid()));
  for (std::size_t i = 0; i < record.payload.size(); ++i) {
    for (const Known& known : kKnown) {
      if (record.payload.field(i).name != known.field) continue;
      std::string value;
      record.payload.append_plain(value, i, ',');
      append_key(out, known.key, escape_terminal(value));
    }
  }
  append_custom(out, "cs1", "session", escape_terminal(text_of(entry.session())));
  append_custom(out, "cs2", "project", escape_terminal(text_of(entry.project())));
  append_custom(out, "cs3", "leafHash", to_hex(record.leaf));
  append_custom(out, "cs4", "eventId", format_uuid(event_id_of(entry)));
  append_custom(out, "cs5", "ledger", escape_terminal(record.source.ledger_id));
  std::string payload;
  record.payload.append_json(payload);
  append_custom(out, "cs6", "payload", payload);
}

}  // namespace phantom
