#include "cli/export_writer.h"

#include "cli/export_sqlite.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

class StreamWriter final : public ExportWriter {
 public:
  StreamWriter(const ExportFormat& format, const ExportSource& source,
               std::unique_ptr<ExportSink> sink, Flush flush)
      : exporter_(format, source), sink_(std::move(sink)), flush_(flush) {
    if (!sink_->continues()) exporter_.begin(buffer_);
  }

  Result<bool> take(const schema::Entry& entry, ByteView bytes) override {
    exporter_.append(buffer_, entry, bytes);
    if (buffer_.size() < kBufferBytes) return true;
    if (flush_ == Flush::kEarly) return hand_over();
    PH_TRY(spill());
    return true;
  }

  Result<bool> hand_over() override {
    PH_TRY(spill());
    return sink_->flush();
  }

  Status finish() override {
    exporter_.end(buffer_);
    PH_TRY(spill());
    return sink_->finish();
  }

 private:
  Status spill() {
    PH_TRY(sink_->write(buffer_));
    buffer_.clear();
    return {};
  }

  Exporter exporter_;
  std::unique_ptr<ExportSink> sink_;
  Flush flush_;
  std::string buffer_;
};

}  // namespace

std::span<const FileFormat> file_formats() {
  static constexpr std::array formats = {
      FileFormat{"sqlite", "SQLite 3, a database with tables and views", open_sqlite_export},
  };
  return formats;
}

const FileFormat* find_file_format(std::string_view name) {
  const auto formats = file_formats();
  const auto it = std::find_if(formats.begin(), formats.end(),
                               [&](const FileFormat& format) { return format.name == name; });
  return it == formats.end() ? nullptr : &*it;
}

std::vector<std::string> export_format_names() {
  std::vector<std::string> names;
  for (const ExportFormat& format : export_formats()) names.emplace_back(format.name);
  for (const FileFormat& format : file_formats()) names.emplace_back(format.name);
  return names;
}

std::unique_ptr<ExportWriter> stream_writer(const ExportFormat& format, const ExportSource& source,
                                            std::unique_ptr<ExportSink> sink, Flush flush) {
  return std::make_unique<StreamWriter>(format, source, std::move(sink), flush);
}

}  // namespace phantom
