#include "proxy/http_tiles.h"

#include "tests/proxy/plain_server.h"
#include "tests/proxy/tls_upstream.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace phantom::proxy_test {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<TileSource> tiles_at(const std::string& url, HttpClientOptions options = {}) {
  auto source = open_http_tiles(url, options);
  PH_CHECK(source.ok(), source.ok() ? "" : source.error().message.c_str());
  return std::move(*source);
}

Code code_for(const std::string& answer, PlainServer::After after = PlainServer::After::kKeep) {
  PlainServer server([&](const std::string&) { return PlainServer::Answer{answer, after}; });
  const auto bytes = tiles_at(server.url())->fetch("checkpoint", 100);
  return bytes.ok() ? Code::kInternal : bytes.error().code;
}

TEST(HttpTiles, GetsFilesBelowThePrefixOverOneConnection) {
  std::vector<std::string> heads;
  PlainServer server([&](const std::string& head) {
    heads.push_back(head);
    return PlainServer::Answer{ok_answer("tile " + std::to_string(heads.size()))};
  });
  const auto source = tiles_at(server.url("/some/log/"));
  EXPECT_EQ(as_text(*source->fetch("checkpoint", 100)), "tile 1");
  EXPECT_EQ(as_text(*source->fetch("tile/entries/000.p/3", 100)), "tile 2");
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(heads[1].substr(0, heads[1].find("\r\n")),
            "GET /some/log/tile/entries/000.p/3 HTTP/1.1");
  EXPECT_NE(heads[1].find("\r\nHost: 127.0.0.1:"), std::string::npos);
  EXPECT_EQ(heads[1].find("ookie"), std::string::npos);
  EXPECT_EQ(source->each_file([](const std::string&) {}).error().code, Code::kUnsupported);
}

TEST(HttpTiles, AnyFramingOfABodyIsRead) {
  for (const auto& [answer, after] :
       {std::pair{std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"),
                  PlainServer::After::kKeep},
        std::pair{std::string("HTTP/1.0 200 OK\r\n\r\nabcde"), PlainServer::After::kClose},
        std::pair{"HTTP/1.1 103 Early Hints\r\n\r\n" + ok_answer("abcde"),
                  PlainServer::After::kKeep}}) {
    PlainServer server([&](const std::string&) { return PlainServer::Answer{answer, after}; });
    const auto bytes = tiles_at(server.url())->fetch("checkpoint", 100);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    EXPECT_EQ(as_text(*bytes), "abcde");
  }
}

TEST(HttpTiles, OtherAnswersAreErrors) {
  const auto status = [](const char* line, const char* fields = "") {
    return code_for(std::string("HTTP/1.1 ") + line + "\r\n" + fields +
                    "Content-Length: 0\r\n\r\n");
  };
  EXPECT_EQ(status("404 Not Found"), Code::kNotFound);
  EXPECT_EQ(status("410 Gone"), Code::kNotFound);
  EXPECT_EQ(status("401 Unauthorized"), Code::kDenied);
  EXPECT_EQ(status("403 Forbidden"), Code::kDenied);
  EXPECT_EQ(status("429 Too Many Requests"), Code::kBusy);
  EXPECT_EQ(status("500 Internal Server Error"), Code::kBusy);
  EXPECT_EQ(status("503 Service Unavailable"), Code::kBusy);
  EXPECT_EQ(status("204 No Content"), Code::kInvalid);
  EXPECT_EQ(status("206 Partial Content"), Code::kInvalid);
  EXPECT_EQ(status("418 Teapot"), Code::kInvalid);
  EXPECT_EQ(status("200 OK", "Content-Encoding: gzip\r\n"), Code::kInvalid);
  EXPECT_EQ(code_for("SSH-2.0-OpenSSH\r\n\r\n"), Code::kInvalid);
}

TEST(HttpTiles, RedirectsAreNotFollowed) {
  std::atomic<unsigned> requests{0};
  PlainServer server([&](const std::string&) {
    ++requests;
    return PlainServer::Answer{
        "HTTP/1.1 302 Found\r\nLocation: /log/other\r\nContent-Length: 0\r\n\r\n"};
  });
  const auto bytes = tiles_at(server.url())->fetch("checkpoint", 100);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, Code::kInvalid);
  EXPECT_NE(bytes.error().message.find("redirects are not followed"), std::string::npos);
  EXPECT_EQ(requests, 1U);
}

TEST(HttpTiles, BodiesOverTheLimitAreRefused) {
  EXPECT_EQ(code_for(ok_answer(std::string(101, 'x'))), Code::kLimit);
  EXPECT_EQ(code_for("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), Code::kLimit);
  EXPECT_EQ(code_for("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                     std::string(101, 'x') + "\r\n0\r\n\r\n"),
            Code::kLimit);
  EXPECT_EQ(code_for("HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), PlainServer::After::kClose),
            Code::kLimit);
}

TEST(HttpTiles, CutAnswersAreNotTakenForFiles) {
  for (const char* answer : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
    EXPECT_EQ(code_for(answer, PlainServer::After::kClose), Code::kBusy) << answer;
  }
}

TEST(HttpTiles, AServerThatSaysNothingMoreIsGivenUp) {
  for (const char* answer : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}) {
    PlainServer server([&](const std::string&) { return PlainServer::Answer{answer}; });
    HttpClientOptions options;
    options.idle_max = 50ms;
    const auto bytes = tiles_at(server.url(), options)->fetch("checkpoint", 100);
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.error().code, Code::kBusy);
    EXPECT_NE(bytes.error().message.find("stopped answering"), std::string::npos);
  }
}

TEST(HttpTiles, NobodyThereIsBusy) {
  std::string url;
  {
    PlainServer gone([](const std::string&) { return PlainServer::Answer{}; });
    url = gone.url();
  }
  EXPECT_EQ(tiles_at(url)->fetch("checkpoint", 100).error().code, Code::kBusy);
}

TEST(HttpTiles, ConnectionThatWasClosedMeanwhileIsMadeAnew) {
  std::atomic<unsigned> requests{0};
  PlainServer server([&](const std::string&) {
    // The first answer promises to stay and does not.
    return PlainServer::Answer{
        ok_answer("x"), ++requests == 1 ? PlainServer::After::kClose : PlainServer::After::kKeep};
  });
  const auto source = tiles_at(server.url());
  EXPECT_TRUE(source->fetch("checkpoint", 100).ok());
  EXPECT_TRUE(source->fetch("checkpoint", 100).ok());
  EXPECT_EQ(server.connections(), 2U);
}

TEST(HttpTiles, SeveralThreadsFetchAtOnce) {
  PlainServer server([](const std::string& head) {
    return PlainServer::Answer{ok_answer(head.substr(0, head.find(" HTTP")))};
  });
  const auto source = tiles_at(server.url());
  std::atomic<unsigned> good{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (unsigned i = 0; i < 20; ++i) {
          const std::string path = "tile/" + std::to_string(t) + "/" + std::to_string(i);
          const auto bytes = source->fetch(path, 100);
          if (bytes.ok() && as_text(*bytes) == "GET /log/" + path) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 120U);
  EXPECT_LE(server.connections(), 6U);
}

TEST(HttpTiles, CertificatesAreChecked) {
  TlsUpstream right("IP:127.0.0.1", [](Served& served) {
    while (!served.read_head().empty()) served.write(ok_answer("tile"));
  });
  TlsUpstream wrong("DNS:other.example", [](Served& served) {
    if (!served.read_head().empty()) served.write(ok_answer("tile"));
  });
  TempDir scratch;
  const auto fetch = [&](TlsUpstream& server, const std::string& ca_pem) {
    HttpClientOptions options;
    if (!ca_pem.empty()) {
      options.ca_file = scratch / "ca.pem";
      write_text(options.ca_file, ca_pem);
    }
    return tiles_at("https://127.0.0.1:" + std::to_string(server.port()) + "/log", options)
        ->fetch("checkpoint", 100);
  };
  const auto good = fetch(right, right.ca_pem());
  ASSERT_TRUE(good.ok()) << good.error().message;
  EXPECT_EQ(as_text(*good), "tile");
  EXPECT_EQ(fetch(right, "").error().code, Code::kInvalid);
  EXPECT_EQ(fetch(right, wrong.ca_pem()).error().code, Code::kInvalid);
  const auto other_name = fetch(wrong, wrong.ca_pem());
  ASSERT_FALSE(other_name.ok());
  EXPECT_EQ(other_name.error().code, Code::kInvalid);
  EXPECT_NE(other_name.error().message.find("does not verify"), std::string::npos);
}

TEST(HttpTiles, RefusesWhatIsNoPlainUrl) {
  for (const char* url :
       {"", "http://", "http:///log", "ftp://example.com/log", "example.com/log",
        "http://user@example.com/log", "http://user:word@example.com/log",
        "http://example.com/log?x=1", "http://example.com/log#x", "http://example.com:0/log",
        "http://example.com:99999/log", "http://exa mple.com/", "http://example.com/\r\nX: y"}) {
    EXPECT_FALSE(open_http_tiles(url, {}).ok()) << url;
  }
  EXPECT_TRUE(open_http_tiles("http://[::1]:8080/log", {}).ok());
  EXPECT_TRUE(is_http_url("https://example.com"));
  EXPECT_FALSE(is_http_url("log/http"));
  HttpClientOptions options;
  options.ca_file = "nosuch.pem";
  EXPECT_EQ(open_http_tiles("https://example.com", options).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace phantom::proxy_test
