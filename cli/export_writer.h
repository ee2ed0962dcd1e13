#pragma once
// What an export makes of events: a stream of records in one of the formats of events/export.h, or
// a file of another program. A new kind of file is a cli/export_<name>.{h,cc} and a line in the
// list of export_writer.cc.

#include "cli/export_sink.h"
#include "events/draft.h"
#include "events/export.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

class ExportWriter {
 public:
  virtual ~ExportWriter() = default;

  // `entry` is parsed from `bytes`. False: nobody reads any more.
  virtual Result<bool> take(const schema::Entry& entry, ByteView bytes) = 0;
  // What was taken has reached its reader, as far as there is one already. False: nobody reads any
  // more.
  virtual Result<bool> hand_over() = 0;
  // The export is whole. Without it, a new file never appears.
  virtual Status finish() = 0;
};

// What a file says about the ledger it is from.
struct ExportSubject {
  ExportSource source;
  std::string checkpoint;  // the signed note of the snapshot
  std::string query;       // canonical; empty for everything
};

// A format that only makes whole files.
struct FileFormat {
  std::string_view name;
  std::string_view standard;
  Result<std::unique_ptr<ExportWriter>> (*open)(const std::string& file,
                                                const ExportSubject& subject);
};
std::span<const FileFormat> file_formats();
const FileFormat* find_file_format(std::string_view name);

// Streams first, then files.
std::vector<std::string> export_format_names();

// Records into a sink, by full buffers; kEarly hands each of them over.
enum class Flush { kEarly, kAtTheEnd };
std::unique_ptr<ExportWriter> stream_writer(const ExportFormat& format, const ExportSource& source,
                                            std::unique_ptr<ExportSink> sink, Flush flush);

}  // namespace phantom
