// Property: frames do not depend on how the stream was cut, and a hello or a reply that parses is
// the one message that says so.

#include "ledger/wire.h"
#include "tests/fuzz/fuzz.h"

#include <vector>

// The first byte is the length of a list of piece sizes, the rest the stream.

namespace phantom::fuzz {
namespace {

constexpr std::size_t kReplyTextBytesMax = 8'000;  // what reply() writes of a longer text

struct Stream {
  std::vector<Bytes> frames;
  bool refused = false;
  std::size_t left = 0;  // bytes of a frame that has not come to its end

  friend bool operator==(const Stream& a, const Stream& b) {
    // What lies behind garbage is nobody's business.
    return a.frames == b.frames && a.refused == b.refused && (a.refused || a.left == b.left);
  }
};

Stream read_stream(ByteView stream, ByteView sizes) {
  wire::FrameReader reader;
  Stream out;
  std::size_t turn = 0;
  while (!stream.empty() && !out.refused) {
    const std::size_t step = sizes.empty() ? stream.size() : 1 + sizes[turn++ % sizes.size()];
    const ByteView piece = stream.first(std::min(step, stream.size()));
    stream = stream.subspan(piece.size());
    reader.feed(piece);
    for (;;) {
      auto frame = reader.next();
      if (!frame.ok()) {
        out.refused = true;
        PH_CHECK(!reader.next().ok(), "garbage is forgotten");
        break;
      }
      if (!*frame) break;
      out.frames.push_back(std::move(**frame));
    }
  }
  out.left = reader.buffered();
  return out;
}

void check_message(const Bytes& message) {
  PH_CHECK(!message.empty() && message.size() <= wire::kFrameBytesMax, "a frame out of bounds");
  const Bytes framed = wire::frame(message);
  if (const auto origin = wire::parse_hello(message); origin.ok()) {
    PH_CHECK(wire::hello(*origin) == framed, "two messages of one hello");
  }
  const auto reply = wire::parse_reply(message);
  if (!reply.ok()) return;
  if (!reply->result.ok() && (reply->result.error().message.size() > kReplyTextBytesMax ||
                              reply->result.error().hint.size() > kReplyTextBytesMax)) {
    return;
  }
  PH_CHECK(wire::reply(reply->id, reply->result) == framed, "two messages of one reply");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::Choices choices({data, size});
  const ByteView sizes = choices.take(choices.u8() % 16);
  const ByteView stream = choices.rest();
  const fuzz::Stream whole = fuzz::read_stream(stream, {});
  PH_CHECK(whole == fuzz::read_stream(stream, sizes), "frames depend on the cutting");
  Bytes joined;
  for (const Bytes& message : whole.frames) {
    fuzz::check_message(message);
    const Bytes framed = wire::frame(message);
    joined.insert(joined.end(), framed.begin(), framed.end());
  }
  PH_CHECK(
      joined.size() <= stream.size() && std::equal(joined.begin(), joined.end(), stream.begin()),
      "frames are not what the stream said");
  PH_CHECK(whole.refused || joined.size() + whole.left == stream.size(), "bytes went missing");
  if (!stream.empty() && stream.size() <= wire::kFrameBytesMax) {
    fuzz::check_message(to_bytes(stream));
  }
  return 0;
}
