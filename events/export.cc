#include "events/export.h"

#include "events/clock.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

constexpr std::array kSeverities = {
    ExportSeverity{"info", 6, 3, 1, 9, "INFO", 'I'},
    ExportSeverity{"notice", 5, 4, 2, 10, "INFO2", 'I'},
    ExportSeverity{"warning", 4, 6, 3, 13, "WARN", 'W'},
    ExportSeverity{"error", 3, 8, 4, 17, "ERROR", 'E'},
};

}  // namespace

std::span<const ExportFormat> export_formats() {
  static const std::array formats = {
      ExportFormat{"jsonl", "phantom.event.v1, one JSON object per line", append_jsonl},
      ExportFormat{"csv", "RFC 4180", append_csv, kCsvHeader, "\r\n"},
      ExportFormat{"cloudevents", "CloudEvents 1.0, one JSON object per line", append_cloudevents},
      ExportFormat{"cloudevents-batch", "CloudEvents 1.0, one JSON array", append_cloudevents,
                   "[\n", "\n", ",", "]\n"},
      ExportFormat{"ocsf", "OCSF 1.8.0, one JSON object per line", append_ocsf},
      ExportFormat{"syslog", "RFC 5424, one message per line", append_syslog},
      ExportFormat{"cef", "Common Event Format 0", append_cef},
      ExportFormat{"otlp", "OTLP/JSON logs, one request per line", append_otlp},
  };
  return formats;
}

const ExportFormat* find_export_format(std::string_view name) {
  const auto formats = export_formats();
  const auto it = std::find_if(formats.begin(), formats.end(),
                               [&](const ExportFormat& format) { return format.name == name; });
  return it == formats.end() ? nullptr : &*it;
}

void Exporter::append(std::string& out, const schema::Entry& entry, ByteView bytes) {
  append(out, entry, bytes, leaf_hash(bytes));
}

void Exporter::append(std::string& out, const schema::Entry& entry, ByteView bytes,
                      const Digest& leaf) {
  payload_.read(entry);
  if (in_line_) (out += format_.separator) += format_.line_end;
  format_.append(out, {entry, bytes, find_event(entry.type()), payload_, leaf, source_});
  in_line_ = format_.is_document();
  if (!in_line_) out += format_.line_end;
}

void Exporter::end(std::string& out) const {
  if (in_line_) out += format_.line_end;
  out += format_.footer;
}

const ExportSeverity& severity_of(const ExportRecord& record) {
  if (record.info == nullptr) return kSeverities.front();
  const auto it = std::find_if(
      kSeverities.begin(), kSeverities.end(),
      [&](const ExportSeverity& severity) { return severity.name == record.info->severity; });
  PH_CHECK(it != kSeverities.end(), "severity outside its closed set");
  return *it;
}

std::string type_name_of(const ExportRecord& record) {
  if (record.info != nullptr) return record.info->name;
  return "type-" + std::to_string(record.entry.type());
}

std::string event_code_of(const ExportRecord& record) {
  return "PH" + std::to_string(record.entry.type()) + severity_of(record).letter;
}

std::string_view text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : text->string_view();
}

std::string time_text(std::int64_t time_ns) { return format_time(time_ns); }

std::int64_t ms_of(std::int64_t time_ns) { return time_ns / 1'000'000; }

void append_json_member(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  ((out += ",\"") += key) += "\":";
  append_json_text(out, value);
}

}  // namespace phantom
