#pragma once
// The requestState of MCP 2026-07-28: what a client brings back when it repeats a call. It names
// the approval and is worthless for any other call: other tool, other arguments, other session,
// later, or changed by one bit. That it is used once is the approval's own doing. Pure.

#include "events/types.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phantom {

using McpStateKey = std::array<std::uint8_t, 32>;  // random, as old as the process

struct McpStateSubject {
  std::string tool;
  Digest arguments_digest{};
  std::string session;
};

std::string make_request_state(const McpStateKey& key, const McpStateSubject& subject,
                               const std::string& approval, std::int64_t expires_ns);
// The approval it names; none for anything this key did not make for just this, or that is over.
std::optional<std::string> read_request_state(const McpStateKey& key,
                                              const McpStateSubject& subject,
                                              std::string_view state, std::int64_t now_ns);

}  // namespace phantom
