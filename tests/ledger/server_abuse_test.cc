// Callers that misbehave at the ledger's socket harm nobody but themselves.

#include "ledger/reader.h"
#include "tests/ledger/server_fixture.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace phantom::test {
namespace {

void expect_served(Submitter& submitter, std::uint64_t number = 1) {
  const auto answer = submitter.exchange(encoded_draft(number), kPatience);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_TRUE(answer->result.ok()) << answer->result.error().message;
}

// Rounds of the server while nothing new is sent to it.
std::uint64_t rounds_while_idle(const SubmitServer& server, int ms) {
  const std::uint64_t before = server.counts().rounds;
  ::poll(nullptr, 0, ms);
  return server.counts().rounds - before;
}

TEST(ServerAbuse, LengthThatIsTooLargeEndsTheConnectionAtOnce) {
  ServedLedger ledger;
  Submitter good = ledger.connect();
  for (const Bytes& head : {Bytes{0, 1, 0, 1}, Bytes{0xff, 0xff, 0xff, 0xff}, Bytes{0, 0, 0, 0}}) {
    Submitter bad = ledger.connect();
    ASSERT_TRUE(send_all(bad.fd(), head));
    EXPECT_TRUE(listen_until_quiet(bad.fd(), 10'000).hung_up);
  }
  expect_served(good);
}

TEST(ServerAbuse, HalfFramesAndSilenceKeepNobodyWaitingAndCostNoTime) {
  ServedLedger ledger;
  const Bytes frame = wire::frame(encoded_draft(1));
  std::vector<Submitter> silent;
  for (std::size_t i = 0; i < 50; ++i) {
    silent.push_back(ledger.connect());
    ASSERT_TRUE(send_all(silent.back().fd(), ByteView(frame).first(1 + i % (frame.size() - 1))));
  }
  Submitter good = ledger.connect();
  for (std::uint64_t i = 0; i < 20; ++i) expect_served(good, i);
  EXPECT_LE(rounds_while_idle(*ledger.server, 300), 1U);
}

TEST(ServerAbuse, SenderOfSingleBytesGetsItsReceipt) {
  ServedLedger ledger;
  Submitter slow = ledger.connect();
  Submitter good = ledger.connect();
  const Bytes frame = wire::frame(encoded_draft(1));
  for (std::size_t i = 0; i < frame.size(); ++i) {
    ASSERT_TRUE(send_all(slow.fd(), ByteView(frame).subspan(i, 1)));
    if (i % 50 == 0) expect_served(good, i);
  }
  pollfd polled{slow.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&polled, 1, 20'000), 1);
  const auto replies = slow.receive_some();
  ASSERT_TRUE(replies.ok());
  ASSERT_EQ(replies->size(), 1U);
  EXPECT_TRUE(replies->front().result.ok());
}

TEST(ServerAbuse, WhoNeverReadsIsReadFromNoMoreAndOthersAreServed) {
  ServedLedger ledger;
  Submitter deaf = ledger.connect();
  const Bytes frame = wire::frame(encoded_draft(1));  // one event: sent again it is a duplicate
  // What the server will take from it is bounded by the answers it does not read.
  constexpr std::size_t kBytesMax = 64 << 20;
  std::size_t sent_bytes = 0;
  for (;;) {
    const ssize_t sent = ::send(deaf.fd(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) sent_bytes += static_cast<std::size_t>(sent);
    ASSERT_LT(sent_bytes, kBytesMax) << "the server reads without end";
    if (sent == static_cast<ssize_t>(frame.size())) continue;
    if (sent > 0) break;  // cut: what follows would be garbage
    pollfd polled{deaf.fd(), POLLOUT, 0};
    if (::poll(&polled, 1, 1'000) == 0) break;
  }
  Submitter good = ledger.connect();
  for (std::uint64_t i = 0; i < 20; ++i) expect_served(good, i);
  EXPECT_LE(rounds_while_idle(*ledger.server, 300), 2U);
  std::printf("taken from a caller that never reads: %zu KiB\n", sent_bytes >> 10);
}

// A home in memory: what is measured is the server, not what else the disk has to do.
class InMemory {
 public:
  InMemory() {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  }
  ~InMemory() {
    if (before_) {
      ::setenv("TMPDIR", before_->c_str(), 1);
    } else {
      ::unsetenv("TMPDIR");
    }
  }

 private:
  std::optional<std::string> before_;
};

TEST(ServerAbuse, FloodLeavesOthersTheirReceiptsInBoundedTime) {
  const InMemory memory;
  ServedLedger ledger;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> flooded{0};
  // Two threads with eight connections each, as full as the sockets take; answers are read.
  const auto flood = [&] {
    std::vector<Submitter> connections;
    for (int i = 0; i < 8; ++i) connections.push_back(ledger.connect());
    while (!stop) {
      for (Submitter& each : connections) {
        if (!each.wants_to_write()) {
          for (int i = 0; i < 200; ++i) each.queue(encoded_draft(7));
        }
        if (!each.send_some().ok()) return;
        const auto replies = each.receive_some();
        if (!replies.ok()) return;
        flooded += replies->size();
      }
    }
  };
  std::thread first(flood);
  std::thread second(flood);
  while (flooded < 2'000) std::this_thread::yield();
  Submitter good = ledger.connect();
  std::vector<double> ms;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    expect_served(good, i);
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                     .count());
  }
  const std::uint64_t during = flooded;
  stop = true;
  first.join();
  second.join();
  std::sort(ms.begin(), ms.end());
  std::printf("during a flood of %llu events: median %.1f ms, p90 %.1f ms, worst %.1f ms\n",
              static_cast<unsigned long long>(during), ms[25], ms[44], ms[49]);
  // Two rounds, each about one commit, whatever the machine has to do beside.
  EXPECT_LT(ms[44], 3'000.0);
}

TEST(ServerAbuse, ThousandsOfConnectionsComeAndGo) {
  ServedLedger ledger;
  Submitter good = ledger.connect();
  expect_served(good);
  for (int i = 0; i < 3'000; ++i) {
    const auto passing = connect_unix(ledger.socket());
    if (!passing.ok()) {
      ASSERT_EQ(passing.error().code, Code::kBusy);  // its queue is full for a moment
      std::this_thread::yield();
    }
    if (i % 100 == 0) expect_served(good);
  }
  expect_served(good);
  Submitter last = ledger.connect();
  expect_served(last);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (ledger.server->counts().places > 2 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(ledger.server->counts().places, 2U);
}

TEST(ServerAbuse, IdleConnectionsInAllPlacesMakeRoomAndTheOnesThatSendStay) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur < 1'400 && limit.rlim_max >= 1'400) {
    limit.rlim_cur = 1'400;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  if (limit.rlim_cur < 1'400) GTEST_SKIP() << "needs 1,400 descriptors";
  ServedLedger ledger;
  Submitter good = ledger.connect();
  expect_served(good);
  std::vector<Submitter> idle;
  for (int i = 0; i < 600; ++i) idle.push_back(ledger.connect());
  Submitter late = ledger.connect();
  expect_served(late);
  expect_served(good);  // older than every other, and never silent
  EXPECT_EQ(ledger.server->counts().places, 512U);
  EXPECT_EQ(ledger.server->counts().displaced, 602U - 512U);
}

TEST(ServerAbuse, ConnectionClosedInTheMiddleOfItsAnswersLosesNoEvent) {
  ServedLedger ledger;
  Submitter good = ledger.connect();
  std::uint64_t expected = 1;
  for (int i = 0; i < 50; ++i) {
    {
      Submitter gone = ledger.connect();
      for (int k = 0; k < 20; ++k) gone.queue(encoded_draft(static_cast<std::uint64_t>(k)));
      while (gone.wants_to_write()) ASSERT_TRUE(gone.send_some().ok());
      expected += 20;
      if (i % 2 == 0) {  // some of the answers
        pollfd polled{gone.fd(), POLLIN, 0};
        ASSERT_EQ(::poll(&polled, 1, 20'000), 1);
        char half[100];
        ASSERT_GT(::recv(gone.fd(), half, sizeof half, 0), 0);
      }
    }
    expect_served(good);
    ++expected;
  }
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (ledger.server->counts().places > 1 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(ledger.server->counts().places, 1U);
  // What was sent before the end was in the socket, and is recorded.
  EXPECT_EQ(ledger.writer->head().checkpoint.size, expected);
}

// Connecting through it takes no further descriptor.
std::optional<sockaddr_un> address_of_short(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

// While it lives this process gets no new descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    PH_CHECK(::getrlimit(RLIMIT_NOFILE, &before_) == 0, "limit");
    const int lowest = ::dup(0);
    PH_CHECK(lowest >= 0 && ::close(lowest) == 0, "lowest free descriptor");
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest);
    PH_CHECK(::setrlimit(RLIMIT_NOFILE, &none) == 0, "limit");
  }
  ~NoDescriptors() { PH_CHECK(::setrlimit(RLIMIT_NOFILE, &before_) == 0, "limit"); }

 private:
  rlimit before_{};
};

TEST(ServerAbuse, NoDescriptorLeftIsWaitedOutWithoutSpinning) {
  ServedLedger ledger;
  const auto address = address_of_short(ledger.socket());
  if (!address) GTEST_SKIP() << "TMPDIR is too deep";
  std::vector<Fd> callers;
  for (int i = 0; i < 8; ++i) callers.emplace_back(::socket(AF_UNIX, SOCK_STREAM, 0));
  auto none = std::make_optional<NoDescriptors>();
  for (const Fd& each : callers) {
    ASSERT_EQ(::connect(each.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address),
              0);
  }
  const std::uint64_t rounds = rounds_while_idle(*ledger.server, 500);
  const std::uint64_t places = ledger.server->counts().places;
  none.reset();
  EXPECT_EQ(places, 0U);
  EXPECT_LE(rounds, 20U);
  for (const Fd& each : callers) {
    EXPECT_FALSE(listen_until_quiet(each.get(), 300).bytes.empty()) << "not greeted";
  }
  Submitter good = ledger.connect();
  expect_served(good);
}

TEST(ServerAbuse, NewCallerGetsTheDescriptorOfAnIdleOne) {
  ServedLedger ledger;
  Submitter idle = ledger.connect();
  const Fd caller(::socket(AF_UNIX, SOCK_STREAM, 0));
  const auto address = address_of_short(ledger.socket());
  if (!address) GTEST_SKIP() << "TMPDIR is too deep";
  auto none = std::make_optional<NoDescriptors>();
  EXPECT_EQ(::connect(caller.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address),
            0);
  pollfd polled{caller.get(), POLLIN, 0};
  const int greeted = ::poll(&polled, 1, 20'000);
  none.reset();
  EXPECT_EQ(greeted, 1);
  EXPECT_TRUE(listen_until_quiet(idle.fd(), 10'000).hung_up);
  EXPECT_EQ(ledger.server->counts().displaced, 1U);
}

TEST(ServerAbuse, WhatWasRecordedWhenTheServerStopsIsAnswered) {
  ServedLedger ledger;
  Submitter caller = ledger.connect();
  for (std::uint64_t i = 0; i < 2'000; ++i) caller.queue(encoded_draft(i));
  std::size_t receipts = 0;
  std::thread stopper;
  bool sending = true;
  // What the server had sent when it hung up is still to be read.
  while (receipts < 2'000) {
    pollfd polled{caller.fd(), static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0};
    ASSERT_EQ(::poll(&polled, 1, 20'000), 1);
    sending = sending && caller.send_some().ok() && caller.wants_to_write();
    const auto replies = caller.receive_some();
    if (!replies.ok()) break;
    for (const wire::Reply& reply : *replies) {
      if (reply.result.ok()) ++receipts;
    }
    if (receipts > 0 && !stopper.joinable()) {
      stopper = std::thread([&] { ledger.server->stop(); });
    }
  }
  ASSERT_TRUE(stopper.joinable());
  stopper.join();
  EXPECT_GT(receipts, 0U);
  EXPECT_EQ(ledger.writer->head().checkpoint.size, receipts + 1);
}

}  // namespace
}  // namespace phantom::test
