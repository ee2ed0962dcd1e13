#pragma once
// Where an export goes: standard output, a new file that appears only when it is whole, or a file
// that grows.

#include "cli/output.h"
#include "events/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace phantom {

class ExportSink {
 public:
  virtual ~ExportSink() = default;

  // Whether something stands there already, so that no header is wanted.
  virtual bool continues() const { return false; }
  virtual Status write(std::string_view bytes) = 0;
  // What was written can be read by others. False: nobody reads any more.
  virtual Result<bool> flush() = 0;
  // The export is whole. Without it, a new file never appears.
  virtual Status finish() = 0;
};

std::unique_ptr<ExportSink> sink_to_output(Output& output);
// Writes FILE.part, and at the end, after a sync, gives it its name. FILE is replaced.
Result<std::unique_ptr<ExportSink>> sink_to_new_file(const std::string& file);
// Appends. A last line without its end, left by a crash, is cut off first.
Result<std::unique_ptr<ExportSink>> sink_to_growing_file(const std::string& file);

}  // namespace phantom
