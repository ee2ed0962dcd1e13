#include "proxy/witness_client.h"

#include "events/encoding.h"
#include "tests/proxy/plain_server.h"
#include "tests/proxy/witness_fixture.h"

#include <thread>

namespace phantom::proxy_test {
namespace {

using Kind = WitnessReply::Kind;
constexpr std::uint64_t kNow = 1'700'000'000;
constexpr std::string_view kSizeType = "text/x.tlog.size";

// The answers of a witness, one by one, without a network.
class WitnessAnswers : public ::testing::Test {
 protected:
  WitnessAnswers() : log_("example.com/log"), cosigner_(make()) {}
  static Cosigner make() {
    SeededRandom random(4);
    return Cosigner::generate("witness.example/w1", random);
  }
  WitnessExchange begin(std::uint64_t last_size, std::uint64_t size = 9) const {
    return std::move(WitnessExchange::begin(cosigner_.key(), log_.note(size), last_size).value());
  }
  std::string line(std::uint64_t time_s, std::uint64_t size = 9) const {
    return cosignature_line(cosigner_.key(),
                            cosigner_.cosign(time_s, log_.checkpoint(size).text()));
  }
  Code error_of(int status, std::string_view body, std::string_view type = "text/plain") const {
    auto exchange = begin(5);
    const auto taken = exchange.take({status, type, body}, kNow);
    return taken.ok() ? Code::kInternal : taken.error().code;
  }
  Kind kind_of(int status, std::string_view body, std::string_view type = "text/plain") const {
    auto exchange = begin(5);
    const auto taken = exchange.take({status, type, body}, kNow);
    EXPECT_TRUE(taken.ok() && *taken) << status;
    EXPECT_FALSE((*taken)->kind != Kind::kCosigned && (*taken)->as_status().ok());
    return (*taken)->kind;
  }

  test::TestLog log_;
  Cosigner cosigner_;
};

TEST_F(WitnessAnswers, LinesByThePinnedKeyAreReturnedAndOthersLeftOut) {
  auto exchange = begin(5);
  const std::string other = NoteSignature{"witness.example/w1", 9, Bytes(2'428, 1)}.line();
  const auto taken = exchange.take({200, "text/plain", other + line(kNow) + other}, kNow);
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  EXPECT_EQ((*taken)->kind, Kind::kCosigned);
  EXPECT_EQ((*taken)->lines, line(kNow));
  EXPECT_EQ((*taken)->time_s, kNow);
  EXPECT_TRUE((*taken)->as_status().ok());
}

TEST_F(WitnessAnswers, CosignaturesThatDoNotHoldAreRefused) {
  SeededRandom random(5);
  const Cosigner stranger = Cosigner::generate("witness.example/w1", random);
  const std::string strangers =
      cosignature_line(stranger.key(), stranger.cosign(kNow, log_.checkpoint(9).text()));
  for (const std::string& body :
       {std::string(), std::string("ok\n"), line(kNow).substr(0, line(kNow).size() - 1),
        line(kNow, 8), strangers, line(kNow) + line(kNow, 8), line(kNow) + "\n" + line(kNow),
        "x\n\n" + line(kNow)}) {
    EXPECT_EQ(error_of(200, body), Code::kInvalid) << body;
  }
}

TEST_F(WitnessAnswers, TimesMoreThanFiveMinutesOffAreRefused) {
  for (const std::uint64_t time_s : {kNow - 300, kNow, kNow + 300}) {
    auto exchange = begin(5);
    EXPECT_TRUE(exchange.take({200, "", line(time_s)}, kNow).ok()) << time_s;
  }
  EXPECT_EQ(error_of(200, line(kNow - 301)), Code::kBusy);
  EXPECT_EQ(error_of(200, line(kNow + 301)), Code::kBusy);
}

TEST_F(WitnessAnswers, ASizeUpToOursIsAskedFromAtMostThreeTimes) {
  auto exchange = begin(5);
  EXPECT_EQ(exchange.old_size(), 5U);
  for (const std::uint64_t size : {7U, 8U}) {
    const auto again = exchange.take({409, kSizeType, std::to_string(size) + "\n"}, kNow);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_FALSE(*again);
    EXPECT_EQ(exchange.old_size(), size);
  }
  EXPECT_EQ(exchange.take({409, kSizeType, "9\n"}, kNow).error().code, Code::kBusy);
}

TEST_F(WitnessAnswers, ALargerTreeIsTheAlarmOfARollback) {
  auto exchange = begin(5);
  const auto taken = exchange.take({409, kSizeType, "10\n"}, kNow);
  ASSERT_TRUE(taken.ok() && *taken);
  EXPECT_EQ((*taken)->kind, Kind::kLargerTree);
  EXPECT_EQ((*taken)->witness_size, 10U);
  const Status status = (*taken)->as_status();
  EXPECT_EQ(status.error().code, Code::kCorrupt);
  EXPECT_NE(status.error().message.find("size 10"), std::string::npos);
  EXPECT_NE(status.error().message.find("size 9"), std::string::npos);
}

TEST_F(WitnessAnswers, EachRefusalHasItsOwnKind) {
  EXPECT_EQ(kind_of(422, "bad proof\n"), Kind::kInconsistent);
  EXPECT_EQ(kind_of(409, "no size"), Kind::kInconsistent);
  EXPECT_EQ(kind_of(409, "7\n"), Kind::kInconsistent);
  EXPECT_EQ(kind_of(409, "07\n", kSizeType), Kind::kInconsistent);
  EXPECT_EQ(kind_of(403, ""), Kind::kNotTrusted);
  EXPECT_EQ(kind_of(404, ""), Kind::kUnknownLog);
  EXPECT_EQ(error_of(409, "5\n", kSizeType), Code::kInvalid);
  EXPECT_EQ(error_of(400, ""), Code::kInvalid);
  EXPECT_EQ(error_of(302, ""), Code::kInvalid);
  EXPECT_EQ(error_of(429, ""), Code::kBusy);
  EXPECT_EQ(error_of(500, ""), Code::kBusy);
  EXPECT_EQ(error_of(503, ""), Code::kBusy);
}

TEST_F(WitnessAnswers, WhatAWitnessSaysIsShownWithoutControlCharacters) {
  auto exchange = begin(5);
  const auto taken = exchange.take({403, "", "\x1b[31mred\nmore"}, kNow);
  EXPECT_EQ((*taken)->message.find('\x1b'), std::string::npos);
  EXPECT_EQ((*taken)->message.find("more"), std::string::npos);
}

TEST_F(WitnessAnswers, ASizeBeyondOursIsNotAskedFrom) {
  EXPECT_EQ(begin(10).old_size(), 0U);
  EXPECT_EQ(begin(9).old_size(), 9U);
  EXPECT_FALSE(WitnessExchange::begin(cosigner_.key(), "no note", 0).ok());
}

class WitnessAsked : public WitnessFixture {
 protected:
  WitnessAsked() { start(); }
  Result<WitnessReply> ask(const test::TestLog& log, std::uint64_t last_size, std::uint64_t size) {
    proofs_asked_ = 0;
    return ask_witness(
        {url() + "/", key_}, log.note(size), last_size,
        [&](std::uint64_t from, std::uint64_t to) -> Result<std::vector<Digest>> {
          ++proofs_asked_;
          return log.proof(from, to);
        },
        clock_);
  }
  Kind kind(const test::TestLog& log, std::uint64_t last_size, std::uint64_t size) {
    const auto reply = ask(log, last_size, size);
    EXPECT_TRUE(reply.ok()) << reply.error().message;
    return reply->kind;
  }
  unsigned proofs_asked_ = 0;
};

TEST_F(WitnessAsked, CosignsFromAnySizeThatIsBelieved) {
  const auto first = ask(log_, 0, 5);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(check_cosignature(log_.note(5) + first->lines, key_).found, NoteCheck::kGood);
  EXPECT_EQ(proofs_asked_, 0U);
  EXPECT_EQ(kind(log_, 5, 8), Kind::kCosigned);
  EXPECT_EQ(proofs_asked_, 1U);
  EXPECT_EQ(kind(log_, 0, 12), Kind::kCosigned);   // it says 8
  EXPECT_EQ(kind(log_, 12, 12), Kind::kCosigned);  // a fresh time
  EXPECT_EQ(kind(log_, 99, 13), Kind::kCosigned);
}

TEST_F(WitnessAsked, NoticesRollbackForkStrangersAndUnknownLogs) {
  ASSERT_EQ(kind(log_, 0, 9), Kind::kCosigned);
  EXPECT_EQ(kind(log_, 9, 7), Kind::kLargerTree);
  const test::TestLog forked("example.com/log", 1, 3);
  EXPECT_EQ(kind(forked, 9, 9), Kind::kInconsistent);
  EXPECT_EQ(kind(forked, 0, 12), Kind::kInconsistent);
  EXPECT_EQ(kind(test::TestLog("example.com/log", 2), 9, 12), Kind::kNotTrusted);
  EXPECT_EQ(kind(test::TestLog("example.com/other"), 0, 3), Kind::kUnknownLog);
  EXPECT_EQ(kind(log_, 9, 12), Kind::kCosigned);
}

TEST_F(WitnessAsked, AnotherWitnessThanThePinnedOneIsRefused) {
  SeededRandom random(77);
  key_ = Cosigner::generate("witness.example/w1", random).key();
  EXPECT_EQ(ask(log_, 0, 5).error().code, Code::kInvalid);
}

TEST_F(WitnessAsked, AWrongClockIsNoticed) {
  FakeClock fast;
  fast.advance(301'000'000'000);
  const auto reply = ask_witness(
      {url(), key_}, log_.note(5), 0,
      [](std::uint64_t, std::uint64_t) -> Result<std::vector<Digest>> {
        return std::vector<Digest>();
      },
      fast);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, Code::kBusy);
  EXPECT_NE(reply.error().message.find("301 s"), std::string::npos);
}

TEST_F(WitnessAsked, NobodyThereIsBusyAndABadUrlInvalid) {
  const std::string gone = url();
  server_.reset();
  const auto none = [](std::uint64_t, std::uint64_t) -> Result<std::vector<Digest>> {
    return std::vector<Digest>();
  };
  EXPECT_EQ(ask_witness({gone, key_}, log_.note(5), 0, none, clock_).error().code, Code::kBusy);
  for (const char* bad : {"", "witness.example", "http://w/?x", "file:///w"}) {
    EXPECT_EQ(ask_witness({bad, key_}, log_.note(5), 0, none, clock_).error().code, Code::kInvalid)
        << bad;
  }
}

TEST_F(WitnessAsked, AWitnessThatNeverAgreesIsAskedThreeTimes) {
  std::atomic<std::uint64_t> size{1};
  PlainServer moving([&](const std::string&) {
    const std::string body = std::to_string(size++) + "\n";
    return PlainServer::Answer{
        "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body};
  });
  const auto reply = ask_witness(
      {moving.url(""), key_}, log_.note(9), 0,
      [&](std::uint64_t from, std::uint64_t to) -> Result<std::vector<Digest>> {
        return log_.proof(from, to);
      },
      clock_);
  EXPECT_EQ(reply.error().code, Code::kBusy);
  EXPECT_EQ(size, 4U);
}

TEST_F(WitnessAsked, SixteenClientsRaceAndTheStateNeverGoesBack) {
  std::atomic<unsigned> wrong{0};
  std::atomic<unsigned> cosigned{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned client = 0; client < 16; ++client) {
      threads.emplace_back([&, client] {
        for (std::uint64_t size = 1 + client; size <= 48; size += 16) {
          const auto reply = ask_witness(
              {url(), key_}, log_.note(size), 0,
              [&](std::uint64_t from, std::uint64_t to) -> Result<std::vector<Digest>> {
                return log_.proof(from, to);
              },
              clock_);
          const bool moved_on = !reply.ok() && reply.error().code == Code::kBusy;
          if (reply.ok() && reply->kind == Kind::kCosigned) {
            ++cosigned;
          } else if (!moved_on && !(reply.ok() && reply->kind == Kind::kLargerTree)) {
            ++wrong;
          }
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_GT(cosigned, 0U);
}

}  // namespace
}  // namespace phantom::proxy_test
