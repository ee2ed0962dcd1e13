#include "ledger/evidence.h"

#include <ctime>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCopyBytesMax = 64 << 20;
constexpr unsigned kCopyMode = 0600;
constexpr int kNamesMax = 1'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

Error io_error(const std::string& what, const fs::path& path, const std::error_code& code) {
  return {code == std::errc::permission_denied ? Code::kDenied : Code::kIo,
          what + " " + path.string() + ": " + code.message()};
}

}  // namespace

std::string compact_utc(std::int64_t wall_ns) {
  const std::time_t seconds = wall_ns / kNsPerSecond;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

Result<fs::path> Evidence::place_for(const fs::path& path) {
  std::error_code code;
  if (name_.empty()) {
    const std::string base = "evidence-" + compact_utc(clock_.wall_ns());
    std::string name = base;
    for (int i = 2; !fs::create_directory(home_.root / name, code); ++i) {
      if (code || i > kNamesMax) return io_error("make directory", home_.root / name, code);
      name = base + "-" + std::to_string(i);
    }
    fs::permissions(home_.root / name, fs::perms::owner_all, code);
    if (code) return io_error("make directory", home_.root / name, code);
    PH_TRY(sync_directory(home_.root));
    name_ = name;
  }
  const fs::path place = home_.root / name_ / path.lexically_relative(home_.root);
  PH_TRY(make_private_directory(place.parent_path()));
  return place;
}

Status Evidence::keep_copy(const fs::path& file) {
  PH_ASSIGN(const Bytes bytes, read_file(file, kCopyBytesMax));
  PH_ASSIGN(const fs::path place, place_for(file));
  return write_file_durably(place, bytes, kCopyMode);
}

Status Evidence::move_here(const fs::path& path) {
  PH_ASSIGN(const fs::path place, place_for(path));
  std::error_code code;
  fs::rename(path, place, code);
  if (code) return io_error("move", path, code);
  PH_TRY(sync_directory(place.parent_path()));
  return sync_directory(path.parent_path());
}

}  // namespace phantom
