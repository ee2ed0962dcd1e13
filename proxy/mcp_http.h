#pragma once
// What an HTTP server of MCP lets in, in two looks: at the head, before any byte of the body, and
// at the message. Pure. Sources: Streamable HTTP of MCP 2025-06-18, 2025-11-25 and 2026-07-28.
//
// One endpoint, /mcp. Who gets in: who names this server as the host (a web page behind a rebound
// name does not), comes from no page of elsewhere, and has the token.

#include "proxy/http_head.h"
#include "proxy/mcp_protocol.h"

#include <optional>
#include <string>
#include <string_view>

namespace phantom {

inline constexpr std::size_t kMcpHeadBytesMax = 16 * 1024;
inline constexpr char kMcpPath[] = "/mcp";

struct McpDoor {
  std::string address;  // ADDR:PORT or [ADDR]:PORT it listens at
  std::string token;
};

// What to answer in place of doing anything.
struct McpHttpRefusal {
  int status = 0;
  std::string message;  // a JSON-RPC error
  std::string field;    // a header line without its end, or empty
};

std::optional<McpHttpRefusal> judge_http_request(const RequestHead& head, const McpDoor& door);

// Which protocol state a message that was let in belongs to.
struct McpHttpRoute {
  enum class To { kRefused, kStateless, kNewSession, kSession } to = To::kRefused;
  McpHttpRefusal refusal = {};  // of kRefused
  std::string session = {};     // of kSession; nobody has looked whether there is one
  std::string version = {};     // of kSession: MCP-Protocol-Version, may be empty
};
McpHttpRoute route_mcp_message(const RequestHead& head, std::string_view body);

// Status of an answer that McpPeer::take gave at once; `code` 0 is no error.
int mcp_http_status(McpHttpRoute::To to, int code);

// "200 OK" and the like.
std::string mcp_status_line(int status);

// One message as an event of a stream.
std::string mcp_stream_event(std::string_view message);

}  // namespace phantom
