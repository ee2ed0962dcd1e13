#pragma once
// MCP over HTTP on a loopback address: Streamable HTTP of all three revisions.
//
// A connection has a thread and one request at a time. Revisions with initialize have sessions:
// each its own protocol state and its own mcp.connected; those that nobody uses end. Requests of
// 2026-07-28 have no session; all of them together are one client on record. Who closes the
// connection cancels the call that is on it.

#include "cli/mcp_desk.h"
#include "ledger/socket.h"
#include "proxy/mcp_http.h"
#include "proxy/witness_server.h"

#include <chrono>

namespace phantom {

struct McpHttpLimits {
  std::chrono::milliseconds request_max{10'000};  // from its first byte to its last
  std::chrono::milliseconds idle_max{60'000};     // between requests of one connection
  std::chrono::milliseconds write_max{10'000};    // for a client to take what it is sent
  std::chrono::minutes session_idle_max{30};
  std::size_t connections_max = 64;
  std::size_t sessions_max = 32;
};

struct McpListener {
  Fd socket;
  ListenAddress address;  // with the port it has
};
// kDenied: not a loopback address. kIo: cannot listen there.
Result<McpListener> listen_mcp_http(ListenAddress address);

// Serves until `stop` is readable; then calls are ended.
Status serve_mcp_http(McpDesk& desk, const McpListener& listener, const McpDoor& door,
                      const Fd& stop, const McpHttpLimits& limits = {});

}  // namespace phantom
