#include "ledger/backup_keys.h"

#include "ledger/backup_files.h"
#include "ledger/home.h"
#include "ledger/layout.h"

#include <algorithm>
#include <vector>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSealed = "SEALED+KEY+";
constexpr std::size_t kKeyFileBytesMax = 4'096;
constexpr unsigned kKeyMode = 0600;

Result<std::vector<fs::path>> signing_keys(const fs::path& keys) {
  std::vector<fs::path> found;
  std::error_code code;
  for (fs::directory_iterator it(keys, code); !code && it != fs::directory_iterator();
       it.increment(code)) {
    const std::string name = it->path().filename().string();
    const bool epoch = name.starts_with("epoch-") && name.ends_with(".key");
    if (epoch || it->path() == log_key_file(keys)) found.push_back(it->path());
  }
  if (code && code != std::errc::no_such_file_or_directory) {
    return Error{Code::kIo, "read " + keys.string() + ": " + code.message()};
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<Bytes> read_sealed(const fs::path& file) {
  PH_ASSIGN(Bytes bytes, read_file(file, kKeyFileBytesMax));
  if (as_text(bytes).starts_with(kSealed)) return bytes;
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
  return Error{Code::kDenied,
               file.string() + " is not sealed, and plain keys do not go into backups",
               "leave --with-keys out and keep a copy of the keys directory where only you can "
               "read it"};
}

}  // namespace

Status check_keys_are_sealed(const fs::path& keys) {
  PH_ASSIGN(const std::vector<fs::path> files, signing_keys(keys));
  if (files.empty()) {
    return Error{Code::kNotFound, "there are no signing keys at " + keys.string()};
  }
  for (const fs::path& file : files) PH_TRY(read_sealed(file));
  return {};
}

Status copy_sealed_keys(const fs::path& keys, const fs::path& backup) {
  const fs::path target = backup / backup::kKeys;
  PH_TRY(make_private_directory(target));
  PH_ASSIGN(const std::vector<fs::path> files, signing_keys(keys));
  for (const fs::path& file : files) {
    PH_ASSIGN(const Bytes bytes, read_sealed(file));
    PH_TRY(write_file_durably(target / file.filename(), bytes, kKeyMode));
  }
  PH_ASSIGN(const std::vector<fs::path> there, signing_keys(target));
  for (const fs::path& old : there) {
    const bool current = std::any_of(files.begin(), files.end(), [&](const fs::path& file) {
      return file.filename() == old.filename();
    });
    std::error_code code;
    if (!current) fs::remove(old, code);
    if (code) return Error{Code::kIo, "remove " + old.string() + ": " + code.message()};
  }
  return sync_directory(target);
}

Status take_keys_of_backup(const fs::path& backup, const fs::path& keys) {
  PH_ASSIGN(const std::vector<fs::path> here, signing_keys(keys));
  PH_ASSIGN(const std::vector<fs::path> there, signing_keys(backup / backup::kKeys));
  if (!here.empty() || there.empty()) return {};
  PH_TRY(make_private_directory(keys));
  for (const fs::path& file : there) {
    PH_ASSIGN(const Bytes bytes, read_sealed(file));
    PH_TRY(write_file_durably(keys / file.filename(), bytes, kKeyMode));
  }
  return {};
}

}  // namespace phantom
