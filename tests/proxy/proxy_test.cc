#include "proxy/proxy.h"

#include "tests/proxy/proxy_fixture.h"

#include <atomic>
#include <future>

namespace phantom::proxy_test {
namespace {

TEST_F(ProxyTest, InjectsTheSecretAndRecordsBothEnds) {
  std::string seen;
  start(answering(seen));
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/v1/models?limit=2"),
                   "Authorization: Bearer something-else\r\nX-Trace: 7\r\n"));
  const std::string answer = client.read_until("hello");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ(types(2), (std::vector<EventNo>{kRequested, kCompleted}));
  EXPECT_TRUE(seen.starts_with("GET /v1/models?limit=2 HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Authorization: Bearer example-not-a-real-key-000\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("something-else"), std::string::npos);
  EXPECT_NE(seen.find("X-Trace: 7\r\n"), std::string::npos);
  EXPECT_EQ(seen.find(proxy_->token()), std::string::npos);

  const std::vector<Draft> drafts = appender_.drafts();
  const auto* requested = payload<schema::ProxyRequestRequested>(drafts[0]);
  EXPECT_EQ(requested->service()->str(), "demo");
  EXPECT_EQ(requested->path_template()->str(), "/v1/models");
  EXPECT_EQ(requested->secret_name()->str(), "DEMO_KEY");
  EXPECT_EQ(requested->secret_version(), 3U);
  EXPECT_EQ(requested->path_digest()->size(), 32U);
  const auto* completed = payload<schema::ProxyRequestCompleted>(drafts[1]);
  EXPECT_EQ(completed->http_status(), 200);
  EXPECT_EQ(completed->bytes_received(), 5U);
  EXPECT_EQ(completed->request_id(), requested->request_id());
  EXPECT_TRUE(completed->tls_version()->str().starts_with("TLSv1."));
  EXPECT_EQ(completed->peer_certificate_digest()->size(), 32U);
  EXPECT_EQ(drafts[1].cause_seq, Seq{0});
  EXPECT_EQ(drafts[1].outcome, Outcome::Ok);
  for (const Draft& draft : drafts) {
    const std::string bytes(as_text(draft.payload));
    EXPECT_EQ(bytes.find(kDemoValue), std::string::npos);
    EXPECT_EQ(bytes.find(proxy_->token()), std::string::npos);
    EXPECT_NE(std::find(draft.tags.begin(), draft.tags.end(), "secret:0123456789abcdef/DEMO_KEY"),
              draft.tags.end());
  }
}

// Wall time as the test sets it, from another thread than the proxy's.
class SetClock final : public Clock {
 public:
  std::int64_t wall_ns() const override { return wall_ns_; }
  std::int64_t mono_ns() const override { return system_clock().mono_ns(); }
  const std::string& boot_id() const override { return system_clock().boot_id(); }
  void set(std::int64_t wall_ns) { wall_ns_ = wall_ns; }

 private:
  std::atomic<std::int64_t> wall_ns_{0};
};

TEST_F(ProxyTest, ASecretWhoseTimeEndsDuringTheSessionIsRefusedFromThenOn) {
  SetClock clock;
  clock.set(999);
  clock_ = &clock;
  expires_ns_ = 1'000;
  std::string seen;
  start(answering(seen));
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/v1/models")));
  EXPECT_TRUE(client.read_until("hello").starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(types(2), (std::vector<EventNo>{kRequested, kCompleted}));
  const std::string seen_before = seen;

  clock.set(1'000);
  client.send(head("GET " + by_path("/v1/models")));
  const std::string answer = client.read_until("\"v\":1}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
  EXPECT_NE(answer.find("\"secret_expired\""), std::string::npos);
  EXPECT_NE(answer.find("phantom rotate"), std::string::npos);
  EXPECT_EQ(types(3).back(), kDenied);
  EXPECT_EQ(seen, seen_before) << "nothing left";
  const Draft denied = appender_.drafts().back();
  EXPECT_EQ(denied.reason, Reason::SecretExpired);
  EXPECT_EQ(denied.tags.back(), "secret:0123456789abcdef/DEMO_KEY");
  EXPECT_EQ(payload<schema::ProxyRequestDenied>(denied)->http_status(), 403);
  clock_ = nullptr;
  proxy_.reset();
}

TEST_F(ProxyTest, RequestedIsDurableBeforeTheUpstreamSeesAByte) {
  std::string seen;
  start(answering(seen));
  appender_.hold();
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/v1/models")));
  while (appender_.waiting() == 0) std::this_thread::sleep_for(5ms);
  std::this_thread::sleep_for(150ms);
  EXPECT_EQ(upstream_->connections(), 0U);
  appender_.release();
  EXPECT_TRUE(client.read_until("hello").ends_with("hello"));
  EXPECT_EQ(upstream_->connections(), 1U);
}

TEST_F(ProxyTest, NothingLeavesWhenTheRecordFails) {
  std::string seen;
  start(answering(seen));
  appender_.refuse_everything();
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/v1/models")));
  const std::string answer = client.read_until("}\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("\"code\":\"not_recorded\""), std::string::npos) << answer;
  EXPECT_EQ(upstream_->connections(), 0U);
}

TEST_F(ProxyTest, AnswerIsPassedOnBeforeItIsRecorded) {
  std::string seen;
  start([this, &seen](Served& served) {
    seen = served.read_head();
    appender_.hold();
    served.write(kPlainAnswer);
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  EXPECT_TRUE(client.read_until("hello").ends_with("hello"));
  EXPECT_EQ(appender_.drafts().size(), 1U);
  appender_.release();
  EXPECT_EQ(types(2).size(), 2U);
}

TEST_F(ProxyTest, StreamsEachPieceAsItComes) {
  std::promise<void> first_arrived;
  start([&](Served& served) {
    served.read_head();
    served.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n8\r\ndata: a\n\r\n");
    // Without streaming the client would never get here and this wait would fail.
    EXPECT_EQ(first_arrived.get_future().wait_for(5s), std::future_status::ready);
    served.write("8\r\ndata: b\n\r\n0\r\n\r\n");
    served.read_head();
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/v1/stream")));
  EXPECT_NE(client.read_until("data: a\n").find("text/event-stream"), std::string::npos);
  first_arrived.set_value();
  EXPECT_TRUE(client.read_until("\r\n0\r\n\r\n").ends_with("data: b\n\r\n0\r\n\r\n"));
  EXPECT_EQ(types(2), (std::vector<EventNo>{kRequested, kCompleted}));
}

TEST_F(ProxyTest, AnswerThatEndsWithTheConnectionBecomesChunked) {
  start([](Served& served) {
    served.read_head();
    served.write("HTTP/1.1 200 OK\r\n\r\nall of it");
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  EXPECT_TRUE(client.read_until("0\r\n\r\n").ends_with("9\r\nall of it\r\n0\r\n\r\n"));
}

TEST_F(ProxyTest, ChunkedUploadIsFramedAnew) {
  std::string body;
  std::string seen;
  start([&](Served& served) {
    seen = served.read_head();
    body = served.read_chunked();
    served.write(kPlainAnswer);
    served.read_head();
  });
  RawClient client(proxy_->port());
  client.send(head("POST " + by_path("/v1/files"), "Transfer-Encoding: chunked\r\n"));
  client.send("3;name=value\r\nabc\r\n");
  std::this_thread::sleep_for(20ms);
  client.send("4\r\ndefg\r\n0\r\nX-Trailer: dropped\r\n\r\n");
  EXPECT_TRUE(client.read_until("hello").ends_with("hello"));
  EXPECT_EQ(body, "abcdefg");
  EXPECT_NE(seen.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  types(2);
  EXPECT_EQ(payload<schema::ProxyRequestRequested>(appender_.drafts()[0])->body_bytes(), -1);
  EXPECT_EQ(payload<schema::ProxyRequestCompleted>(appender_.drafts()[1])->bytes_sent(), 7U);
}

[[maybe_unused]] std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(ProxyTest, LargeUploadGoesThroughInConstantMemory) {
  constexpr std::size_t kSize = 48U << 20;
  std::atomic<std::size_t> received{0};
  std::string piece(1U << 16, 'x');
  start([&](Served& served) {
    served.read_head();
    while (received < kSize) {
      const std::size_t got = served.read_bytes(1U << 16).size();
      if (got == 0) return;
      received += got;
    }
    served.write(kPlainAnswer);
    served.read_head();
  });
  RawClient client(proxy_->port());
  client.send(
      head("PUT " + by_path("/v1/files/big"), "Content-Length: " + std::to_string(kSize) + "\r\n"));
  [[maybe_unused]] const std::size_t before = resident_bytes();
  for (std::size_t sent = 0; sent < kSize; sent += piece.size()) client.send(piece);
  EXPECT_TRUE(client.read_until("hello").ends_with("hello"));
  EXPECT_EQ(received, kSize);
#ifndef __SANITIZE_ADDRESS__  // it keeps what is freed
  EXPECT_LT(resident_bytes(), before + (16U << 20));
#endif
}

TEST_F(ProxyTest, ExpectContinueIsAnswered) {
  std::string body;
  std::string seen;
  start([&](Served& served) {
    seen = served.read_head();
    body = served.read_bytes(4);
    served.write(kPlainAnswer);
    served.read_head();
  });
  RawClient client(proxy_->port());
  client.send(head("POST " + by_path("/x"), "Expect: 100-continue\r\nContent-Length: 4\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_TRUE(client.read_until("hello").ends_with("hello"));
  EXPECT_EQ(body, "body");
  EXPECT_EQ(seen.find("Expect"), std::string::npos);
}

struct TokenCase {
  const char* name;
  TokenChannels channels;
  const char* target;  // T stands for the token
  const char* field;
  int status;
};

TEST_F(ProxyTest, SessionTokenIsAcceptedOnlyWhereItMayBe) {
  const TokenChannels standard;
  const TokenChannels header_only{false, false};
  const TokenChannels with_query{true, true};
  const std::vector<TokenCase> cases = {
      {"none", standard, "/demo/v1/x", "", 401},
      {"wrong in path", standard, "/demo/_phantom/0000/v1/x", "", 401},
      {"wrong header", standard, "/demo/v1/x", "X-Phantom-Proxy-Token: 0000\r\n", 401},
      {"header", standard, "/demo/v1/x", "X-Phantom-Proxy-Token: T\r\n", 200},
      {"path", standard, "/demo/_phantom/T/v1/x", "", 200},
      {"path when header only", header_only, "/demo/_phantom/T/v1/x", "", 401},
      {"header when header only", header_only, "/demo/v1/x", "x-phantom-proxy-token: T\r\n", 200},
      {"query when off", standard, "/demo/v1/x?phantom_token=T&a=1", "", 401},
      {"query when on", with_query, "/demo/v1/x?phantom_token=T&a=1", "", 200},
      {"wrong query when on", with_query, "/demo/v1/x?phantom_token=00&a=1", "", 401},
      {"no route", standard, "/other/_phantom/T/v1/x", "", 404},
      {"route nobody accepted", standard, "/unaccepted/_phantom/T/v1/x", "", 403},
  };
  for (const TokenCase& test : cases) {
    SCOPED_TRACE(test.name);
    std::string seen;
    start(answering(seen), test.channels);
    const auto fill = [&](std::string text) {
      if (const std::size_t at =
              text.find('T', text.find("Token") == std::string::npos ? 0 : text.find("Token") + 5);
          at != std::string::npos) {
        text.replace(at, 1, proxy_->token());
      }
      return text;
    };
    const std::size_t before = appender_.drafts().size();
    RawClient client(proxy_->port());
    client.send(head("GET " + fill(test.target), fill(test.field)));
    const std::string answer = client.read_until(test.status == 200 ? "hello" : "}\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(test.status) + " ")) << answer;
    EXPECT_EQ(answer.find(proxy_->token()), std::string::npos);
    EXPECT_EQ(seen.find(proxy_->token()), std::string::npos);
    if (test.status == 200) {
      EXPECT_TRUE(seen.starts_with("GET /v1/x")) << seen;
      EXPECT_EQ(seen.find("phantom"), std::string::npos) << seen;
    } else {
      EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos);
      EXPECT_EQ(upstream_->connections(), 0U);
      EXPECT_EQ(appender_.wait_for(before + 1).back().type, kDenied);
    }
    proxy_.reset();
    upstream_.reset();
  }
}

TEST_F(ProxyTest, RefusesUnclearRequestsAndRecordsIt) {
  std::string seen;
  start(answering(seen));
  const std::string own = "Host: 127.0.0.1:" + std::to_string(proxy_->port()) + "\r\n";
  const std::string good = "GET " + by_path("/x") + " HTTP/1.1\r\n";
  const std::vector<std::pair<int, std::string>> cases = {
      {400, good + own + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"},
      {400, good + own + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {400, good + own + "X: a\r\n folded\r\n\r\n"},
      {400, good + own + "X : a\r\n\r\n"},
      {400, "GET / HTTP/1.1\n" + own + "\n"},
      {400, "GET http://api.openai.com/ HTTP/1.1\r\n" + own + "\r\n"},
      {501, "CONNECT api.openai.com:443 HTTP/1.1\r\n" + own + "\r\n"},
      {501, good + own + "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
      {421, good + "Host: rebound.example.com\r\n\r\n"},
      {403, good + own + "Origin: https://example.com\r\n\r\n"},
      {403, good + own + "Origin: null\r\n\r\n"},
      {431, good + own + "X: " + std::string(70'000, 'a') + "\r\n\r\n"},
      {400, "GET " + by_path("/a/%2e%2e/b") + " HTTP/1.1\r\n" + own + "\r\n"},
  };
  for (const auto& [status, bytes] : cases) {
    const std::size_t before = appender_.drafts().size();
    RawClient client(proxy_->port());
    client.send(bytes);
    const std::string answer = client.read_until("}\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " "))
        << bytes.substr(0, 300) << "\n"
        << answer;
    const std::vector<Draft> drafts = appender_.wait_for(before + 1);
    ASSERT_EQ(drafts.size(), before + 1);
    EXPECT_EQ(drafts.back().type, kDenied);
    EXPECT_EQ(payload<schema::ProxyRequestDenied>(drafts.back())->http_status(), status);
  }
  EXPECT_EQ(upstream_->connections(), 0U);
  EXPECT_EQ(proxy_->stats().denied, cases.size());
}

TEST_F(ProxyTest, ClientThatGoesAwayEndsTheExchange) {
  std::promise<void> head_read;
  std::promise<bool> upstream_closed;
  start([&](Served& served) {
    served.read_head();
    head_read.set_value();
    upstream_closed.set_value(served.read_bytes(1).empty());
  });
  {
    RawClient client(proxy_->port());
    client.send(head("GET " + by_path("/slow")));
    head_read.get_future().wait_for(5s);
  }
  auto closed = upstream_closed.get_future();
  ASSERT_EQ(closed.wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(closed.get());
  const std::vector<Draft> drafts = appender_.wait_for(2);
  ASSERT_EQ(drafts.size(), 2U);
  EXPECT_EQ(drafts[1].outcome, Outcome::Failed);
  EXPECT_EQ(drafts[1].reason, Reason::ClientAborted);
}

TEST_F(ProxyTest, ClientThatGoesAwayMidUploadIsNotTakenForTheEnd) {
  std::string body;
  std::promise<void> ended;
  start([&](Served& served) {
    served.read_head();
    body = served.read_chunked();
    ended.set_value();
  });
  {
    RawClient client(proxy_->port());
    client.send(head("POST " + by_path("/x"), "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n");
    std::this_thread::sleep_for(100ms);
  }
  ASSERT_EQ(ended.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_EQ(body, "abc<cut>");
  EXPECT_EQ(appender_.wait_for(2).back().reason, Reason::ClientAborted);
}

TEST_F(ProxyTest, CutAnswerIsVisiblyCut) {
  start([](Served& served) {
    served.read_head();
    served.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    std::this_thread::sleep_for(50ms);
    served.cut();
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  const std::string answer = client.read_all();
  EXPECT_NE(answer.find("abc"), std::string::npos);
  EXPECT_EQ(answer.find("0\r\n\r\n"), std::string::npos);
  const std::vector<Draft> drafts = appender_.wait_for(2);
  ASSERT_EQ(drafts.size(), 2U);
  EXPECT_EQ(drafts[1].outcome, Outcome::Partial);
  EXPECT_EQ(drafts[1].reason, Reason::UpstreamAborted);
}

}  // namespace
}  // namespace phantom::proxy_test
