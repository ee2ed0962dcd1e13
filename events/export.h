#pragma once
// Events in the formats of other programs: entry in, bytes out. Everything about a type comes from
// the catalogue, so that a new event type is in every format from its first day.
//
// Every record is one line; control characters, bidirectional controls and broken UTF-8 never leave
// as they are. Sealed fields stay closed. docs/guides/compliance.md says which field becomes which.

#include "events/payload.h"
#include "events/types.h"

#include <span>
#include <string>
#include <string_view>

namespace phantom {

// Where the events are from; the same for a whole export.
struct ExportSource {
  std::string origin;
  std::string ledger_id;
};

// One event as the formats see it.
struct ExportRecord {
  const schema::Entry& entry;
  ByteView bytes;         // the entry as stored
  const EventInfo* info;  // nullptr: a type this program does not know
  const Payload& payload;
  const Digest& leaf;
  const ExportSource& source;
};

struct ExportFormat {
  std::string_view name;
  std::string_view standard;
  std::string_view header;  // the first line of an export, with its end
  void (*append)(std::string& out, const ExportRecord& record);  // with the end of the line
};

std::span<const ExportFormat> export_formats();
const ExportFormat* find_export_format(std::string_view name);

// Writes one entry after the other. One thread.
class Exporter {
 public:
  Exporter(const ExportFormat& format, ExportSource source)
      : format_(format), source_(std::move(source)) {}

  // `entry` is parsed from `bytes`.
  void append(std::string& out, const schema::Entry& entry, ByteView bytes);

 private:
  const ExportFormat& format_;
  ExportSource source_;
  Payload payload_;
};

}  // namespace phantom
