#include "vault/vault_store.h"

#include "events/encoding.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStagedMark = ".vault.next-";
constexpr std::size_t kDigestBytes = 8;

Error system_error(const char* operation, const fs::path& path, int number) {
  const Code code =
      number == EACCES || number == EPERM || number == EROFS ? Code::kDenied : Code::kIo;
  return {code, std::string(operation) + " " + path.string() + ": " + std::strerror(number)};
}

}  // namespace

fs::path vault_path(const Home& home, const std::string& project) {
  return home.vaults() / (project + ".vault");
}

fs::path staged_vault_path(const Home& home, const std::string& project, std::uint64_t version,
                           const Digest& digest) {
  return home.vaults() / (project + std::string(kStagedMark) + std::to_string(version) + "-" +
                          to_hex(ByteView(digest).first(kDigestBytes)));
}

Result<Publishing> publish_vault(const fs::path& staged, const fs::path& current) {
  if (::rename(staged.c_str(), current.c_str()) != 0) {
    if (errno == ENOENT) return Publishing::kAbsent;
    return system_error("rename", staged, errno);
  }
  if (Status synced = sync_directory(current.parent_path()); !synced.ok()) {
    return Error{Code::kIndeterminate, synced.error().message};
  }
  return Publishing::kDone;
}

Result<Discarding> discard_staged_vault(const fs::path& staged) {
  if (::unlink(staged.c_str()) == 0) return Discarding::kDone;
  if (errno == ENOENT) return Discarding::kAbsent;
  return system_error("remove", staged, errno);
}

void discard_old_staged_vaults(const Home& home, const std::string& project,
                               std::uint64_t version) {
  const std::string prefix = project + std::string(kStagedMark);
  std::error_code code;
  for (fs::directory_iterator it(home.vaults(), code), end; !code && it != end;
       it.increment(code)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    const std::size_t dash = rest.find('-');
    const auto number = parse_decimal(rest.substr(0, dash));
    // A longer name is a file that another process is still writing; it will find out by itself
    // that it came too late.
    const bool whole = dash != std::string_view::npos && from_hex(rest.substr(dash + 1)) &&
                       rest.size() == dash + 1 + 2 * kDigestBytes;
    if (whole && number && *number <= version) ::unlink(it->path().c_str());
  }
}

}  // namespace phantom
