#pragma once
// Events in the formats of other programs: entry in, bytes out. Everything about a type comes from
// the catalogue, so that a new event type is in every format from its first day.
//
// Every record is one line, the brackets around all of them stand on lines of their own; control
// characters, bidirectional controls and broken UTF-8 never leave as they are. Sealed fields stay
// closed. docs/guides/exports.md says which field becomes which.

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
  void (*append)(std::string& out, const ExportRecord& record);  // without the end of the line
  std::string_view header = {};                                  // the first line, with its end
  std::string_view line_end = "\n";
  // A format with these is one document: it has an end, so it cannot grow.
  std::string_view separator = {};  // between two records, before the end of the line
  std::string_view footer = {};     // after the last record

  bool is_document() const { return !footer.empty(); }
};

std::span<const ExportFormat> export_formats();
const ExportFormat* find_export_format(std::string_view name);

// Writes one entry after the other: begin, append..., end. An export that goes on where another
// one stopped leaves begin out. One thread.
class Exporter {
 public:
  Exporter(const ExportFormat& format, ExportSource source)
      : format_(format), source_(std::move(source)) {}

  void begin(std::string& out) const { out += format_.header; }
  // `entry` is parsed from `bytes`.
  void append(std::string& out, const schema::Entry& entry, ByteView bytes);
  // For who has the entry's leaf hash already.
  void append(std::string& out, const schema::Entry& entry, ByteView bytes, const Digest& leaf);
  void end(std::string& out) const;

 private:
  const ExportFormat& format_;
  ExportSource source_;
  Payload payload_;
  bool in_line_ = false;  // of a document: the last record waits for what comes after it
};

}  // namespace phantom
