#include "proxy/mcp_protocol.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

std::vector<McpToolInfo> three_tools() {
  std::vector<McpToolInfo> tools;
  for (const char* name : {"phantom_a", "phantom_b", "phantom_c"}) {
    McpToolInfo tool;
    tool.name = name;
    tool.title = "Title";
    tool.description = "What it does.";
    tool.input_schema = *parse_json(R"({"type":"object","additionalProperties":false})");
    tool.output_schema = *parse_json(R"({"type":"object"})");
    tools.push_back(tool);
  }
  return tools;
}

std::string initialize(std::string_view version) {
  return R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" +
         std::string(version) +
         R"(","capabilities":{"elicitation":{}},"clientInfo":{"name":"Claude Code","version":"1"}}})";
}

// A request as 2026-07-28 wants it; `more` are further members of params.
std::string request(std::string_view id, std::string_view method, std::string_view more = "",
                    std::string_view version = "2026-07-28") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":")" + std::string(method) +
         R"(","params":{)" + std::string(more) + (more.empty() ? "" : ",") +
         R"("_meta":{"io.modelcontextprotocol/protocolVersion":")" + std::string(version) +
         R"(","io.modelcontextprotocol/clientInfo":{"name":"cursor-vscode","version":"1"},)" +
         R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
}

JsonValue only_message(const McpStep& step) {
  EXPECT_EQ(step.send.size(), 1U);
  if (step.send.empty()) return {};
  EXPECT_EQ(step.send[0].find('\n'), std::string::npos);
  return *parse_json(step.send[0]);
}

std::int64_t error_of(const McpStep& step) {
  const JsonValue message = only_message(step);
  const JsonValue* error = message.find("error");
  if (error == nullptr) return 0;
  EXPECT_EQ(*error->find("code")->integer(), step.error);
  return step.error;
}

std::string server_version() {
  const std::vector<McpToolInfo> none;
  const JsonValue message = only_message(McpPeer(none).take(initialize("2025-11-25")));
  return *message.find("result")->find("serverInfo")->find_text("version");
}

class McpProtocol : public testing::Test {
 protected:
  std::vector<McpToolInfo> tools_ = three_tools();
  const std::string version_ = server_version();
  McpPeer peer_{tools_, 2};
};

TEST_F(McpProtocol, AgreesOnARevisionThatBothKnow) {
  struct Sample {
    const char* asked;
    const char* agreed;
  };
  for (const Sample& each : {Sample{"2025-06-18", "2025-06-18"}, Sample{"2025-11-25", "2025-11-25"},
                             Sample{"2024-11-05", "2025-11-25"}, Sample{"2026-07-28", "2025-11-25"},
                             Sample{"9999-01-01", "2025-11-25"}}) {
    McpPeer peer(tools_);
    const McpStep step = peer.take(initialize(each.asked));
    EXPECT_EQ(*only_message(step).find("result")->find_text("protocolVersion"), each.agreed);
    ASSERT_TRUE(step.connected);
    EXPECT_EQ(step.connected->client.name, "ClaudeCode");
    EXPECT_TRUE(step.connected->client.has_forms);
    EXPECT_TRUE(
        peer.take(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").send.empty());
  }
}

TEST_F(McpProtocol, AnswersPingBeforeAndAfterInitialize) {
  const char* ping = R"({"jsonrpc":"2.0","id":"p","method":"ping"})";
  EXPECT_EQ(peer_.take(ping).send.at(0), R"({"jsonrpc":"2.0","id":"p","result":{}})");
  (void)peer_.take(initialize("2025-11-25"));
  EXPECT_EQ(peer_.take(ping).send.at(0), R"({"jsonrpc":"2.0","id":"p","result":{}})");
}

TEST_F(McpProtocol, RefusesASecondInitialize) {
  (void)peer_.take(initialize("2025-11-25"));
  EXPECT_EQ(error_of(peer_.take(initialize("2025-11-25"))), kMcpInvalidRequest);
}

TEST_F(McpProtocol, WantsInitializeOrMetaBeforeAnything) {
  EXPECT_EQ(error_of(peer_.take(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})")),
            kMcpInvalidParams);
  EXPECT_EQ(error_of(peer_.take(R"({"jsonrpc":"2.0","id":1,"method":"tools/call",
      "params":{"name":"phantom_a","_meta":{"progressToken":1}}})")),
            kMcpInvalidParams);
}

TEST_F(McpProtocol, DiscoversWithoutAHandshake) {
  const McpStep step = peer_.take(request("7", "server/discover"));
  const JsonValue message = only_message(step);
  const JsonValue& result = *message.find("result");
  EXPECT_EQ(*result.find_text("resultType"), "complete");
  EXPECT_EQ(to_json(*result.find("supportedVersions")),
            R"(["2026-07-28","2025-11-25","2025-06-18"])");
  EXPECT_EQ(*result.find_text("cacheScope"), "public");
  EXPECT_TRUE(result.find("ttlMs")->integer());
  EXPECT_NE(result.find("_meta")->find("io.modelcontextprotocol/serverInfo"), nullptr);
  ASSERT_TRUE(step.connected);
  EXPECT_EQ(step.connected->client.name, "cursor-vscode");
  EXPECT_FALSE(peer_.take(request("8", "server/discover")).connected);
}

TEST_F(McpProtocol, NamesItsVersionsToAStranger) {
  const McpStep step = peer_.take(request("1", "tools/list", "", "1900-01-01"));
  EXPECT_EQ(error_of(step), kMcpUnsupportedVersion);
  const JsonValue message = only_message(step);
  const JsonValue& data = *message.find("error")->find("data");
  EXPECT_EQ(*data.find_text("requested"), "1900-01-01");
  EXPECT_EQ(data.find("supported")->items.size(), 3U);
}

TEST_F(McpProtocol, HasNoPingAndNoInitializeInTheStatelessForm) {
  EXPECT_EQ(error_of(peer_.take(request("1", "ping"))), kMcpMethodNotFound);
  EXPECT_EQ(error_of(peer_.take(request("1", "initialize"))), kMcpMethodNotFound);
  EXPECT_EQ(error_of(peer_.take(request("1", "resources/list"))), kMcpMethodNotFound);
}

TEST_F(McpProtocol, WantsCapabilitiesWithEachRequest) {
  EXPECT_EQ(error_of(peer_.take(R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":
      {"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})")),
            kMcpInvalidParams);
}

TEST_F(McpProtocol, ServesBothErasAtOnce) {
  (void)peer_.take(initialize("2025-06-18"));
  const JsonValue older =
      only_message(peer_.take(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"));
  EXPECT_EQ(older.find("result")->find("resultType"), nullptr);
  const JsonValue newer = only_message(peer_.take(request("2", "tools/list")));
  EXPECT_EQ(*newer.find("result")->find_text("resultType"), "complete");
}

TEST_F(McpProtocol, ListsToolsPageByPageInOneOrder) {
  const McpStep first = peer_.take(request("1", "tools/list"));
  const JsonValue page = only_message(first);
  const JsonValue& result = *page.find("result");
  ASSERT_EQ(result.find("tools")->items.size(), 2U);
  const JsonValue& tool = result.find("tools")->items[0];
  EXPECT_EQ(*tool.find_text("name"), "phantom_a");
  EXPECT_TRUE(tool.find("annotations")->find("readOnlyHint")->truth);
  EXPECT_EQ(*result.find_text("nextCursor"), "2");
  const JsonValue last = only_message(peer_.take(request("2", "tools/list", R"("cursor":"2")")));
  EXPECT_EQ(last.find("result")->find("tools")->items.size(), 1U);
  EXPECT_EQ(last.find("result")->find("nextCursor"), nullptr);
  EXPECT_EQ(peer_.take(request("1", "tools/list")).send, first.send);
  for (const char* cursor : {"\"1\"", "\"4\"", "\"0\"", "\"-2\"", "2", "\"x\"", "null"}) {
    const std::string more = std::string("\"cursor\":") + cursor;
    EXPECT_EQ(error_of(peer_.take(request("3", "tools/list", more))), kMcpInvalidParams) << cursor;
  }
}

TEST_F(McpProtocol, HandsOverACallAndWritesItsAnswer) {
  McpStep step =
      peer_.take(request("\"c\"", "tools/call",
                         R"("name":"phantom_a","arguments":{"x":1},"requestState":"s",)"
                         R"("inputResponses":{"approval":{"action":"accept","content":{}}})"));
  ASSERT_TRUE(step.call);
  EXPECT_EQ(step.call->tool, "phantom_a");
  EXPECT_EQ(to_json(step.call->arguments), R"({"x":1})");
  EXPECT_EQ(step.call->request_state, "s");
  EXPECT_EQ(step.call->answer, "accept");
  McpResult result;
  result.text = "line\nline";
  result.structured = *parse_json(R"({"v":1})");
  EXPECT_EQ(
      mcp_answer(*step.call, result),
      R"({"jsonrpc":"2.0","id":"c","result":{"content":[{"type":"text","text":"line\nline"}],)"
      R"("structuredContent":{"v":1},"isError":false,"resultType":"complete","_meta":)"
      R"({"io.modelcontextprotocol/serverInfo":{"name":"phantom","title":"phantom",)"
      R"("version":")" +
          version_ + R"("}}}})");
  EXPECT_TRUE(peer_.finish(step.call->id));
  EXPECT_FALSE(peer_.finish(step.call->id));
}

TEST_F(McpProtocol, AsksThePersonWithStateWhenTheClientHasForms) {
  McpCall call;
  call.id = JsonValue::of_integer(3);
  McpResult result;
  result.kind = McpResult::Kind::kAsk;
  result.text = "Run it.";
  result.request_state = "state";
  const JsonValue message = *parse_json(mcp_answer(call, result));
  const JsonValue& asked = *message.find("result");
  EXPECT_EQ(*asked.find_text("resultType"), "input_required");
  EXPECT_EQ(*asked.find_text("requestState"), "state");
  const JsonValue& form = *asked.find("inputRequests")->find("approval");
  EXPECT_EQ(*form.find_text("method"), "elicitation/create");
  EXPECT_EQ(*form.find("params")->find_text("message"), "Run it.");
}

TEST_F(McpProtocol, EndsACallThatIsCancelled) {
  (void)peer_.take(initialize("2025-11-25"));
  const McpStep call =
      peer_.take(R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"phantom_a"}})");
  ASSERT_TRUE(call.call);
  const char* cancel =
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}})";
  EXPECT_EQ(to_json(*peer_.take(cancel).cancel), "5");
  EXPECT_FALSE(peer_.take(cancel).cancel);
  EXPECT_FALSE(peer_.finish(call.call->id));
  for (const char* wrong : {"\"5\"", "null", "[]", "5.0", "6"}) {
    EXPECT_FALSE(peer_
                     .take(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":)"
                           R"({"requestId":)" +
                           std::string(wrong) + "}}")
                     .cancel);
  }
}

TEST_F(McpProtocol, BoundsCallsInFlightAndTheirIds) {
  for (std::size_t i = 0; i < kMcpInFlightMax; ++i) {
    EXPECT_TRUE(peer_.take(request(std::to_string(i), "tools/call", R"("name":"phantom_a")")).call);
  }
  EXPECT_EQ(error_of(peer_.take(request("0", "tools/call", R"("name":"x")"))), kMcpInvalidRequest);
  EXPECT_EQ(error_of(peer_.take(request("99", "tools/call", R"("name":"x")"))), kMcpInternalError);
}

TEST_F(McpProtocol, AcknowledgesASubscriptionAndStaysSilent) {
  const McpStep step = peer_.take(
      request("9", "subscriptions/listen", R"("notifications":{"toolsListChanged":true})"));
  ASSERT_TRUE(step.listen);
  EXPECT_EQ(step.send.at(0),
            R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":)"
            R"({"_meta":{"io.modelcontextprotocol/subscriptionId":9},"notifications":{}}})");
  EXPECT_TRUE(peer_.finish(*step.listen));
}

TEST_F(McpProtocol, TellsProgressUnderTheTokenOfTheCall) {
  McpStep step = peer_.take(request("1", "tools/call", R"("name":"phantom_a")"));
  step.call->progress_token = JsonValue::of_text("t");
  EXPECT_EQ(mcp_progress(*step.call, 3, 10, "events"),
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":)"
            R"({"progressToken":"t","progress":3,"total":10,"message":"events"}})");
}

TEST_F(McpProtocol, RefusesWhatIsNoMessage) {
  struct Sample {
    const char* message;
    int code;
  };
  constexpr Sample kSamples[] = {
      {"", kMcpParseError},
      {"{", kMcpParseError},
      {"\xff", kMcpParseError},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", kMcpParseError},
      {"[]", kMcpInvalidRequest},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", kMcpInvalidRequest},
      {"1", kMcpInvalidRequest},
      {R"({"id":1,"method":"ping"})", kMcpInvalidRequest},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", kMcpInvalidRequest},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", kMcpInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", kMcpInvalidRequest},
      {R"({"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"})", kMcpInvalidRequest},
      {R"({"jsonrpc":"2.0","id":{},"method":"ping"})", kMcpInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1})", kMcpInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", kMcpInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[]})", kMcpInvalidParams},
  };
  for (const Sample& each : kSamples) EXPECT_EQ(error_of(peer_.take(each.message)), each.code);
  for (const char* silent : {R"({"jsonrpc":"2.0","id":1,"result":{}})",
                             R"({"jsonrpc":"2.0","method":"notifications/unknown"})"}) {
    EXPECT_TRUE(peer_.take(silent).send.empty());
  }
}

TEST_F(McpProtocol, RefusesGiantIdsWithoutEchoingThem) {
  const std::string id = "\"" + std::string(100'000, 'i') + "\"";
  const McpStep step = peer_.take(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"ping"})");
  EXPECT_EQ(error_of(step), kMcpInvalidRequest);
  EXPECT_LT(step.send[0].size(), 200U);
  EXPECT_EQ(error_of(peer_.take(std::string(kMcpMessageBytesMax + 1, ' '))), kMcpInvalidRequest);
  EXPECT_EQ(error_of(peer_.take(std::string(1'000, '['))), kMcpInvalidRequest);
}

// A line break in a text must not become one on the wire, where it would begin another message.
TEST_F(McpProtocol, KeepsLineBreaksOutOfItsLines) {
  const McpStep step =
      peer_.take("{\"jsonrpc\":\"2.0\",\"id\":\"a\\nb\\u2028\\r\",\"method\":\"ping\"}");
  EXPECT_EQ(step.send.at(0).find('\n'), std::string::npos);
  EXPECT_EQ(step.send.at(0).find('\r'), std::string::npos);
}

TEST(McpClients, AreKnownByHowTheyCallThemselves) {
  EXPECT_EQ(agent_tool_of("claude-code"), "claude-code");
  EXPECT_EQ(agent_tool_of("Visual Studio Code"), "vscode");
  EXPECT_EQ(agent_tool_of("cursor-vscode"), "cursor");
  EXPECT_EQ(agent_tool_of("codex-mcp-client"), "codex");
  EXPECT_EQ(agent_tool_of("something\nelse"), "");
}

}  // namespace
}  // namespace phantom
