#include "proxy/request_policy.h"

#include "vault/placeholder.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

const std::string kPolicyToken(64, 'a');

struct PolicyBench {
  std::vector<Route> routes;
  SessionToken token{kPolicyToken};
  RequestPolicy policy;

  PolicyBench() {
    Route route;
    route.service = "demo";
    route.host = "api.demo.example";
    route.secret_name = "DEMO_KEY";
    route.header = "x-api-key";
    route.header_format = "{secret}";
    routes = {route};
    policy = {&routes, &token, {}, 4711};
  }
  Decision ask(const std::string& target, const std::string& fields = "",
               const std::string& method = "GET") {
    text_ = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n" + fields + "\r\n";
    const Result<RequestHead> head = parse_request_head(text_);
    if (!head) return refusal_of(head.error());
    return decide(*head, policy);
  }
  Decision ask_path(const std::string& rest, const std::string& fields = "") {
    return ask("/demo/_phantom/" + kPolicyToken + rest, fields);
  }

 private:
  std::string text_;
};

TEST(RequestPolicy, PathGoesUpstreamUnchanged) {
  PolicyBench bench;
  for (const char* rest : {"/v1/models", "/v1/a%20b?q=%2F..%2F", "/", "/v1//x", "/a;v=1/b",
                           "/x?url=http://a/b&c[]=1", "/v1/_phantom/other", "/a.b..c/..."}) {
    const Decision decision = bench.ask_path(rest);
    ASSERT_TRUE(std::holds_alternative<Forward>(decision)) << rest;
    EXPECT_EQ(std::get<Forward>(decision).target, rest);
  }
  EXPECT_EQ(std::get<Forward>(bench.ask_path("")).target, "/");
  EXPECT_EQ(std::get<Forward>(bench.ask_path("?a=1")).target, "/?a=1");
}

TEST(RequestPolicy, PathsThatCouldLeaveTheirBaseAreRefused) {
  PolicyBench bench;
  for (const char* rest :
       {"/../x",  "/a/..",           "/a/./b",  "/%2e%2e/x", "/.%2E/x",   "/a/%2e", "/..;/x",
        "/a%2fb", "/a%5Cb",          "/a\\b",   "/a%00b",    "/a%0d%0ab", "/a%",    "/a%2",
        "/a%zz",  "//evil.example/", "/a%252e", "/a#b",      "/a<b",      "/\"x"}) {
    const Decision decision = bench.ask_path(rest);
    ASSERT_TRUE(std::holds_alternative<Refusal>(decision)) << rest;
    EXPECT_EQ(std::get<Refusal>(decision).status, 400) << rest;
  }
}

TEST(RequestPolicy, NoFieldOfTheRequestChoosesTheUpstream) {
  PolicyBench bench;
  const Decision decision =
      bench.ask_path("/x?api_base=https://evil.example",
                     "X-Forwarded-Host: evil.example\r\nForwarded: host=e\r\n");
  ASSERT_TRUE(std::holds_alternative<Forward>(decision));
  const Result<std::string> head = upstream_head(std::get<Forward>(decision), "k");
  ASSERT_TRUE(head.ok());
  EXPECT_NE(head->find("\r\nHost: api.demo.example\r\n"), std::string::npos);
  EXPECT_EQ(head->find("4711"), std::string::npos);
}

TEST(RequestPolicy, InjectedHeaderIsTheOnlyOneOfItsName) {
  PolicyBench bench;
  const Decision decision =
      bench.ask_path("/x",
                     "X-Api-Key: a\r\nx_api_key: b\r\nX-API-KEY: c\r\nConnection: x-api-key\r\n"
                     "Keep-Alive: 5\r\nProxy-Authorization: d\r\nX-Ok: e\r\n");
  ASSERT_TRUE(std::holds_alternative<Forward>(decision));
  const std::string head = *upstream_head(std::get<Forward>(decision), "the-key");
  EXPECT_EQ(head,
            "GET /x HTTP/1.1\r\nHost: api.demo.example\r\nx-api-key: the-key\r\nX-Ok: e\r\n\r\n");
}

TEST(RequestPolicy, FramingIsWrittenAnew) {
  PolicyBench bench;
  const Decision decision = bench.ask("/demo/x",
                                      "X-Phantom-Proxy-Token: " + kPolicyToken +
                                          "\r\ncontent-length: 7\r\nExpect: 100-Continue\r\n",
                                      "POST");
  ASSERT_TRUE(std::holds_alternative<Forward>(decision));
  const Forward& forward = std::get<Forward>(decision);
  EXPECT_TRUE(forward.expects_continue);
  EXPECT_EQ(*upstream_head(forward, "k"),
            "POST /x HTTP/1.1\r\nHost: api.demo.example\r\nx-api-key: k\r\n"
            "Content-Length: 7\r\n\r\n");
}

TEST(RequestPolicy, SecretThatWouldSplitTheHeadIsRefused) {
  PolicyBench bench;
  const Decision decision = bench.ask_path("/x");
  using namespace std::string_view_literals;
  for (const std::string_view value : {"a\r\nX: b"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, ""sv}) {
    EXPECT_FALSE(upstream_head(std::get<Forward>(decision), value).ok());
  }
}

TEST(RequestPolicy, TokenNeverGoesUpstream) {
  PolicyBench bench;
  const std::string header = "x-phantom-proxy-token: " + kPolicyToken + "\r\n";
  for (const std::string& target :
       {"/demo/_phantom/" + kPolicyToken + "/x", "/demo/x?phantom_token=" + kPolicyToken,
        "/demo/x?a=1&phantom_token=" + kPolicyToken + "&b=2"}) {
    for (const TokenChannels& channels : {TokenChannels{}, TokenChannels{false, true}}) {
      bench.policy.channels = channels;
      const Decision decision = bench.ask(target, header);
      ASSERT_TRUE(std::holds_alternative<Forward>(decision)) << target;
      EXPECT_EQ(upstream_head(std::get<Forward>(decision), "k")->find(kPolicyToken),
                std::string::npos);
    }
  }
  EXPECT_EQ(
      std::get<Forward>(bench.ask("/demo/x?a=1&phantom_token=" + kPolicyToken + "&b=2", header))
          .target,
      "/x?a=1&b=2");
}

TEST(RequestPolicy, AWrongTokenIsNotMadeGoodByARightOne) {
  PolicyBench bench;
  const Decision decision = bench.ask_path("/x", "x-phantom-proxy-token: wrong\r\n");
  ASSERT_TRUE(std::holds_alternative<Refusal>(decision));
  EXPECT_EQ(std::get<Refusal>(decision).reason, Reason::BadToken);
}

TEST(RequestPolicy, MissingAndWrongTokensAreToldApart) {
  PolicyBench bench;
  EXPECT_EQ(std::get<Refusal>(bench.ask("/demo/x")).reason, Reason::MissingToken);
  EXPECT_EQ(std::get<Refusal>(bench.ask("/demo/_phantom/bbbb/x")).reason, Reason::BadToken);
  EXPECT_EQ(std::get<Refusal>(bench.ask("/")).status, 401);
  EXPECT_EQ(std::get<Refusal>(bench.ask("/nowhere")).status, 401);
}

TEST(RequestPolicy, BrowsersAndOverridesAreRefused) {
  PolicyBench bench;
  EXPECT_EQ(std::get<Refusal>(bench.ask_path("/x", "Origin: http://127.0.0.1:4711\r\n")).status,
            403);
  for (const char* field : {"X-HTTP-Method-Override: DELETE\r\n", "x_http_method: PUT\r\n"}) {
    EXPECT_EQ(std::get<Refusal>(bench.ask_path("/x", field)).status, 400) << field;
  }
  EXPECT_EQ(std::get<Refusal>(bench.ask_path("/x", "Expect: something\r\n")).status, 417);
}

TEST(RequestPolicy, PlaceholdersOutsideTheSlotAreCounted) {
  PolicyBench bench;
  const std::string placeholder = make_placeholder(system_random());
  const Decision decision = bench.ask_path(
      "/x?key=" + placeholder, "X-Api-Key: " + placeholder + "\r\nCookie: " + placeholder + "\r\n");
  ASSERT_TRUE(std::holds_alternative<Forward>(decision));
  EXPECT_EQ(std::get<Forward>(decision).foreign_placeholders, 2U);
}

TEST(RequestPolicy, SwitchesAreReadFromTheEnvironment) {
  EXPECT_TRUE(token_channels(nullptr, nullptr).path);
  EXPECT_FALSE(token_channels(nullptr, nullptr).query);
  EXPECT_FALSE(token_channels("1", nullptr).path);
  EXPECT_TRUE(token_channels("0", nullptr).path);
  EXPECT_TRUE(token_channels(nullptr, "true").query);
  EXPECT_FALSE(token_channels(nullptr, "").query);
  EXPECT_EQ(token_channels("1", "1").names(), (std::vector<std::string>{"header", "query"}));
}

TEST(RequestPolicy, SessionTokensAreRandomAndComparedWhole) {
  const SessionToken token = SessionToken::random(system_random());
  EXPECT_EQ(token.text().size(), 64U);
  EXPECT_NE(token.text(), SessionToken::random(system_random()).text());
  EXPECT_TRUE(token.matches(token.text()));
  EXPECT_FALSE(token.matches(token.text().substr(1)));
  EXPECT_FALSE(token.matches(token.text() + "0"));
  EXPECT_FALSE(token.matches(""));
}

TEST(RequestPolicy, PathTemplatesHideIdentifiers) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"/", "/"},
      {"/v1/chat/completions", "/v1/chat/completions"},
      {"/v1/files/file-AbC123", "/v1/files/{id}"},
      {"/v1/customers/cus_9s6/sources", "/v1/customers/{id}/sources"},
      {"/users/jane%40example.com", "/users/{id}"},
      {"/users/jane@example.com", "/users/{id}"},
      {"/a/0b1e6a7c-52f6-4b3c-9d0e-1a2b3c4d5e6f", "/a/{id}"},
      {"/v1beta/models/gemini-2.0-pro:generateContent", "/v1beta/models/{id}:generateContent"},
      {"/v1/a/", "/v1/a/"},
      {"/averyveryverylongsegmentindeed", "/{id}"},
      {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
       "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/..."},
  };
  for (const auto& [path, expected] : cases) EXPECT_EQ(path_template(path), expected);
}

TEST(RequestPolicy, ErrorsAreCleanJson) {
  EXPECT_EQ(error_body("a", "say \"x\"\n"),
            "{\"error\":{\"code\":\"a\",\"message\":\"say \\\"x\\\"\\n\"},\"v\":1}\n");
}

}  // namespace
}  // namespace phantom
