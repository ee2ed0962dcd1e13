#include "proxy/witness_server.h"

#include "events/encoding.h"
#include "proxy/token_buckets.h"
#include "tests/proxy/witness_fixture.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <thread>

namespace phantom::proxy_test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

// Bytes as they are, in both directions.
class RawClient {
 public:
  explicit RawClient(const WitnessServer& server) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), server.address().port});
    const timeval wait{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  }
  void send(std::string_view bytes) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), ignored);
  }
  // All that comes until the server closes.
  std::string read_all() {
    std::string all;
    boost::system::error_code error;
    asio::read(socket_, asio::dynamic_buffer(all), error);
    return all;
  }
  std::string read_exactly(std::size_t bytes) {
    std::string all(bytes, 0);
    boost::system::error_code error;
    all.resize(asio::read(socket_, asio::buffer(all), error));
    return all;
  }
  bool closes_within(std::chrono::milliseconds wait) {
    pollfd waiting{socket_.native_handle(), POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(wait.count())) > 0 && is_closed();
  }
  bool is_closed() {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, 0) <= 0;
  }

 private:
  asio::io_context io_;
  Tcp::socket socket_;
};

std::string post(const std::string& path, const std::string& body, std::string_view fields = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: w\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + body;
}
int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

class WitnessHttp : public WitnessFixture {
 protected:
  int status(std::string_view request) {
    RawClient client(*server_);
    client.send(request);
    return status_of(client.read_all());
  }
};

TEST_F(WitnessHttp, CosignsAndServesTheNewestCheckpoint) {
  options_.prefix = "/w1";
  start();
  EXPECT_EQ(send("GET", checkpoint_path())->status, 404);
  const auto cosigned = send("POST", "/add-checkpoint", body(0, 5));
  ASSERT_TRUE(cosigned.ok()) << cosigned.error().message;
  ASSERT_EQ(cosigned->status, 200);
  const std::string note = log_.note(5) + std::string(as_text(cosigned->body));
  EXPECT_EQ(check_cosignature(note, key_).found, NoteCheck::kGood);
  const auto served = send("GET", checkpoint_path());
  EXPECT_EQ(served->status, 200);
  EXPECT_EQ(as_text(served->body), note);
  EXPECT_EQ(*served->field("content-type"), "text/plain; charset=utf-8");
  const auto head = send("HEAD", checkpoint_path());
  EXPECT_EQ(head->status, 200);
  EXPECT_TRUE(head->body.empty());
  const auto conflict = send("POST", "/add-checkpoint", body(0, 6));
  EXPECT_EQ(conflict->status, 409);
  EXPECT_EQ(*conflict->field("content-type"), "text/x.tlog.size");
  EXPECT_EQ(as_text(conflict->body), "5\n");
  EXPECT_EQ(send("POST", "/add-checkpoint", "old 5\n")->status, 400);
}

TEST_F(WitnessHttp, OtherPathsAndMethodsAreRefused) {
  start();
  for (const char* path : {"/", "/add-checkpoint/", "/add-checkpoint?x=1", "/Add-Checkpoint",
                           "/x/checkpoint", "/../add-checkpoint"}) {
    EXPECT_EQ(send("POST", path, body(0, 5))->status, 404) << path;
  }
  const auto get = send("GET", "/add-checkpoint");
  EXPECT_EQ(get->status, 405);
  EXPECT_EQ(*get->field("allow"), "POST");
  EXPECT_EQ(send("POST", checkpoint_path(), "")->status, 405);
  EXPECT_EQ(send("GET", "/" + std::string(64, '0') + "/checkpoint")->status, 404);
  EXPECT_EQ(send("PUT", "/add-checkpoint", body(0, 5))->status, 405);
}

TEST_F(WitnessHttp, LongThingsHaveTheirOwnStatus) {
  start();
  EXPECT_EQ(send("POST", "/add-checkpoint", std::string(kWitnessBodyBytesMax, 'x'))->status, 400);
  EXPECT_EQ(send("POST", "/add-checkpoint", std::string(kWitnessBodyBytesMax + 1, 'x'))->status,
            413);
  EXPECT_EQ(
      status("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 99999999999\r\n\r\n"),
      413);
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  EXPECT_EQ(
      status("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n" +
             chunk + chunk + chunk),
      413);
  EXPECT_EQ(send("GET", "/" + std::string(2'000, 'a'))->status, 414);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: w\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n"),
            431);
  std::string many = "GET / HTTP/1.1\r\nHost: w\r\n";
  for (int i = 0; i < 200; ++i) many += "X: y\r\n";
  EXPECT_EQ(status(many + "\r\n"), 431);
}

TEST_F(WitnessHttp, GarbageIsAnsweredWith400AndClosed) {
  start();
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 11),
        std::string("SSH-2.0-x\r\n\r\n"), std::string("GET / HTTP/2\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\n\r\n"), std::string("GET / HTTP/1.1\nHost: w\n\n"),
        std::string("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 3\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n"),
        std::string("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "zz\r\n")}) {
    EXPECT_EQ(status(bytes), 400) << bytes;
  }
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(status(post("/add-checkpoint", "x", "Expect: a-pony\r\n")), 417);
  // It still works for others.
  EXPECT_EQ(send("POST", "/add-checkpoint", body(0, 5))->status, 200);
}

TEST_F(WitnessHttp, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client(*server_);
  client.send(post("/add-checkpoint", body(0, 3)) + post("/add-checkpoint", body(0, 4)) +
              post("/add-checkpoint", body(3, 4)) +
              "GET /nothing HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_all();
  std::vector<int> statuses;
  for (std::size_t at = all.find("HTTP/1.1 "); at != std::string::npos;
       at = all.find("HTTP/1.1 ", at + 1)) {
    statuses.push_back(std::stoi(all.substr(at + 9, 3)));
  }
  EXPECT_EQ(statuses, (std::vector<int>{200, 409, 200, 404}));
}

TEST_F(WitnessHttp, ChunkedBodiesAndExpectationsAreServed) {
  start();
  const std::string whole = body(0, 5);
  std::string chunked;
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    const std::string piece = whole.substr(at, 7);
    chunked += std::to_string(piece.size()) + "\r\n" + piece + "\r\n";
  }
  EXPECT_EQ(status("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n" +
                   chunked + "0\r\n\r\n"),
            200);
  RawClient client(*server_);
  const std::string request =
      post("/add-checkpoint", body(5, 6), "Expect: 100-continue\r\nConnection: close\r\n");
  const std::size_t head = request.find("\r\n\r\n") + 4;
  client.send(request.substr(0, head));
  EXPECT_EQ(client.read_exactly(25), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(request.substr(head));
  EXPECT_EQ(status_of(client.read_all()), 200);
}

TEST_F(WitnessHttp, SlowRequestsAndIdleConnectionsAreClosed) {
  options_.limits.request_max = 80ms;
  options_.limits.idle_max = 80ms;
  start();
  RawClient silent(*server_);
  RawClient in_head(*server_);
  in_head.send("POST /add-checkpoint HTTP/1.1\r\nHo");
  RawClient in_body(*server_);
  in_body.send("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold");
  // One byte at a time does not buy more time.
  RawClient trickle(*server_);
  const auto started = std::chrono::steady_clock::now();
  do {
    trickle.send("G");
  } while (!trickle.closes_within(2ms) && std::chrono::steady_clock::now() - started < 10s);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(in_head.is_closed());
  EXPECT_TRUE(in_body.is_closed());
  EXPECT_EQ(send("POST", "/add-checkpoint", body(0, 5))->status, 200);
}

TEST_F(WitnessHttp, NewcomersGetThePlacesOfThoseWhoWaitLongest) {
  options_.limits.connections_max = 8;
  start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<RawClient>(*server_));
    slow.back()->send("POST /add-checkpoint HTTP/1.1\r\n");
  }
  EXPECT_EQ(send("POST", "/add-checkpoint", body(0, 5))->status, 200);
  EXPECT_TRUE(slow.front()->is_closed());
}

TEST_F(WitnessHttp, TooManyRequestsAre429) {
  options_.limits.requests_per_second = 0.001;
  options_.limits.requests_burst = 3;
  start();
  std::vector<int> statuses;
  for (int i = 0; i < 5; ++i) statuses.push_back(send("GET", checkpoint_path())->status);
  EXPECT_EQ(statuses, (std::vector<int>{404, 404, 404, 429, 429}));
  EXPECT_EQ(*send("GET", "/")->field("retry-after"), "1");
}

TEST_F(WitnessHttp, StopLetsARequestThatHasBegunEnd) {
  start();
  RawClient idle(*server_);
  RawClient begun(*server_);
  const std::string request = post("/add-checkpoint", body(0, 5));
  begun.send(request.substr(0, 60));
  // Answered requests show that the server has seen the bytes before them.
  EXPECT_EQ(send("GET", checkpoint_path())->status, 404);
  std::thread stopping([&] { server_->stop(10s); });
  EXPECT_TRUE(idle.is_closed());
  begun.send(request.substr(60));
  const std::string answer = begun.read_all();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  stopping.join();
  EXPECT_EQ(parse_checkpoint(witness_->newest(origin_digest(log_.origin())).body)->checkpoint.size,
            5U);
}

TEST_F(WitnessHttp, AddressesToListenOnAreParsedStrictly) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8311")->port, 8311);
  EXPECT_EQ(parse_listen_address("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_listen_address("[::1]:80")->text(), "[::1]:80");
  EXPECT_TRUE(parse_listen_address("127.0.0.1:0")->is_loopback);
  EXPECT_FALSE(parse_listen_address("0.0.0.0:80")->is_loopback);
  for (const char* bad : {"", "127.0.0.1", ":80", "localhost:80", "127.0.0.1:", "127.0.0.1:x",
                          "127.0.0.1:65536", "::1:80", "[127.0.0.1]:80", "127.0.0.1:080"}) {
    EXPECT_FALSE(parse_listen_address(bad).ok()) << bad;
  }
  start();
  WitnessServerOptions same;
  same.listen = server_->address();
  EXPECT_EQ(WitnessServer::start(*witness_, same).error().code, Code::kIo);
}

TEST(TokenBuckets, EachCallerHasItsOwnAndTheRestShareOne) {
  TokenBuckets buckets(10, 2, 2);
  auto now = TokenBuckets::TimePoint();
  EXPECT_TRUE(buckets.take("a", now));
  EXPECT_TRUE(buckets.take("a", now));
  EXPECT_FALSE(buckets.take("a", now));
  EXPECT_TRUE(buckets.take("b", now));
  // No room for more: these two share one bucket.
  EXPECT_TRUE(buckets.take("c", now));
  EXPECT_TRUE(buckets.take("d", now));
  EXPECT_FALSE(buckets.take("e", now));
  now += 100ms;
  EXPECT_TRUE(buckets.take("a", now));
  EXPECT_FALSE(buckets.take("a", now));
  now += 10s;
  EXPECT_TRUE(buckets.take("e", now));
  TokenBuckets open(0, 0, 1);
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(open.take("a", now));
}

}  // namespace
}  // namespace phantom::proxy_test
