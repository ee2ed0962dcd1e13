#include "proxy/body.h"

#include <gtest/gtest.h>

#include <vector>

namespace phantom {
namespace {

// Feeds `input` in pieces of `size`; nullopt when it is refused.
struct Reframed {
  bool ok = true;
  bool done = false;
  std::string out;
  std::size_t used = 0;
};
Reframed reframe(Framing in, BodyKind out, std::string_view input, std::size_t size) {
  Reframer reframer(in, out);
  Reframed result;
  while (!input.empty() && !reframer.done()) {
    const std::string_view piece = input.substr(0, size);
    const Result<std::size_t> used = reframer.feed(piece, result.out);
    if (!used) {
      result.ok = false;
      return result;
    }
    result.used += *used;
    input.remove_prefix(piece.size());
  }
  result.done = reframer.done();
  return result;
}

std::string payload_of_chunks(std::string_view chunks) {
  return reframe({BodyKind::kChunked, 0}, BodyKind::kUntilClose, chunks, 4'096).out;
}

TEST(Body, ChunkedIsReadHoweverTheBytesArrive) {
  const std::string_view input =
      "5\r\nhello\r\n0A;ext=\"v\"\r\n, 10 bytes\r\n0\r\nTrailer: x\r\n\r\nNEXT";
  for (std::size_t size = 1; size <= input.size(); ++size) {
    const Reframed plain = reframe({BodyKind::kChunked, 0}, BodyKind::kUntilClose, input, size);
    ASSERT_TRUE(plain.ok && plain.done) << size;
    EXPECT_EQ(plain.out, "hello, 10 bytes");
    EXPECT_EQ(plain.used, input.size() - 4) << size;
    const Reframed again = reframe({BodyKind::kChunked, 0}, BodyKind::kChunked, input, size);
    EXPECT_EQ(payload_of_chunks(again.out), "hello, 10 bytes");
    EXPECT_EQ(again.out.find("ext"), std::string::npos);
    EXPECT_EQ(again.out.find("Trailer"), std::string::npos);
  }
}

TEST(Body, BrokenChunksAreRefused) {
  using namespace std::string_literals;
  const std::vector<std::string> cases = {
      "\r\n",                                   // no size
      "x\r\n",                                  // not hexadecimal
      "-1\r\n",                                 // sign
      "0x5\r\nhello\r\n",                       // prefix
      "5\nhello\r\n",                           // bare LF after the size
      "5;a\nb\r\nhello\r\n",                    // bare LF in an extension
      "5;a\rb\r\nhello\r\n",                    // bare CR in an extension
      "5;a\0b\r\nhello\r\n"s,                   // NUL in an extension
      "5\r\nhelloX\r\n",                        // longer than its size
      "5\r\nhello\n",                           // bare LF after the data
      "1000000000000000\r\n",                   // too many digits
      "5;" + std::string(2'000, 'a') + "\r\n",  // extension without end
      "0\r\nX: a\nb\r\n\r\n",                   // bare LF in a trailer
      "0\r\nX: " + std::string(9'000, 'a') + "\r\n\r\n",
  };
  for (const std::string& input : cases) {
    for (const std::size_t size : {std::size_t{1}, input.size()}) {
      EXPECT_FALSE(reframe({BodyKind::kChunked, 0}, BodyKind::kChunked, input, size).ok)
          << input.substr(0, 40);
    }
  }
}

TEST(Body, LengthTakesExactlyThatMany) {
  const Reframed exact = reframe({BodyKind::kLength, 5}, BodyKind::kLength, "helloNEXT", 9);
  EXPECT_TRUE(exact.done);
  EXPECT_EQ(exact.out, "hello");
  EXPECT_EQ(exact.used, 5U);
}

TEST(Body, ACutBodyIsNotComplete) {
  for (const Framing& framing : {Framing{BodyKind::kLength, 9}, Framing{BodyKind::kChunked, 0}}) {
    Reframer reframer(framing, BodyKind::kChunked);
    std::string out;
    ASSERT_TRUE(reframer.feed("5\r\nhe", out).ok());
    EXPECT_FALSE(reframer.finish(out).ok());
    EXPECT_EQ(out.find("0\r\n\r\n"), std::string::npos);
  }
}

TEST(Body, UntilCloseEndsWithTheConnection) {
  Reframer reframer({BodyKind::kUntilClose, 0}, BodyKind::kChunked);
  std::string out;
  ASSERT_TRUE(reframer.feed("abc", out).ok());
  EXPECT_FALSE(reframer.done());
  ASSERT_TRUE(reframer.finish(out).ok());
  EXPECT_EQ(out, "3\r\nabc\r\n0\r\n\r\n");
}

TEST(Body, AnEmptyBodyIsDoneAtOnce) {
  for (const Framing& framing : {Framing{BodyKind::kNone, 0}, Framing{BodyKind::kLength, 0}}) {
    Reframer reframer(framing, framing.kind);
    std::string out;
    const Result<std::size_t> used = reframer.feed("NEXT", out);
    ASSERT_TRUE(used.ok());
    EXPECT_EQ(*used, 0U);
    EXPECT_TRUE(reframer.done());
    EXPECT_EQ(out, "");
  }
}

}  // namespace
}  // namespace phantom
