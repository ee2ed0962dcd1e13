#include "proxy/http_head.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Result<std::size_t> scan_at_once(std::string_view bytes) {
  std::size_t scanned = 0;
  return scan_head(bytes, scanned);
}

struct BadHead {
  const char* name;
  std::string head;
  Code code;
};

TEST(HttpHead, FindsTheEndHoweverTheBytesArrive) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string bytes = head + "body";
  std::size_t scanned = 0;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const Result<std::size_t> end = scan_head(std::string_view(bytes).substr(0, size), scanned);
    ASSERT_TRUE(end.ok());
    EXPECT_EQ(*end, size < head.size() ? 0 : head.size()) << size;
    if (*end > 0) break;
  }
}

TEST(HttpHead, RefusesWhatIsNotCrlfOrHasControls) {
  using namespace std::string_literals;
  for (const std::string& head :
       {"GET / HTTP/1.1\nHost: a\n\n"s, "GET / HTTP/1.1\r\nHost: a\n\r\n"s,
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"s, "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"s,
        "GET / HTTP/1.1\r\nX: \x1b[2J\r\n\r\n"s, "GET / HTTP/1.1\r\nX: \x7f\r\n\r\n"s}) {
    const Result<std::size_t> end = scan_at_once(head);
    ASSERT_FALSE(end.ok()) << head;
    EXPECT_EQ(end.error().code, Code::kInvalid);
  }
}

TEST(HttpHead, RefusesMoreThanItsBound) {
  const Result<std::size_t> end = scan_at_once(std::string(kHeadBytesMax, 'a'));
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::kLimit);
}

TEST(HttpHead, RefusesRequestsTwoProgramsCouldReadInTwoWays) {
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  std::string many = line;
  for (std::size_t i = 0; i < kHeadFieldsMax; ++i) many += "X: 1\r\n";
  const std::vector<BadHead> cases = {
      {"length and chunked", line + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
       Code::kInvalid},
      {"chunked and length", line + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
       Code::kInvalid},
      {"two lengths", line + "Content-Length: 1\r\nContent-Length: 1\r\n", Code::kInvalid},
      {"list of lengths", line + "Content-Length: 1, 1\r\n", Code::kInvalid},
      {"signed length", line + "Content-Length: +1\r\n", Code::kInvalid},
      {"negative length", line + "Content-Length: -1\r\n", Code::kInvalid},
      {"hex length", line + "Content-Length: 0x1\r\n", Code::kInvalid},
      {"huge length", line + "Content-Length: 99999999999999999999\r\n", Code::kInvalid},
      {"empty length", line + "Content-Length:\r\n", Code::kInvalid},
      {"gzip coding", line + "Transfer-Encoding: gzip, chunked\r\n", Code::kUnsupported},
      {"two codings", line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
       Code::kInvalid},
      {"odd coding", line + "Transfer-Encoding: xchunked\r\n", Code::kUnsupported},
      {"identity", line + "Transfer-Encoding: identity\r\n", Code::kUnsupported},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
       Code::kInvalid},
      {"folded", line + "X: a\r\n b\r\n", Code::kInvalid},
      {"folded first", "GET / HTTP/1.1\r\n Host: a\r\n", Code::kInvalid},
      {"space before colon", line + "X : a\r\n", Code::kInvalid},
      {"no colon", line + "X\r\n", Code::kInvalid},
      {"empty name", line + ": a\r\n", Code::kInvalid},
      {"two hosts", line + "Host: b\r\n", Code::kInvalid},
      {"no host", "GET / HTTP/1.1\r\n", Code::kInvalid},
      {"absolute form", "GET http://b/ HTTP/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"authority form", "GET b:443 HTTP/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"tab in target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"bad method", "G@T / HTTP/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"no method", " / HTTP/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n", Code::kInvalid},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n", Code::kInvalid},
      {"lower-case protocol", "GET / http/1.1\r\nHost: a\r\n", Code::kInvalid},
      {"trace", "TRACE / HTTP/1.1\r\nHost: a\r\n", Code::kUnsupported},
      {"connect", "CONNECT /a HTTP/1.1\r\nHost: a\r\n", Code::kUnsupported},
      {"too many fields", many, Code::kLimit},
  };
  for (const BadHead& test : cases) {
    SCOPED_TRACE(test.name);
    const std::string head = test.head + "\r\n";
    ASSERT_TRUE(scan_at_once(head).ok());
    const Result<RequestHead> parsed = parse_request_head(head);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().code, test.code) << parsed.error().message;
  }
}

TEST(HttpHead, ReadsRequests) {
  const std::string bytes =
      "POST /v1/chat?x=1 HTTP/1.1\r\nhost: localhost:1\r\nContent-Length: 12\r\nX-A:  b c \t\r\n"
      "Connection: Keep-Alive, close\r\n\r\n";
  const Result<RequestHead> head = parse_request_head(bytes);
  ASSERT_TRUE(head.ok()) << head.error().message;
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/v1/chat?x=1");
  EXPECT_EQ(head->framing.kind, BodyKind::kLength);
  EXPECT_EQ(head->framing.length, 12U);
  EXPECT_EQ(head->fields[2].value, "b c");
  EXPECT_EQ(head->persistence, Persistence::kClose);
}

TEST(HttpHead, DecidesHowAnAnswerEnds) {
  struct Case {
    const char* head;
    const char* method;
    BodyKind kind;
    Persistence persistence;
  };
  constexpr auto kKeep = Persistence::kKeepAlive;
  constexpr auto kEnd = Persistence::kClose;
  const std::vector<Case> cases = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", BodyKind::kLength, kKeep},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", BodyKind::kNone, kKeep},
      {"HTTP/1.1 204 No Content\r\n\r\n", "GET", BodyKind::kNone, kKeep},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "GET", BodyKind::kNone, kKeep},
      {"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n", "GET", BodyKind::kChunked, kKeep},
      {"HTTP/1.1 200 OK\r\n\r\n", "GET", BodyKind::kUntilClose, kEnd},
      {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", BodyKind::kLength, kEnd},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", "GET",
       BodyKind::kLength, kEnd},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.head);
    const Result<ResponseHead> head = parse_response_head(test.head, test.method);
    ASSERT_TRUE(head.ok()) << head.error().message;
    EXPECT_EQ(head->framing.kind, test.kind);
    EXPECT_EQ(head->persistence, test.persistence);
  }
}

TEST(HttpHead, RefusesUnclearAnswers) {
  for (const char* head :
       {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 0200 OK\r\n\r\n", "HTTP/1.1200 OK\r\n\r\n",
        "HTTP/3.0 200 OK\r\n\r\n", "200 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_FALSE(parse_response_head(head, "GET").ok()) << head;
  }
}

TEST(HttpHead, HopByHopFieldsIncludeThoseConnectionNames) {
  const std::vector<HeaderField> fields = {{"Connection", "x-one , X-Two"}, {"X-One", "1"}};
  EXPECT_TRUE(is_hop_by_hop("TE", fields));
  EXPECT_TRUE(is_hop_by_hop("Proxy-Authorization", fields));
  EXPECT_TRUE(is_hop_by_hop("x-ONE", fields));
  EXPECT_TRUE(is_hop_by_hop("x-two", fields));
  EXPECT_FALSE(is_hop_by_hop("x-three", fields));
}

TEST(HttpHead, UnderscoreAndDashAreOneHeader) {
  EXPECT_TRUE(same_header("X-Api-Key", "x_api_key"));
  EXPECT_FALSE(same_header("X-Api-Key", "x-api-keys"));
}

}  // namespace
}  // namespace phantom
