#include "proxy/mcp_state.h"

#include "events/check.h"
#include "events/encoding.h"

#include <sodium.h>

namespace phantom {
namespace {

std::string code_over(const McpStateKey& key, const McpStateSubject& subject,
                      std::string_view approval, std::string_view expires) {
  // None of the parts can hold a line break.
  const std::string text = "phantom mcp state 1\ntools/call\n" + subject.tool + "\n" +
                           to_hex(subject.arguments_digest) + "\n" + subject.session + "\n" +
                           std::string(approval) + "\n" + std::string(expires) + "\n";
  Digest code{};
  PH_CHECK(crypto_generichash(code.data(), code.size(),
                              reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                              key.data(), key.size()) == 0,
           "BLAKE2b takes any text");
  return to_hex(code);
}

}  // namespace

std::string make_request_state(const McpStateKey& key, const McpStateSubject& subject,
                               const std::string& approval, std::int64_t expires_ns) {
  const std::string expires = std::to_string(expires_ns);
  return approval + "." + expires + "." + code_over(key, subject, approval, expires);
}

std::optional<std::string> read_request_state(const McpStateKey& key,
                                              const McpStateSubject& subject,
                                              std::string_view state, std::int64_t now_ns) {
  const std::size_t first = state.find('.');
  const std::size_t second = first == std::string_view::npos ? first : state.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view approval = state.substr(0, first);
  const std::string_view expires = state.substr(first + 1, second - first - 1);
  const std::string_view code = state.substr(second + 1);
  if (approval.find('\n') != std::string_view::npos) return std::nullopt;
  const std::string wanted = code_over(key, subject, approval, expires);
  if (code.size() != wanted.size() ||
      sodium_memcmp(code.data(), wanted.data(), wanted.size()) != 0) {
    return std::nullopt;
  }
  const auto until = parse_decimal(expires);
  if (!until || static_cast<std::int64_t>(*until) < now_ns) return std::nullopt;
  return std::string(approval);
}

}  // namespace phantom
