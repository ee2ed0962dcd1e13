#pragma once
// What the export formats have in common, for the files of this folder that write them.

#include "events/export.h"

namespace phantom {

void append_jsonl(std::string& out, const ExportRecord& record);
void append_csv(std::string& out, const ExportRecord& record);
void append_cloudevents(std::string& out, const ExportRecord& record);
void append_ocsf(std::string& out, const ExportRecord& record);
void append_syslog(std::string& out, const ExportRecord& record);
void append_cef(std::string& out, const ExportRecord& record);
void append_otlp(std::string& out, const ExportRecord& record);
extern const std::string_view kCsvHeader;

// The object of format jsonl.
void append_event_object(std::string& out, const ExportRecord& record);

// What each format calls the severities of the catalogue.
struct ExportSeverity {
  std::string_view name;  // info, notice, warning, error
  int syslog;             // RFC 5424
  int cef;                // 0 to 10
  int ocsf;               // severity_id
  int otel;               // SeverityNumber
  std::string_view otel_text;
  char letter;  // of the event code
};
// That of a type this program does not know is info.
const ExportSeverity& severity_of(const ExportRecord& record);

std::string type_name_of(const ExportRecord& record);       // dotted; type-N for an unknown one
std::string event_code_of(const ExportRecord& record);      // PH2001I
std::string_view text_of(const flatbuffers::String* text);  // empty for none
std::string time_text(std::int64_t time_ns);                // RFC 3339
std::int64_t ms_of(std::int64_t time_ns);

// ,"key":"value", unless the value is empty. `key` is written as it is.
void append_json_member(std::string& out, std::string_view key, std::string_view value);

}  // namespace phantom
