#include "proxy/http_client.h"

#include "tests/proxy/plain_server.h"

#include <gtest/gtest.h>

namespace phantom::proxy_test {
namespace {

using namespace std::chrono_literals;

using Answer = PlainServer::Answer;

Result<HttpAnswer> send(const PlainServer& server, HttpRequest request,
                        std::string_view path = "/x", HttpClientOptions options = {}) {
  return http_exchange(server.url(path), std::move(request), options);
}

TEST(HttpClient, SendsFieldsAndBodyAndReturnsStatusFieldsAndBody) {
  std::string seen;
  PlainServer server([&](const std::string& request) {
    seen = request;
    return Answer{
        "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\n"
        "Content-Length: 3\r\n\r\n12\n"};
  });
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    HttpRequest request;
    request.method = method;
    request.fields = {{"Content-Type", "text/plain"}, {"Authorization", "Bearer abc"}};
    request.body = to_bytes("old 3\n");
    const auto answer = send(server, request, "/add-checkpoint?a=b");
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->status, 409);
    EXPECT_EQ(as_text(answer->body), "12\n");
    ASSERT_NE(answer->field("content-type"), nullptr);
    EXPECT_EQ(*answer->field("content-type"), "text/x.tlog.size");
    EXPECT_EQ(answer->field("location"), nullptr);
    EXPECT_TRUE(seen.starts_with(std::string(method) + " /add-checkpoint?a=b HTTP/1.1\r\n"));
    EXPECT_NE(seen.find("\r\nAuthorization: Bearer abc\r\n"), std::string::npos);
    EXPECT_NE(seen.find("\r\nContent-Length: 6\r\n"), std::string::npos);
    EXPECT_TRUE(seen.ends_with("\r\n\r\nold 3\n"));
  }
}

TEST(HttpClient, EveryStatusIsAResult) {
  for (const int status : {200, 204, 302, 400, 404, 418, 500, 503, 599}) {
    PlainServer server([&](const std::string&) {
      return Answer{"HTTP/1.1 " + std::to_string(status) + " X\r\n" +
                    (status == 204 ? "" : "Content-Length: 0\r\n") + "Location: /y\r\n\r\n"};
    });
    const auto answer = send(server, {});
    ASSERT_TRUE(answer.ok()) << status << " " << answer.error().message;
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(server.connections(), 1U);
  }
}

TEST(HttpClient, LongBodiesAreLimitedAndLongErrorPagesAreCut) {
  const auto with_status = [](const std::string& line) {
    return "HTTP/1.1 " + line + "\r\nContent-Length: 500\r\n\r\n" + std::string(500, 'e');
  };
  HttpRequest request;
  request.answer_bytes_max = 100;
  PlainServer good([&](const std::string&) { return Answer{with_status("200 OK")}; });
  EXPECT_EQ(send(good, request).error().code, Code::kLimit);
  PlainServer missing([&](const std::string&) { return Answer{with_status("404 No")}; });
  const auto answer = send(missing, request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(as_text(answer->body), std::string(100, 'e'));
}

TEST(HttpClient, AnswerToAPostIsReadEvenWhenTheBodyWasNot) {
  PlainServer server([&](const std::string&) {
    return Answer{"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                  PlainServer::After::kClose};
  });
  HttpRequest request;
  request.method = "POST";
  request.body = Bytes(200'000, 'x');
  const auto answer = send(server, request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 413);
}

TEST(HttpClient, PostsAreNeverSentTwice) {
  std::atomic<unsigned> requests{0};
  PlainServer server([&](const std::string&) {
    const bool first = ++requests == 1;
    return Answer{first ? ok_answer("x") : "", PlainServer::After::kClose};
  });
  const auto client = HttpClient::open(*parse_http_url(server.url()), {});
  ASSERT_TRUE(client.ok());
  HttpRequest request;
  request.target = "/x";
  EXPECT_TRUE((*client)->exchange(request).ok());
  request.method = "POST";
  EXPECT_EQ((*client)->exchange(request).error().code, Code::kBusy);
  EXPECT_EQ(requests, 2U);
}

TEST(HttpClient, WhatMayBeResentUsesAKeptConnectionAndSurvivesItsEnd) {
  std::atomic<unsigned> requests{0};
  PlainServer server([&](const std::string& request) {
    const bool last = ++requests == 2;
    EXPECT_EQ(request.starts_with("DELETE "), requests == 2);
    return Answer{ok_answer("x"), last ? PlainServer::After::kClose : PlainServer::After::kKeep};
  });
  const auto client = HttpClient::open(*parse_http_url(server.url()), {});
  ASSERT_TRUE(client.ok());
  HttpRequest request;
  request.target = "/x";
  request.resend = Resend::kAllowed;
  request.method = "PUT";
  EXPECT_TRUE((*client)->exchange(request).ok());
  request.method = "DELETE";
  EXPECT_TRUE((*client)->exchange(request).ok());
  EXPECT_EQ(server.connections(), 1U);
  request.method = "PATCH";
  EXPECT_TRUE((*client)->exchange(request).ok());
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_EQ(requests, 3U);
}

TEST(HttpClient, ServersThatTrickleAreGivenUpAtTheDeadline) {
  PlainServer server([&](const std::string&) { return Answer{"HTTP/1.1 200 OK\r\n"}; });
  HttpClientOptions options;
  options.exchange_max = 60ms;
  const auto answer = send(server, {}, "/x", options);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kBusy);
}

TEST(HttpClient, RefusesToSendWhatCouldBeReadInTwoWays) {
  const auto client = HttpClient::open(*parse_http_url("http://127.0.0.1:1"), {});
  ASSERT_TRUE(client.ok());
  const auto code = [&](HttpRequest request) {
    if (request.target.empty()) request.target = "/x";
    return (*client)->exchange(request).error().code;
  };
  EXPECT_EQ(code({}), Code::kBusy);
  EXPECT_EQ(code({.method = "GET\r\n"}), Code::kInvalid);
  EXPECT_EQ(code({.method = "TRACE"}), Code::kInvalid);
  EXPECT_EQ(code({.method = "DELETE", .body = to_bytes("x")}), Code::kInvalid);
  EXPECT_EQ(code({.target = "x"}), Code::kInvalid);
  EXPECT_EQ(code({.target = "/a b"}), Code::kInvalid);
  EXPECT_EQ(code({.target = "/a\r\nX: y"}), Code::kInvalid);
  EXPECT_EQ(code({.fields = {{"X", "a\r\nY: b"}}}), Code::kInvalid);
  EXPECT_EQ(code({.fields = {{"X Y", "a"}}}), Code::kInvalid);
  EXPECT_EQ(code({.fields = {{"host", "other"}}}), Code::kInvalid);
  EXPECT_EQ(code({.fields = {{"Content_Length", "3"}}}), Code::kInvalid);
  EXPECT_EQ(code({.body = to_bytes("x")}), Code::kInvalid);
}

TEST(HttpClient, UrlsAreTakenApart) {
  const auto url = parse_http_url("https://Example.com:8443/a/b?c=d&e");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, HttpUrl::Scheme::kHttps);
  EXPECT_EQ(url->port, "8443");
  EXPECT_EQ(url->authority, "Example.com:8443");
  EXPECT_EQ(url->path, "/a/b");
  EXPECT_EQ(url->target(), "/a/b?c=d&e");
  EXPECT_EQ(parse_http_url("http://[::1]")->target(), "/");
  EXPECT_EQ(parse_http_url("http://[::1]")->host, "::1");
  for (const char* bad : {"", "x", "http://", "ftp://x/", "http://u@x/", "http://x/#f",
                          "http://x:0/", "http://x:70000/", "http://x y/"}) {
    EXPECT_FALSE(parse_http_url(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace phantom::proxy_test
