#include "ledger/service_socket.h"

namespace phantom {
namespace {

constexpr std::size_t kPathBytesMax = 4'096;

}  // namespace

Result<std::filesystem::path> parse_service_socket(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const bool sound = text.starts_with('/') && text.size() <= kPathBytesMax &&
                     text.find_first_of(std::string_view("\0\n\r", 3)) == std::string_view::npos;
  const std::filesystem::path path(sound ? text : std::string_view());
  if (sound && path.has_filename()) return path;
  return Error{Code::kInvalid, "the socket of the ledger's service is not an absolute path",
               "write one path, like /run/phantom/ledger.sock"};
}

Result<std::optional<std::filesystem::path>> find_service_socket(const Home& home,
                                                                 const char* variable) {
  if (variable != nullptr && *variable != '\0') {
    auto path = parse_service_socket(variable);
    if (!path.ok()) return std::move(path.error()).in("PHANTOM_LEDGER_SOCKET");
    return std::optional(std::move(*path));
  }
  const std::filesystem::path file = home.root / "ledger.socket";
  const auto content = read_file(file, kPathBytesMax + 1);
  if (!content.ok()) {
    if (content.error().code == Code::kNotFound) return std::optional<std::filesystem::path>();
    return content.error();
  }
  auto path = parse_service_socket(as_text(*content));
  if (!path.ok()) return std::move(path.error()).in(file.string());
  return std::optional(std::move(*path));
}

}  // namespace phantom
