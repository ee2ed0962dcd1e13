// CSV as in RFC 4180: all cells quoted, CRLF. A cell that a spreadsheet would take for a formula
// starts with an apostrophe. Envelope columns are fixed; what differs by type is one JSON column.

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"
#include "events/render.h"

namespace phantom {
namespace {

class Row {
 public:
  explicit Row(std::string& out) : out_(out) {}

  // Text from outside. Line breaks and tabs are escaped, so each row is one line, and the four
  // signs are all that a spreadsheet could take a cell for a formula by.
  void text(std::string_view value) {
    const bool formula =
        !value.empty() && std::string_view("=+-@").find(value.front()) != value.npos;
    plain((formula ? "'" : "") + escape_terminal(value));
  }
  // Text that is ours: digits, names, JSON objects.
  void plain(std::string_view value) {
    start();
    quoted(value);
  }
  template <class T>
  void number(T value) {
    start();
    out_ += '"';
    append_decimal(out_, value);
    out_ += '"';
  }
  template <class T>
  void optional(const flatbuffers::Optional<T>& value) {
    if (value) {
      number(std::uint64_t{*value});
    } else {
      plain("");
    }
  }

 private:
  void start() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void quoted(std::string_view value) {
    out_ += '"';
    for (std::size_t quote = value.find('"'); quote != value.npos; quote = value.find('"')) {
      (out_ += value.substr(0, quote + 1)) += '"';
      value.remove_prefix(quote + 1);
    }
    (out_ += value) += '"';
  }

  std::string& out_;
  bool first_ = true;
};

std::string tag_list(const schema::Entry& entry) {
  std::string out;
  if (entry.tags() == nullptr) return out;
  for (const schema::Tag* tag : *entry.tags()) {
    if (!out.empty()) out += ';';
    out += tag->name()->string_view();
  }
  return out;
}

}  // namespace

const std::string_view kCsvHeader =
    "\"seq\",\"event_id\",\"type\",\"code\",\"severity\",\"time\",\"time_ns\",\"occurred_ns\","
    "\"component\",\"version\",\"actor_kind\",\"actor_id\",\"peer_uid\",\"peer_pid\","
    "\"agent_tool\",\"session\",\"project\",\"cause_seq\",\"traceparent\",\"outcome\",\"reason\","
    "\"tags\",\"leaf_hash\",\"payload\"\r\n";

void append_csv(std::string& out, const ExportRecord& record) {
  const schema::Entry& entry = record.entry;
  Row row(out);
  row.number(entry.seq());
  row.plain(format_uuid(event_id_of(entry)));
  row.plain(type_name_of(record));
  row.plain(event_code_of(record));
  row.plain(severity_of(record).name);
  row.plain(time_text(entry.time_ns()));
  row.number(entry.time_ns());
  row.number(entry.occurred_ns());
  row.text(text_of(entry.component()));
  row.text(text_of(entry.version()));
  row.plain(actor_kind_name(entry.actor_kind()));
  row.text(text_of(entry.actor_id()));
  row.optional(entry.peer_uid());
  row.optional(entry.peer_pid());
  row.text(text_of(entry.agent_tool()));
  row.text(text_of(entry.session()));
  row.text(text_of(entry.project()));
  row.optional(entry.cause_seq());
  row.text(text_of(entry.traceparent()));
  row.plain(outcome_name(entry.outcome()));
  row.plain(reason_name(entry.reason()));
  row.text(tag_list(entry));
  row.plain(to_hex(record.leaf));
  std::string payload;
  record.payload.append_json(payload);
  row.plain(payload);
}

}  // namespace phantom
