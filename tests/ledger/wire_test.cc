// Frames and replies of the submit socket, and a server that meets garbage.

#include "ledger/wire.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/socket.h"
#include "tests/support/child_process.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <future>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace phantom::test {
namespace {

TEST(Wire, RepliesRoundTrip) {
  EventId id{};
  id[3] = 7;
  Receipt receipt{12, {}, 13, Durability::kDuplicate};
  receipt.leaf_hash[0] = 0xaa;
  const Bytes good = wire::reply(id, receipt);
  const auto parsed = wire::parse_reply(ByteView(good).subspan(4));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->id, id);
  EXPECT_EQ(parsed->result->seq, 12U);
  EXPECT_EQ(parsed->result->leaf_hash, receipt.leaf_hash);
  EXPECT_EQ(parsed->result->checkpoint_size, 13U);
  EXPECT_EQ(parsed->result->durability, Durability::kDuplicate);
  const Bytes bad = wire::reply(id, Error{Code::kConflict, "no", "why"});
  const auto error = wire::parse_reply(ByteView(bad).subspan(4));
  ASSERT_TRUE(error.ok());
  EXPECT_EQ(error->result.error().code, Code::kConflict);
  EXPECT_EQ(error->result.error().message, "no");
  EXPECT_EQ(error->result.error().hint, "why");
}

TEST(Wire, TruncatedOrLongerRepliesAreRefused) {
  for (const Bytes& whole :
       {wire::reply({}, Receipt{}), wire::reply({}, Error{Code::kIo, "m", "h"})}) {
    for (std::size_t length = 0; length < whole.size() - 4; ++length) {
      EXPECT_FALSE(wire::parse_reply(ByteView(whole).subspan(4, length)).ok());
    }
    Bytes longer(whole.begin() + 4, whole.end());
    longer.push_back(0);
    EXPECT_FALSE(wire::parse_reply(longer).ok());
  }
}

TEST(Wire, RefusalKeepsItsWordsAndOnlyWholeOnesCount) {
  const Bytes frame = wire::refusal({Code::kDenied, "not you", "ask the administrator"});
  const ByteView message = ByteView(frame).subspan(4);
  const auto refused = wire::parse_hello(message);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kDenied);
  EXPECT_EQ(refused.error().message, "not you");
  EXPECT_EQ(refused.error().hint, "ask the administrator");
  for (std::size_t length = 0; length < message.size(); ++length) {
    EXPECT_NE(wire::parse_hello(message.first(length)).error().message, "not you");
  }
  Bytes longer = to_bytes(message);
  longer.push_back(0);
  EXPECT_EQ(wire::parse_hello(longer).error().code, Code::kInvalid);
}

TEST(Wire, FramesComeWholeFromAnyCutting) {
  Bytes stream;
  for (const std::string& text : {std::string("one"), std::string(5'000, 'x'), std::string("3")}) {
    const Bytes frame = wire::frame(as_bytes(text));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  for (const std::size_t step : {1U, 3U, 7U, 4096U, 100'000U}) {
    wire::FrameReader reader;
    std::vector<std::size_t> lengths;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
      while (auto frame = *reader.next()) lengths.push_back(frame->size());
    }
    EXPECT_EQ(lengths, (std::vector<std::size_t>{3, 5'000, 1}));
  }
  wire::FrameReader reader;
  reader.feed(Bytes{0x7f, 0xff, 0xff, 0xff});
  EXPECT_FALSE(reader.next().ok());
}

// True when the other end hangs up within a second.
bool is_hung_up(const Fd& fd) {
  for (int i = 0; i < 100; ++i) {
    pollfd polled{fd.get(), POLLIN, 0};
    ::poll(&polled, 1, 10);
    char chunk[4096];
    const ssize_t got = ::recv(fd.get(), chunk, sizeof chunk, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
  }
  return false;
}

TEST(SubmitServer, HangsUpOnGarbageAndServesTheRest) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  const auto socket = LedgerFiles{home.home().ledger()}.socket();
  struct stat info {};
  ASSERT_EQ(::stat(socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  Draft good = note_draft(1);
  good.id[0] = 1;
  Bytes bent = encode_draft(good);
  bent[bent.size() / 2] ^= 0xff;
  bent.resize(bent.size() - 3);
  for (const Bytes& garbage : {to_bytes("GET / HTTP/1.1\r\n\r\n"), Bytes(100, 0xff),
                               wire::frame(Bytes(50, 0)), wire::frame(bent), Bytes{0, 0, 0, 0}}) {
    auto connection = connect_unix(socket);
    ASSERT_TRUE(connection.ok());
    ASSERT_EQ(::send(connection->get(), garbage.data(), garbage.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(garbage.size()));
    EXPECT_TRUE(is_hung_up(*connection));
  }
  EXPECT_TRUE(appender->append(note_draft(2)).ok());
  ChildProcess child({PHANTOM_APPEND_CHILD, home.home().root.string(), "1", "3"});
  EXPECT_EQ(child.wait(), 0);
}

TEST(SubmitServer, WriterThatDoesNotAnswerIsGivenUpOnInTime) {
  LedgerHome home;
  home.create();
  ChildProcess writer({PHANTOM_APPEND_CHILD, home.home().root.string(), "1", "1000000"});
  ASSERT_EQ(writer.read_line(5'000), "role-ready");
  ::kill(writer.pid(), SIGSTOP);
  int stopped = 0;
  ASSERT_EQ(::waitpid(writer.pid(), &stopped, WUNTRACED), writer.pid());
  AppenderOptions options;
  options.wait_max = std::chrono::milliseconds(300);
  const auto begin = std::chrono::steady_clock::now();
  const auto appender = open_appender(home.home(), options);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  ASSERT_FALSE(appender.ok());
  EXPECT_EQ(appender.error().code, Code::kBusy);
  EXPECT_FALSE(appender.error().hint.empty());
}

TEST(SubmitServer, SubmitterTakesOverWhenTheWriterLeaves) {
  LedgerHome home;
  home.create();
  auto writer = std::make_unique<ChildProcess>(
      std::vector<std::string>{PHANTOM_APPEND_CHILD, home.home().root.string(), "1", "1000000"});
  ASSERT_EQ(writer->read_line(5'000), "role-ready");
  auto appender = home.open();
  ASSERT_TRUE(appender->append(note_draft(1)).ok());
  writer->kill_now();
  writer->wait();
  const auto after = appender->append(note_draft(2));
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_EQ(*Lease::holder(LedgerFiles{home.home().ledger()}.lock()), ::getpid());
}

TEST(Lease, IsExclusiveAndFreedByDeath) {
  LedgerHome home;
  const auto file = home.home().root / "LOCK";
  EXPECT_EQ(Lease::try_acquire(file).error().code, Code::kNotFound);
  ASSERT_TRUE(Lease::make_file(file).ok());
  {
    const auto lease = Lease::try_acquire(file);
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ(Lease::try_acquire(file).error().code, Code::kBusy);
    EXPECT_TRUE(lease->still_there());
    std::filesystem::rename(file, file.string() + ".moved");
    ASSERT_TRUE(Lease::make_file(file).ok());
    EXPECT_FALSE(lease->still_there());
  }
  EXPECT_TRUE(Lease::try_acquire(file).ok());
  EXPECT_EQ(*Lease::holder(file), std::nullopt);
}

}  // namespace
}  // namespace phantom::test
