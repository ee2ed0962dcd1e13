#pragma once
// The Model Context Protocol of a server that has tools and nothing else: messages in, messages
// out. Revisions 2025-06-18 and 2025-11-25, which begin with initialize, and 2026-07-28, where each
// request says in _meta what it needs. Pure: no clock, no I/O, no threads. Sources: the
// specification's pages and schema of each revision.
//
// A message is one JSON text without line breaks; what comes in is bounded and nothing that comes
// in is an assumption.

#include "proxy/json_value.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

enum class McpRevision { k20250618, k20251125, k20260728 };
const char* revision_name(McpRevision revision);
std::optional<McpRevision> read_revision(std::string_view name);

inline constexpr std::size_t kMcpMessageBytesMax = 1 << 20;
inline constexpr std::size_t kMcpIdBytesMax = 256;
inline constexpr std::size_t kMcpInFlightMax = 16;

// What the client says it is; nobody has checked it.
struct McpClient {
  std::string name;        // cut to letters, digits, dots and dashes
  bool has_forms = false;  // it can put a question to the person in front of it
};
// Name of an agent tool as cli/actor.h has it; empty for a client nobody knows.
std::string agent_tool_of(std::string_view client_name);

enum class ToolEffect { kRead, kEffect };

struct McpToolInfo {
  std::string name;
  std::string title;
  std::string description;
  ToolEffect effect = ToolEffect::kRead;
  JsonValue input_schema;
  JsonValue output_schema;
  enum class Harm { kNone, kDestructive } harm = Harm::kNone;
  enum class Repeat { kSame, kAgain } repeat = Repeat::kSame;  // does a second call add to it?
  enum class World { kClosed, kOpen } world = World::kClosed;  // does it reach the network?
};

struct McpCall {
  JsonValue id;
  McpRevision revision = McpRevision::k20260728;
  McpClient client;
  std::string tool;  // as it was sent; no name of a tool until somebody looked it up
  JsonValue arguments;
  std::optional<JsonValue> progress_token;
  std::string request_state;  // 2026-07-28: what the client brings back
  std::string answer;         // and what the person did with the form: accept, decline, cancel
};

inline constexpr char kMcpQuestion[] = "approval";  // key of the form in inputRequests

struct McpResult {
  std::string text;
  std::optional<JsonValue> structured;
  enum class Kind { kDone, kToolError, kProtocolError, kAsk } kind = Kind::kDone;
  int code = 0;               // of a protocol error
  std::string request_state;  // of kAsk, which needs a client that has forms
};

// JSON-RPC and MCP error codes.
enum McpErrorCode : int {
  kMcpParseError = -32700,
  kMcpInvalidRequest = -32600,
  kMcpMethodNotFound = -32601,
  kMcpInvalidParams = -32602,
  kMcpInternalError = -32603,
  kMcpHeaderMismatch = -32020,
  kMcpUnsupportedVersion = -32022
};

std::string mcp_error(const JsonValue* id, int code, std::string_view message,
                      const JsonValue* data = nullptr);
std::string mcp_answer(const McpCall& call, const McpResult& result);
// `done` has to grow from one to the next. A total of 0 is unknown.
std::string mcp_progress(const McpCall& call, std::uint64_t done, std::uint64_t total,
                         std::string_view message);
// Ends a subscription in good order.
std::string mcp_subscription_end(const JsonValue& id);

// What one message asks of the transport.
struct McpStep {
  std::vector<std::string> send;
  std::optional<McpCall> call;      // to be done; its answer goes to McpPeer::finish first
  std::optional<JsonValue> cancel;  // id of a call to be ended without an answer
  std::optional<JsonValue> listen;  // id of a subscription that stays open
  struct Connected {
    McpRevision revision;
    McpClient client;
  };
  std::optional<Connected>
      connected;  // initialize was answered, or a first request came without it
  int error = 0;  // code of the error that `send` holds
  enum class Era { kNone, kHandshake, kStateless } era = Era::kNone;
};

// One client: a process at the other end of stdio, or one session of HTTP.
class McpPeer {
 public:
  // `tools` in the order they are listed in; outlives the peer.
  explicit McpPeer(const std::vector<McpToolInfo>& tools, std::size_t page_tools = 100)
      : tools_(tools), page_tools_(page_tools) {}

  McpStep take(std::string_view message);
  // False: the call was cancelled, and no answer may be sent.
  bool finish(const JsonValue& id);
  // Ids of calls that are neither finished nor cancelled.
  bool in_flight(const JsonValue& id) const { return in_flight_.count(to_json(id)) != 0; }

 private:
  struct Request {
    JsonValue id;
    std::string method;
    JsonValue params;
    const JsonValue* meta = nullptr;  // within params
    McpRevision revision;
    McpClient client;
  };
  McpStep refuse(const JsonValue* id, int code, std::string_view message,
                 const JsonValue* data = nullptr);
  McpStep notification(const std::string& method, const JsonValue* params);
  McpStep stateless(Request request);
  McpStep handshake(Request request);
  McpStep initialize(const Request& request);
  McpStep tools_list(const Request& request);
  McpStep tools_call(const Request& request);
  McpStep listen(const Request& request);

  const std::vector<McpToolInfo>& tools_;
  std::size_t page_tools_;
  std::optional<McpRevision> agreed_;  // by initialize
  McpClient client_;                   // of initialize
  bool met_ = false;                   // a stateless request was answered
  std::set<std::string> in_flight_;
};

}  // namespace phantom
