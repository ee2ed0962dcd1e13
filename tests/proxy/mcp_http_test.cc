#include "proxy/mcp_http.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom {
namespace {

using To = McpHttpRoute::To;

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string kDoorToken(64, 'a');

// A head that is let in, with some fields changed, left out (empty) or added.
class SentRequest {
 public:
  explicit SentRequest(const Fields& changed = {}, const std::string& line = "POST /mcp") {
    Fields fields = {{"Host", "127.0.0.1:8400"},
                     {"Authorization", "Bearer " + kDoorToken},
                     {"Content-Type", "application/json"},
                     {"Accept", "application/json, text/event-stream"},
                     {"Content-Length", "2"}};
    for (const auto& [name, value] : changed) {
      const auto same = [&name](const auto& field) { return field.first == name; };
      const auto found = std::find_if(fields.begin(), fields.end(), same);
      if (found != fields.end()) {
        found->second = value;
      } else {
        fields.emplace_back(name, value);
      }
    }
    text_ = line + " HTTP/1.1\r\n";
    for (const auto& [name, value] : fields) {
      if (!value.empty()) text_ += name + ": " + value + "\r\n";
    }
    text_ += "\r\n";
    auto parsed = parse_request_head(text_);
    EXPECT_TRUE(parsed.ok()) << text_;
    if (parsed.ok()) head_ = *parsed;
  }
  SentRequest(const SentRequest&) = delete;
  SentRequest& operator=(const SentRequest&) = delete;
  const RequestHead& head() const { return head_; }

 private:
  std::string text_;
  RequestHead head_;
};

int judged_status(const SentRequest& request, const std::string& address = "127.0.0.1:8400") {
  const auto refusal = judge_http_request(request.head(), {address, kDoorToken});
  if (!refusal) return 0;
  EXPECT_NE(parse_json(refusal->message)->find("error"), nullptr);
  EXPECT_EQ(refusal->message.find(kDoorToken), std::string::npos);
  return refusal->status;
}

TEST(McpHttp, HeadsAreLetInOrRefused) {
  struct Row {
    const char* field;
    std::string value;
    int status;
  };
  const std::vector<Row> rows = {
      {"Host", "127.0.0.1:8400", 0},
      {"Host", "LOCALHOST:8400", 0},
      {"Host", "127.0.0.1", 403},
      {"Host", "127.0.0.1:8401", 403},
      {"Host", "[::1]:8400", 403},
      {"Host", "evil.example:8400", 403},
      {"Host", "localhost.evil.example:8400", 403},
      {"Origin", "http://127.0.0.1:8400", 0},
      {"Origin", "http://localhost:8400", 0},
      {"Origin", "https://localhost:8400", 403},
      {"Origin", "http://localhost:3000", 403},
      {"Origin", "http://localhost", 403},
      {"Origin", "http://evil.example:8400", 403},
      {"Origin", "null", 403},
      {"Authorization", "bearer " + kDoorToken, 0},
      {"Authorization", "", 401},
      {"Authorization", "Bearer", 401},
      {"Authorization", kDoorToken, 401},
      {"Authorization", "Basic " + kDoorToken, 401},
      {"Authorization", "Bearer " + kDoorToken + "a", 401},
      {"Authorization", "Bearer " + kDoorToken.substr(1), 401},
      {"Authorization", "Bearer " + kDoorToken.substr(1) + "b", 401},
      {"Content-Type", "Application/JSON; charset=utf-8", 0},
      {"Content-Type", "text/plain", 415},
      {"Content-Type", "application/jsonp", 415},
      {"Content-Type", "", 415},
      {"Accept", "*/*", 0},
      {"Accept", "application/*, text/event-stream;q=0.5", 0},
      {"Accept", "application/json", 406},
      {"Accept", "text/event-stream", 406},
      {"Accept", "", 406},
      {"Content-Length", "1048576", 0},
      {"Content-Length", "1048577", 413},
      {"Content-Length", "", 411},
      {"Expect", "100-continue", 417},
      {"Content-Encoding", "gzip", 417},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(judged_status(SentRequest(Fields{{row.field, row.value}})), row.status)
        << row.field << ": " << row.value;
  }
  EXPECT_EQ(judged_status(SentRequest(Fields{{"Host", "[::1]:8400"}}), "[::1]:8400"), 0);
  EXPECT_EQ(
      judged_status(SentRequest(Fields{{"Content-Length", ""}, {"Transfer-Encoding", "chunked"}})),
      411);
}

TEST(McpHttp, OnlyMessagesAndEndsOfSessionsAreTaken) {
  EXPECT_EQ(judged_status(SentRequest(Fields{}, "POST /")), 404);
  EXPECT_EQ(judged_status(SentRequest(Fields{}, "POST /mcp/")), 404);
  EXPECT_EQ(judged_status(SentRequest(Fields{}, "POST /mcp?a")), 404);
  EXPECT_EQ(judged_status(SentRequest(Fields{{"Content-Length", ""}}, "GET /mcp")), 405);
  EXPECT_EQ(judged_status(SentRequest(Fields{}, "PUT /mcp")), 405);
  EXPECT_EQ(judged_status(SentRequest(Fields{{"Content-Length", ""}}, "DELETE /mcp")), 400);
  EXPECT_EQ(judged_status(SentRequest(Fields{{"Content-Length", ""}, {"Mcp-Session-Id", "a"}},
                                      "DELETE /mcp")),
            0);
  EXPECT_EQ(judged_status(SentRequest(Fields{{"Mcp-Session-Id", "a"}}, "DELETE /mcp")), 400);
  // Who has no token learns nothing of what there is.
  EXPECT_EQ(judged_status(SentRequest(Fields{{"Authorization", ""}}, "POST /other")), 401);
}

TEST(McpHttp, WhatIsThereTwiceIsRefused) {
  for (const char* name : {"Origin", "Authorization", "Content-Type", "Mcp-Session-Id",
                           "Mcp-Method", "Mcp-Name", "MCP-Protocol-Version"}) {
    SentRequest request;
    RequestHead head = request.head();
    head.fields.push_back({name, "a"});
    head.fields.push_back({name, "a"});
    const auto refusal = judge_http_request(head, {"127.0.0.1:8400", kDoorToken});
    ASSERT_TRUE(refusal) << name;
    EXPECT_EQ(refusal->status, 400) << name;
  }
}

std::string stateless_message(const std::string& method, const std::string& more = "",
                              const std::string& version = "2026-07-28") {
  return R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":{)" + more +
         R"("_meta":{"io.modelcontextprotocol/protocolVersion":")" + version + R"("}}})";
}

TEST(McpHttp, MessagesFindTheirState) {
  struct Row {
    Fields fields;
    std::string body;
    To to;
    int status;
    int code;
  };
  const std::string ping = R"({"jsonrpc":"2.0","id":7,"method":"ping"})";
  const std::string begin = R"({"jsonrpc":"2.0","id":7,"method":"initialize","params":{}})";
  const std::string call = stateless_message("tools/call", R"("name":"a b",)");
  const std::pair<std::string, std::string> version{"MCP-Protocol-Version", "2026-07-28"};
  const std::pair<std::string, std::string> calls{"Mcp-Method", "tools/call"};
  const std::vector<Row> rows = {
      {{}, begin, To::kNewSession, 0, 0},
      {{{"Mcp-Session-Id", "s"}}, ping, To::kSession, 0, 0},
      {{{"Mcp-Session-Id", "s"}, {"MCP-Protocol-Version", "2025-06-18"}}, ping, To::kSession, 0, 0},
      {{}, ping, To::kRefused, 400, kMcpInvalidRequest},
      {{{"MCP-Protocol-Version", "2025-11-25"}}, ping, To::kRefused, 400, kMcpInvalidRequest},
      {{{"MCP-Protocol-Version", "1900-01-01"}}, begin, To::kRefused, 400, kMcpUnsupportedVersion},
      {{}, "[" + ping + "]", To::kRefused, 400, kMcpInvalidRequest},
      {{}, "{", To::kRefused, 400, kMcpParseError},
      {{version, {"Mcp-Method", "tools/list"}},
       stateless_message("tools/list"),
       To::kStateless,
       0,
       0},
      {{version, calls, {"Mcp-Name", "a b"}}, call, To::kStateless, 0, 0},
      {{version, calls, {"Mcp-Name", "=?base64?YSBi?="}}, call, To::kStateless, 0, 0},
      {{version, calls, {"Mcp-Name", "=?base64?YSBi"}},
       call,
       To::kRefused,
       400,
       kMcpHeaderMismatch},
      {{version, calls, {"Mcp-Name", "=?base64?YSB?="}},
       call,
       To::kRefused,
       400,
       kMcpHeaderMismatch},
      {{version, calls, {"Mcp-Name", "a"}}, call, To::kRefused, 400, kMcpHeaderMismatch},
      {{version, calls}, call, To::kRefused, 400, kMcpHeaderMismatch},
      {{version, {"Mcp-Name", "a b"}}, call, To::kRefused, 400, kMcpHeaderMismatch},
      {{version, {"Mcp-Method", "tools/list"}}, call, To::kRefused, 400, kMcpHeaderMismatch},
      {{calls, {"Mcp-Name", "a b"}}, call, To::kRefused, 400, kMcpHeaderMismatch},
      {{version, {"Mcp-Method", "ping"}}, ping, To::kRefused, 400, kMcpHeaderMismatch},
      {{{"MCP-Protocol-Version", "2099-01-01"}, {"Mcp-Method", "x"}},
       stateless_message("x", "", "2099-01-01"),
       To::kRefused,
       400,
       kMcpUnsupportedVersion},
      {{{"MCP-Protocol-Version", "2099-01-01"}, {"Mcp-Method", "x"}},
       stateless_message("x"),
       To::kRefused,
       400,
       kMcpHeaderMismatch},
  };
  for (const Row& row : rows) {
    const SentRequest request(row.fields);
    const McpHttpRoute route = route_mcp_message(request.head(), row.body);
    EXPECT_EQ(route.to, row.to) << row.body;
    EXPECT_EQ(route.refusal.status, row.status) << row.body;
    if (row.code == 0) continue;
    const JsonValue refusal = *parse_json(route.refusal.message);
    EXPECT_EQ(*refusal.find("error")->find("code")->integer(), row.code) << row.body;
  }
}

TEST(McpHttp, AClientOfASessionNeverReadsAnErrorAsItsEnd) {
  EXPECT_EQ(mcp_http_status(To::kSession, kMcpMethodNotFound), 200);
  EXPECT_EQ(mcp_http_status(To::kStateless, kMcpMethodNotFound), 404);
  EXPECT_EQ(mcp_http_status(To::kStateless, kMcpUnsupportedVersion), 400);
  EXPECT_EQ(mcp_http_status(To::kNewSession, kMcpInvalidParams), 400);
  EXPECT_EQ(mcp_http_status(To::kStateless, 0), 200);
}

}  // namespace
}  // namespace phantom
