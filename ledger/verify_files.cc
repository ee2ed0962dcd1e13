#include "ledger/verify_files.h"

#include "ledger/engine_log.h"
#include "ledger/home.h"
#include "ledger/verify_report.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <vector>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLogBytesMax = std::size_t{256} << 20;
constexpr int kIndeterminateExit = 3;

// The end of a table in format version 1 and later.
constexpr std::size_t kFooterBytes = 53;
constexpr std::size_t kHandlesEnd = 41;
constexpr std::array<std::uint8_t, 4> kTableVersion{5, 0, 0, 0};  // as store_options() asks for
constexpr std::array<std::uint8_t, 8> kTableMagic{0xf7, 0xcf, 0xf4, 0x85, 0xb7, 0x41, 0xe2, 0x88};

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// The footer's four varints, each in its one shortest form, zeros behind them, and the version our
// stores are written in. RocksDB does not look at the zeros, takes longer forms of a varint and
// reads other versions alike.
bool has_clean_footer(ByteView footer) {
  std::size_t at = 1;
  for (int varint = 0; varint < 4; ++varint) {
    const std::size_t begin = at;
    while (at < kHandlesEnd && (footer[at] & 0x80) != 0) ++at;
    if (at > begin && footer[at] == 0) return false;
    ++at;
  }
  const ByteView version = footer.subspan(kHandlesEnd, kTableVersion.size());
  return at <= kHandlesEnd && all_zero(footer.subspan(at, kHandlesEnd - at)) &&
         std::equal(version.begin(), version.end(), kTableVersion.begin());
}

Result<Bytes> read_file_end(const fs::path& file, std::uintmax_t size, std::size_t count) {
  std::ifstream in(file, std::ios::binary);
  Bytes bytes(count);
  in.seekg(static_cast<std::streamoff>(size - count));
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
  if (!in) return Error{Code::kIo, "read " + file.string()};
  return bytes;
}

class FileChecks {
 public:
  explicit FileChecks(fs::path db) : db_(std::move(db)) {}

  std::optional<Failure> run() {
    std::vector<fs::path> files;
    std::error_code code;
    for (fs::directory_iterator it(db_, code); !code && it != fs::directory_iterator();
         it.increment(code)) {
      files.push_back(it->path());
    }
    if (code)
      return failure_of("files", {Code::kIo, "read " + db_.string() + ": " + code.message()});
    std::sort(files.begin(), files.end());
    const auto current = read_file(db_ / "CURRENT", 1'024);
    if (!current) return failure_of("files", current.error());
    for (const fs::path& file : files) {
      const std::string name = file.filename().string();
      std::optional<Failure> failure;
      if (file.extension() == ".log") failure = check_log_file(file, LogState::kCutOff);
      // One that CURRENT no longer names is left over and read by nobody.
      if (name + "\n" == as_text(*current)) failure = check_log_file(file, LogState::kWhole);
      if (file.extension() == ".sst") failure = check_table(file);
      if (failure) return failure;
    }
    return std::nullopt;
  }

  const std::string& note() const { return note_; }

 private:
  static Failure damaged(const fs::path& file, const char* where) {
    return {"files", "the store's file " + file.filename().string() + " is damaged" + where};
  }

  // A commit log may end in a torn record: it was not acknowledged, or the head copy tells.
  std::optional<Failure> check_log_file(const fs::path& file, LogState worst) {
    const auto bytes = read_file(file, kLogBytesMax);
    if (!bytes && bytes.error().code == Code::kNotFound) return std::nullopt;  // replaced meanwhile
    if (!bytes) return failure_of("files", bytes.error());
    const LogState state = check_log(*bytes, LogDepth::kChecksums);
    if (state == LogState::kWhole) return std::nullopt;
    if (state == LogState::kDamaged) return damaged(file, "");
    if (worst == LogState::kWhole && !grows(file, bytes->size())) {
      // What is missing may be what a power loss took, or somebody.
      Failure failure = damaged(file, " at its end; after a power loss the next append repairs it");
      failure.exit_code = kIndeterminateExit;
      return failure;
    }
    note_ = file.filename().string() + " ends in a record that was not finished";
    return std::nullopt;
  }

  static bool grows(const fs::path& file, std::size_t bytes) {
    std::error_code code;
    const std::uintmax_t now = fs::file_size(file, code);
    return code || now != bytes;
  }

  static std::optional<Failure> check_table(const fs::path& file) {
    std::error_code code;
    const std::uintmax_t size = fs::file_size(file, code);
    if (code || size < kFooterBytes)
      return std::nullopt;  // left over by a crash, or RocksDB failed
    const auto footer = read_file_end(file, size, kFooterBytes);
    if (!footer) return failure_of("files", footer.error());
    if (!std::equal(kTableMagic.begin(), kTableMagic.end(), footer->end() - 8)) return std::nullopt;
    if (!has_clean_footer(*footer)) return damaged(file, " in its footer");
    return std::nullopt;
  }

  fs::path db_;
  std::string note_;
};

}  // namespace

void check_store_files(const fs::path& db, VerifyReport& report) {
  FileChecks checks(db);
  if (const auto failure = checks.run()) {
    set_failure(report, *failure);
  } else {
    set_check(report, "files", CheckState::kPass, checks.note());
  }
}

}  // namespace phantom
