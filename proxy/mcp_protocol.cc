#include "proxy/mcp_protocol.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

using Kind = JsonValue::Kind;

constexpr char kVersionKey[] = "io.modelcontextprotocol/protocolVersion";
constexpr char kClientKey[] = "io.modelcontextprotocol/clientInfo";
constexpr char kCapabilitiesKey[] = "io.modelcontextprotocol/clientCapabilities";
constexpr char kServerKey[] = "io.modelcontextprotocol/serverInfo";
constexpr char kSubscriptionKey[] = "io.modelcontextprotocol/subscriptionId";
constexpr std::int64_t kListTtlMs = 300'000;
constexpr std::size_t kToolNameBytesMax = 128;
constexpr std::size_t kStateBytesMax = 1'024;
constexpr std::size_t kClientNameMax = 64;

constexpr char kInstructions[] =
    "phantom keeps secrets out of reach of agents and records what is done with them. No tool "
    "takes "
    "or returns the value of a secret. Tools that change something need the approval of a person: "
    "they answer with status approval-required and a command for that person to run in a terminal "
    "of their own; after that, call the tool again with the same arguments and the approval's id.";

struct RevisionName {
  McpRevision revision;
  const char* name;
};
constexpr RevisionName kRevisions[] = {{McpRevision::k20260728, "2026-07-28"},
                                       {McpRevision::k20251125, "2025-11-25"},
                                       {McpRevision::k20250618, "2025-06-18"}};

struct KnownClient {
  const char* prefix;
  const char* tool;
};
// How clients call themselves, without blanks and in lower case.
constexpr KnownClient kClients[] = {
    {"claude-code", "claude-code"},
    {"claude-ai", "claude-desktop"},
    {"cursor", "cursor"},
    {"codex", "codex"},
    {"visualstudiocode", "vscode"},
    {"windsurf", "windsurf"},
    {"gemini-cli", "gemini-cli"},
    {"opencode", "opencode"},
    {"zed", "zed"},
};

JsonValue server_info() {
  return JsonValue::object({{"name", JsonValue::of_text("phantom")},
                            {"title", JsonValue::of_text("phantom")},
                            {"version", JsonValue::of_text(PHANTOM_VERSION)}});
}

JsonValue capabilities() { return JsonValue::object({{"tools", JsonValue::object()}}); }

std::string message_of(const JsonValue& id, JsonValue result) {
  return to_json(JsonValue::object(
      {{"jsonrpc", JsonValue::of_text("2.0")}, {"id", id}, {"result", std::move(result)}}));
}

JsonValue complete(McpRevision revision, JsonValue result) {
  if (revision != McpRevision::k20260728) return result;
  result.set("resultType", JsonValue::of_text("complete"));
  result.set("_meta", JsonValue::object({{kServerKey, server_info()}}));
  return result;
}

JsonValue cacheable(McpRevision revision, JsonValue result) {
  if (revision == McpRevision::k20260728) {
    result.set("ttlMs", JsonValue::of_integer(kListTtlMs));
    result.set("cacheScope", JsonValue::of_text("public"));
  }
  return complete(revision, std::move(result));
}

bool is_id(const JsonValue& id) {
  return (id.is_text() && id.text.size() <= kMcpIdBytesMax) || id.integer();
}

std::string clean_name(std::string_view name) {
  std::string cleaned;
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-';
    if (fits && cleaned.size() < kClientNameMax) cleaned += c;
  }
  return cleaned;
}

McpClient read_client(const JsonValue* info, const JsonValue* able) {
  McpClient client;
  if (info != nullptr) {
    if (const std::string* name = info->find_text("name")) client.name = clean_name(*name);
  }
  if (able == nullptr) return client;
  const JsonValue* elicitation = able->find("elicitation");
  // Before there were URLs an empty object meant forms.
  client.has_forms = elicitation != nullptr && elicitation->is_object() &&
                     (elicitation->names.empty() || elicitation->find("form") != nullptr);
  return client;
}

JsonValue tool_object(const McpToolInfo& tool) {
  const auto truth = [](bool value) { return JsonValue::of_truth(value); };
  return JsonValue::object(
      {{"name", JsonValue::of_text(tool.name)},
       {"title", JsonValue::of_text(tool.title)},
       {"description", JsonValue::of_text(tool.description)},
       {"inputSchema", tool.input_schema},
       {"outputSchema", tool.output_schema},
       {"annotations",
        JsonValue::object({{"readOnlyHint", truth(tool.effect == ToolEffect::kRead)},
                           {"destructiveHint", truth(tool.harm == McpToolInfo::Harm::kDestructive)},
                           {"idempotentHint", truth(tool.repeat == McpToolInfo::Repeat::kSame)},
                           {"openWorldHint", truth(tool.world == McpToolInfo::World::kOpen)}})}});
}

JsonValue question_of(const McpResult& result) {
  const JsonValue schema = JsonValue::object(
      {{"type", JsonValue::of_text("object")},
       {"properties",
        JsonValue::object(
            {{"done",
              JsonValue::object({{"type", JsonValue::of_text("boolean")},
                                 {"title", JsonValue::of_text("Answered in the terminal")}})}})}});
  const JsonValue form =
      JsonValue::object({{"method", JsonValue::of_text("elicitation/create")},
                         {"params", JsonValue::object({{"mode", JsonValue::of_text("form")},
                                                       {"message", JsonValue::of_text(result.text)},
                                                       {"requestedSchema", schema}})}});
  return JsonValue::object({{"resultType", JsonValue::of_text("input_required")},
                            {"inputRequests", JsonValue::object({{kMcpQuestion, form}})},
                            {"requestState", JsonValue::of_text(result.request_state)},
                            {"_meta", JsonValue::object({{kServerKey, server_info()}})}});
}

}  // namespace

const char* revision_name(McpRevision revision) {
  for (const RevisionName& each : kRevisions) {
    if (each.revision == revision) return each.name;
  }
  return "";
}

std::optional<McpRevision> read_revision(std::string_view name) {
  for (const RevisionName& each : kRevisions) {
    if (name == each.name) return each.revision;
  }
  return std::nullopt;
}

std::string agent_tool_of(std::string_view client_name) {
  std::string plain;
  for (const char c : clean_name(client_name)) {
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const KnownClient& each : kClients) {
    if (plain.starts_with(each.prefix)) return each.tool;
  }
  return "";
}

std::string mcp_error(const JsonValue* id, int code, std::string_view message,
                      const JsonValue* data) {
  JsonValue error = JsonValue::object(
      {{"code", JsonValue::of_integer(code)}, {"message", JsonValue::of_text(message)}});
  if (data != nullptr) error.set("data", *data);
  JsonValue whole = JsonValue::object({{"jsonrpc", JsonValue::of_text("2.0")}});
  if (id != nullptr) whole.set("id", *id);
  whole.set("error", std::move(error));
  return to_json(whole);
}

std::string mcp_answer(const McpCall& call, const McpResult& result) {
  if (result.kind == McpResult::Kind::kProtocolError) {
    return mcp_error(&call.id, result.code, result.text);
  }
  if (result.kind == McpResult::Kind::kAsk) return message_of(call.id, question_of(result));
  JsonValue answer = JsonValue::object(
      {{"content",
        JsonValue::list({JsonValue::object(
            {{"type", JsonValue::of_text("text")}, {"text", JsonValue::of_text(result.text)}})})}});
  if (result.structured) answer.set("structuredContent", *result.structured);
  answer.set("isError", JsonValue::of_truth(result.kind == McpResult::Kind::kToolError));
  return message_of(call.id, complete(call.revision, std::move(answer)));
}

std::string mcp_progress(const McpCall& call, std::uint64_t done, std::uint64_t total,
                         std::string_view message) {
  PH_CHECK(call.progress_token, "nobody asked for progress");
  JsonValue params =
      JsonValue::object({{"progressToken", *call.progress_token},
                         {"progress", JsonValue::of_integer(static_cast<std::int64_t>(done))}});
  if (total > 0) params.set("total", JsonValue::of_integer(static_cast<std::int64_t>(total)));
  if (!message.empty()) params.set("message", JsonValue::of_text(message));
  return to_json(JsonValue::object({{"jsonrpc", JsonValue::of_text("2.0")},
                                    {"method", JsonValue::of_text("notifications/progress")},
                                    {"params", std::move(params)}}));
}

std::string mcp_subscription_end(const JsonValue& id) {
  return message_of(id,
                    JsonValue::object({{"resultType", JsonValue::of_text("complete")},
                                       {"_meta", JsonValue::object({{kSubscriptionKey, id}})}}));
}

McpStep McpPeer::refuse(const JsonValue* id, int code, std::string_view message,
                        const JsonValue* data) {
  McpStep step;
  step.error = code;
  step.send.push_back(mcp_error(id, code, message, data));
  return step;
}

McpStep McpPeer::take(std::string_view message) {
  auto parsed = parse_json(
      message, {.bytes_max = kMcpMessageBytesMax, .depth_max = 32, .values_max = 20'000});
  if (!parsed.ok()) {
    return refuse(nullptr,
                  parsed.error().code == Code::kLimit ? kMcpInvalidRequest : kMcpParseError,
                  parsed.error().message);
  }
  const JsonValue& whole = *parsed;
  if (!whole.is_object()) {
    return refuse(nullptr, kMcpInvalidRequest, "one message at a time, and no batches");
  }
  const JsonValue* id = whole.find("id");
  const std::string* version = whole.find_text("jsonrpc");
  const std::string* method = whole.find_text("method");
  const JsonValue* params = whole.find("params");
  if (id != nullptr && !is_id(*id)) {
    return refuse(nullptr, kMcpInvalidRequest, "an id is a short text or a whole number");
  }
  if (version == nullptr || *version != "2.0") {
    return refuse(id, kMcpInvalidRequest, "jsonrpc must be \"2.0\"");
  }
  if (method == nullptr) {
    // An answer to a question that this server never asks.
    if (whole.find("result") != nullptr || whole.find("error") != nullptr) return {};
    return refuse(id, kMcpInvalidRequest, "there is no method");
  }
  if (id == nullptr) return notification(*method, params);
  if (params != nullptr && !params->is_object()) {
    return refuse(id, kMcpInvalidParams, "params must be an object");
  }
  Request request{*id,
                  *method,
                  params != nullptr ? *params : JsonValue::object(),
                  nullptr,
                  McpRevision::k20260728,
                  {}};
  request.meta = request.params.find("_meta");
  const bool says_version = request.meta != nullptr && request.meta->find(kVersionKey) != nullptr;
  McpStep step;
  if (says_version || (!agreed_ && *method != "initialize" && *method != "ping")) {
    step = stateless(std::move(request));
    step.era = McpStep::Era::kStateless;
  } else {
    step = handshake(std::move(request));
    step.era = McpStep::Era::kHandshake;
  }
  return step;
}

McpStep McpPeer::notification(const std::string& method, const JsonValue* params) {
  McpStep step;
  if (method != "notifications/cancelled" || params == nullptr) return step;
  const JsonValue* id = params->find("requestId");
  if (id != nullptr && is_id(*id) && in_flight_.erase(to_json(*id)) > 0) step.cancel = *id;
  return step;
}

McpStep McpPeer::stateless(Request request) {
  const std::string* version =
      request.meta != nullptr ? request.meta->find_text(kVersionKey) : nullptr;
  if (version == nullptr) {
    return refuse(&request.id, kMcpInvalidParams,
                  "say initialize first, or the protocol version in _meta with each request");
  }
  if (read_revision(*version) != McpRevision::k20260728) {
    JsonValue supported = JsonValue::list();
    for (const RevisionName& each : kRevisions) {
      supported.items.push_back(JsonValue::of_text(each.name));
    }
    const JsonValue data = JsonValue::object(
        {{"supported", supported}, {"requested", JsonValue::of_text(version->substr(0, 32))}});
    return refuse(&request.id, kMcpUnsupportedVersion,
                  read_revision(*version) ? "that protocol version begins with initialize"
                                          : "Unsupported protocol version",
                  &data);
  }
  const JsonValue* able = request.meta->find(kCapabilitiesKey);
  if (able == nullptr || !able->is_object()) {
    return refuse(&request.id, kMcpInvalidParams, "_meta lacks the client's capabilities");
  }
  request.client = read_client(request.meta->find(kClientKey), able);
  McpStep step;
  if (request.method == "server/discover") {
    JsonValue versions = JsonValue::list();
    for (const RevisionName& each : kRevisions) {
      versions.items.push_back(JsonValue::of_text(each.name));
    }
    step.send.push_back(message_of(
        request.id,
        cacheable(McpRevision::k20260728,
                  JsonValue::object({{"supportedVersions", versions},
                                     {"capabilities", capabilities()},
                                     {"instructions", JsonValue::of_text(kInstructions)}}))));
  } else if (request.method == "tools/list") {
    step = tools_list(request);
  } else if (request.method == "tools/call") {
    step = tools_call(request);
  } else if (request.method == "subscriptions/listen") {
    step = listen(request);
  } else {
    return refuse(&request.id, kMcpMethodNotFound, "there is no such method");
  }
  if (!met_ && step.error == 0) {
    met_ = true;
    step.connected = McpStep::Connected{McpRevision::k20260728, request.client};
  }
  return step;
}

McpStep McpPeer::handshake(Request request) {
  if (request.method == "initialize") return initialize(request);
  if (request.method == "ping") {
    McpStep step;
    step.send.push_back(message_of(request.id, JsonValue::object()));
    return step;
  }
  request.revision = *agreed_;
  request.client = client_;
  if (request.method == "tools/list") return tools_list(request);
  if (request.method == "tools/call") return tools_call(request);
  return refuse(&request.id, kMcpMethodNotFound, "there is no such method");
}

McpStep McpPeer::initialize(const Request& request) {
  if (agreed_) return refuse(&request.id, kMcpInvalidRequest, "initialize was said before");
  const std::string* version = request.params.find_text("protocolVersion");
  const JsonValue* able = request.params.find("capabilities");
  const JsonValue* info = request.params.find("clientInfo");
  if (version == nullptr || able == nullptr || !able->is_object() || info == nullptr ||
      !info->is_object()) {
    return refuse(&request.id, kMcpInvalidParams,
                  "initialize needs protocolVersion, capabilities and clientInfo");
  }
  const auto asked = read_revision(*version);
  agreed_ = asked && *asked != McpRevision::k20260728 ? *asked : McpRevision::k20251125;
  client_ = read_client(info, able);
  McpStep step;
  step.connected = McpStep::Connected{*agreed_, client_};
  step.send.push_back(message_of(
      request.id,
      JsonValue::object({{"protocolVersion", JsonValue::of_text(revision_name(*agreed_))},
                         {"capabilities", capabilities()},
                         {"serverInfo", server_info()},
                         {"instructions", JsonValue::of_text(kInstructions)}})));
  return step;
}

McpStep McpPeer::tools_list(const Request& request) {
  std::size_t from = 0;
  if (const JsonValue* cursor = request.params.find("cursor")) {
    const auto at = parse_decimal(cursor->text);
    if (!cursor->is_text() || !at || *at == 0 || *at >= tools_.size() || *at % page_tools_ != 0) {
      return refuse(&request.id, kMcpInvalidParams, "the cursor is none of this list");
    }
    from = static_cast<std::size_t>(*at);
  }
  const std::size_t to = std::min(tools_.size(), from + page_tools_);
  JsonValue listed = JsonValue::list();
  for (std::size_t i = from; i < to; ++i) listed.items.push_back(tool_object(tools_[i]));
  JsonValue result = JsonValue::object({{"tools", std::move(listed)}});
  if (to < tools_.size()) result.set("nextCursor", JsonValue::of_text(std::to_string(to)));
  McpStep step;
  step.send.push_back(message_of(request.id, cacheable(request.revision, std::move(result))));
  return step;
}

McpStep McpPeer::tools_call(const Request& request) {
  McpCall call;
  call.id = request.id;
  call.revision = request.revision;
  call.client = request.client;
  const std::string* name = request.params.find_text("name");
  const JsonValue* arguments = request.params.find("arguments");
  if (name == nullptr || name->empty() || name->size() > kToolNameBytesMax) {
    return refuse(&request.id, kMcpInvalidParams, "tools/call needs the name of a tool");
  }
  if (arguments != nullptr && !arguments->is_object()) {
    return refuse(&request.id, kMcpInvalidParams, "arguments must be an object");
  }
  call.tool = *name;
  call.arguments = arguments != nullptr ? *arguments : JsonValue::object();
  if (request.meta != nullptr) {
    const JsonValue* token = request.meta->find("progressToken");
    if (token != nullptr && !is_id(*token)) {
      return refuse(&request.id, kMcpInvalidParams, "a progress token is a text or a whole number");
    }
    if (token != nullptr) call.progress_token = *token;
  }
  if (request.revision == McpRevision::k20260728) {
    if (const std::string* state = request.params.find_text("requestState")) {
      if (state->size() > kStateBytesMax) {
        return refuse(&request.id, kMcpInvalidParams, "that requestState is none of this server");
      }
      call.request_state = *state;
    }
    if (const JsonValue* answers = request.params.find("inputResponses")) {
      const JsonValue* answer = answers->find(kMcpQuestion);
      const std::string* action = answer != nullptr ? answer->find_text("action") : nullptr;
      if (action != nullptr &&
          (*action == "accept" || *action == "decline" || *action == "cancel")) {
        call.answer = *action;
      }
    }
  }
  const std::string key = to_json(request.id);
  if (in_flight_.count(key) != 0) {
    return refuse(&request.id, kMcpInvalidRequest,
                  "a request with that id is still being answered");
  }
  if (in_flight_.size() >= kMcpInFlightMax) {
    return refuse(&request.id, kMcpInternalError, "too many calls at once; wait for one to end");
  }
  in_flight_.insert(key);
  McpStep step;
  step.call = std::move(call);
  return step;
}

// Nothing this server has ever changes while it runs, so a subscription is acknowledged for nothing
// and stays silent.
McpStep McpPeer::listen(const Request& request) {
  const JsonValue* wanted = request.params.find("notifications");
  if (wanted == nullptr || !wanted->is_object()) {
    return refuse(&request.id, kMcpInvalidParams, "subscriptions/listen needs notifications");
  }
  const std::string key = to_json(request.id);
  if (in_flight_.count(key) != 0 || in_flight_.size() >= kMcpInFlightMax) {
    return refuse(&request.id, kMcpInvalidRequest, "that id is in use, or too many are");
  }
  in_flight_.insert(key);
  McpStep step;
  step.listen = request.id;
  const JsonValue params =
      JsonValue::object({{"_meta", JsonValue::object({{kSubscriptionKey, request.id}})},
                         {"notifications", JsonValue::object()}});
  step.send.push_back(to_json(
      JsonValue::object({{"jsonrpc", JsonValue::of_text("2.0")},
                         {"method", JsonValue::of_text("notifications/subscriptions/acknowledged")},
                         {"params", params}})));
  return step;
}

bool McpPeer::finish(const JsonValue& id) { return in_flight_.erase(to_json(id)) > 0; }

}  // namespace phantom
