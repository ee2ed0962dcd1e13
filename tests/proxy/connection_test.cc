#include "proxy/connection.h"

#include "tests/proxy/proxy_fixture.h"

#include <future>

namespace phantom::proxy_test {
namespace {

TEST_F(ProxyTest, CertificateForAnotherNameIsRefused) {
  std::string seen;
  start(answering(seen), {}, "DNS:other.example.com");
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  const std::string answer = client.read_until("}\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_NE(answer.find("upstream_tls"), std::string::npos);
  EXPECT_EQ(seen, "");
  const std::vector<Draft> drafts = appender_.wait_for(2);
  ASSERT_EQ(drafts.size(), 2U);
  EXPECT_EQ(drafts[1].outcome, Outcome::Failed);
  EXPECT_EQ(drafts[1].reason, Reason::UpstreamTls);
}

TEST_F(ProxyTest, RedirectIsPassedOnAndNotFollowed) {
  std::string seen;
  start(answering(seen,
                  "HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\n"
                  "Content-Length: 0\r\n\r\n"));
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  const std::string answer = client.read_until("\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 302 Found\r\n")) << answer;
  EXPECT_NE(answer.find("Location: https://example.com/\r\n"), std::string::npos);
  types(2);
  EXPECT_EQ(upstream_->connections(), 1U);
}

TEST_F(ProxyTest, ClientsConnectionHeaderCannotRemoveTheSecret) {
  std::string seen;
  start(answering(seen));
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x"),
                   "Connection: authorization, x-own\r\nX-Own: 1\r\nTE: trailers\r\n"
                   "authorization_: a\r\nAUTHORIZATION: b\r\n"));
  client.read_until("hello");
  EXPECT_NE(seen.find("Authorization: Bearer example-not-a-real-key-000\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("X-Own"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("TE:"), std::string::npos);
  EXPECT_EQ(seen.find("AUTHORIZATION: b"), std::string::npos);
}

TEST_F(ProxyTest, HeadAndNotModifiedHaveNoBody) {
  std::string seen;
  start(answering(seen, "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"));
  RawClient client(proxy_->port());
  for (int i = 0; i < 2; ++i) {
    client.send(head("HEAD " + by_path("/x")));
    const std::string answer = client.read_until("\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 304 ")) << answer;
    EXPECT_NE(answer.find("Content-Length: 77\r\n"), std::string::npos);
  }
}

TEST_F(ProxyTest, AThousandRequestsOnOneConnection) {
  std::string seen;
  start(answering(seen));
  RawClient client(proxy_->port());
  for (int i = 0; i < 1'000; ++i) {
    client.send(head("GET " + by_path("/n")));
    ASSERT_TRUE(client.read_until("hello").ends_with("hello")) << i;
  }
  const std::vector<Draft> drafts = appender_.wait_for(2'000);
  ASSERT_EQ(drafts.size(), 2'000U);
  for (std::size_t i = 0; i < drafts.size(); i += 2) {
    ASSERT_EQ(drafts[i].type, kRequested);
    ASSERT_EQ(drafts[i + 1].type, kCompleted);
    ASSERT_EQ(drafts[i + 1].cause_seq, Seq{i});
  }
  // Upstream connections are reused.
  EXPECT_EQ(upstream_->connections(), 1U);
}

TEST_F(ProxyTest, UpstreamThatClosesIdleConnectionsIsDialledAnew) {
  start([](Served& served) {
    served.read_head();
    served.write(kPlainAnswer);
  });
  RawClient client(proxy_->port());
  for (int i = 0; i < 3; ++i) {
    client.send(head("GET " + by_path("/n")));
    const std::string answer = client.read_until("\r\n\r\n");
    ASSERT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << i << answer;
    client.read_until("hello");
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(upstream_->connections(), 3U);
}

TEST_F(ProxyTest, UpstreamConnectionsDoNotOutliveTheirUse) {
  limits_.pool_idle_max = 100ms;
  std::promise<void> closed;
  start([&](Served& served) {
    served.read_head();
    served.write(kPlainAnswer);
    if (served.read_head().empty()) closed.set_value();
  });
  {
    RawClient client(proxy_->port());
    client.send(head("GET " + by_path("/x")));
    client.read_until("hello");
  }
  EXPECT_EQ(closed.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ProxyTest, StopLetsExchangesFinishWithinGrace) {
  std::promise<void> head_read;
  start([&](Served& served) {
    served.read_head();
    head_read.set_value();
    std::this_thread::sleep_for(150ms);
    served.write(kPlainAnswer);
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  head_read.get_future().wait_for(5s);
  proxy_->stop(5s);
  EXPECT_TRUE(client.read_until("hello").ends_with("hello"));
  ASSERT_EQ(appender_.drafts().size(), 2U);
  EXPECT_EQ(appender_.drafts()[1].outcome, Outcome::Ok);
}

TEST_F(ProxyTest, StopCutsWhatOutlivesGraceAndStillRecordsIt) {
  std::promise<void> head_read;
  start([&](Served& served) {
    served.read_head();
    head_read.set_value();
    served.read_bytes(1);
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  head_read.get_future().wait_for(5s);
  const auto begun = std::chrono::steady_clock::now();
  proxy_->stop(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
  ASSERT_EQ(appender_.drafts().size(), 2U);
  EXPECT_EQ(appender_.drafts()[1].reason, Reason::ShuttingDown);
}

TEST_F(ProxyTest, NameThatLeadsToALocalAddressIsBlocked) {
  std::string seen;
  start(answering(seen));
  RawClient client(proxy_->port());
  client.send(head("GET /blocked/_phantom/" + proxy_->token() + "/x"));
  const std::string answer = client.read_until("}\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(appender_.wait_for(2).back().reason, Reason::AddressBlocked);
  EXPECT_EQ(upstream_->connections(), 0U);
}

TEST_F(ProxyTest, SilentUpstreamEndsInTimeout) {
  limits_.silence_max = 200ms;
  start([](Served& served) {
    served.read_head();
    served.read_bytes(1);
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  const std::string answer = client.read_until("}\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_EQ(appender_.wait_for(2).back().reason, Reason::UpstreamTimeout);
}

TEST_F(ProxyTest, HalfAHeadIsNotWaitedForForEver) {
  limits_.head_max = 150ms;
  std::string seen;
  start(answering(seen));
  RawClient client(proxy_->port());
  client.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(ProxyTest, UpstreamThatIsNotThereIsSaidSo) {
  std::string seen;
  start(answering(seen));
  upstream_.reset();
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  const std::string answer = client.read_until("}\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(appender_.wait_for(2).back().reason, Reason::UpstreamUnreachable);
  // The connection goes on.
  client.send(head("GET " + by_path("/x")));
  EXPECT_TRUE(client.read_until("}\n").starts_with("HTTP/1.1 502 "));
}

TEST_F(ProxyTest, AnswerThatIsNotHttpIsNotPassedOn) {
  std::string seen;
  start(answering(seen, "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"));
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  EXPECT_TRUE(client.read_until("}\n").starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(appender_.wait_for(2).back().reason, Reason::UpstreamProtocol);
}

TEST_F(ProxyTest, InformationalAnswersAreNotTheAnswer) {
  std::string seen;
  start(answering(seen,
                  "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/x")));
  EXPECT_TRUE(client.read_until("hello").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ProxyTest, AnswerBeforeTheEndOfTheUploadIsPassedOn) {
  start([](Served& served) {
    served.read_head();
    served.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  });
  RawClient client(proxy_->port());
  client.send(head("POST " + by_path("/x"), "Content-Length: 1000000\r\n") + "abc");
  const std::string answer = client.read_until("\r\n\r\nno");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  const std::vector<Draft> drafts = appender_.wait_for(2);
  ASSERT_EQ(drafts.size(), 2U);
  EXPECT_EQ(drafts[1].outcome, Outcome::Ok);
}

TEST_F(ProxyTest, BrokenChunkEndsTheRequest) {
  std::string body;
  std::promise<void> ended;
  start([&](Served& served) {
    served.read_head();
    body = served.read_chunked();
    ended.set_value();
  });
  RawClient client(proxy_->port());
  client.send(head("POST " + by_path("/x"), "Transfer-Encoding: chunked\r\n"));
  client.send("3\r\nabc\r\n");
  std::this_thread::sleep_for(50ms);
  client.send("2\nxx");
  EXPECT_TRUE(client.read_until("}\n").starts_with("HTTP/1.1 400 "));
  ASSERT_EQ(ended.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_EQ(body, "abc<cut>");
  EXPECT_EQ(appender_.wait_for(2).back().reason, Reason::BadRequest);
}

TEST_F(ProxyTest, PipelinedRequestsAreAnsweredInOrder) {
  start([](Served& served) {
    for (;;) {
      const std::string request = served.read_head();
      if (request.empty()) return;
      served.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + request.substr(5, 1));
    }
  });
  RawClient client(proxy_->port());
  client.send(head("GET " + by_path("/a")) + head("GET " + by_path("/b")) +
              head("GET " + by_path("/c")));
  for (const char* expected : {"a", "b", "c"}) {
    EXPECT_TRUE(client.read_until(std::string("\r\n\r\n") + expected).ends_with(expected));
  }
}

TEST_F(ProxyTest, OldClientsGetAnAnswerThatEndsWithTheConnection) {
  std::string seen;
  start(answering(seen,
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n0\r\n\r\n"));
  RawClient client(proxy_->port());
  std::string request = head("GET " + by_path("/x"));
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  client.send(request);
  const std::string answer = client.read_all();
  EXPECT_TRUE(answer.ends_with("\r\n\r\nhello")) << answer;
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
}

TEST_F(ProxyTest, FiftyClientsAtOnce) {
  std::atomic<unsigned> served_count{0};
  start([&](Served& served) {
    while (!served.read_head().empty()) {
      ++served_count;
      served.write(kPlainAnswer);
    }
  });
  std::vector<std::thread> clients;
  std::atomic<unsigned> good{0};
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back([&] {
      RawClient client(proxy_->port());
      for (int n = 0; n < 4; ++n) {
        client.send(head("GET " + by_path("/n")));
        if (client.read_until("hello").ends_with("hello")) ++good;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 200U);
  EXPECT_EQ(served_count, 200U);
  EXPECT_EQ(appender_.wait_for(400).size(), 400U);
}

}  // namespace
}  // namespace phantom::proxy_test
