// Property: what a body holds does not depend on how it arrives, and written out chunked it reads
// back as the same payload.

#include "proxy/body.h"
#include "tests/fuzz/fuzz.h"

// The first byte is the kind of body, the next the length of a list of piece sizes, then two bytes
// of Content-Length; the rest is what came from the connection.

namespace phantom::fuzz {
namespace {

struct Outcome {
  std::string payload;
  std::size_t used = 0;
  bool done = false;
  bool refused = false;
};

Outcome decode(Framing framing, std::string_view input, ByteView sizes) {
  BodyDecoder decoder(framing);
  Outcome out;
  std::string_view arrived;
  std::size_t have = 0;
  for (std::size_t turn = 0; have < input.size() && !decoder.done() && !out.refused; ++turn) {
    const std::size_t step = sizes.empty() ? input.size() : 1 + sizes[turn % sizes.size()];
    have = std::min(input.size(), have + step);
    while (out.used < have && !decoder.done()) {
      arrived = input.substr(out.used, have - out.used);
      const auto taken = decoder.step(arrived);
      if (!taken.ok()) {
        out.refused = true;
        break;
      }
      PH_CHECK(taken->consumed > 0 && taken->consumed <= arrived.size(), "it stands still");
      PH_CHECK(taken->data.empty() ||
                   (taken->data.data() >= arrived.data() &&
                    taken->data.data() + taken->data.size() <= arrived.data() + taken->consumed),
               "payload from elsewhere");
      out.payload += taken->data;
      out.used += taken->consumed;
    }
  }
  out.done = decoder.done();
  return out;
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::Choices choices({data, size});
  Framing framing;
  framing.kind = static_cast<BodyKind>(choices.u8() % 4);
  const ByteView sizes = choices.take(choices.u8() % 16);
  framing.length = choices.u16();
  const std::string_view input = as_text(choices.rest());

  const fuzz::Outcome whole = fuzz::decode(framing, input, {});
  const fuzz::Outcome pieces = fuzz::decode(framing, input, sizes);
  PH_CHECK(whole.payload == pieces.payload && whole.done == pieces.done &&
               whole.refused == pieces.refused,
           "a body depends on how it arrives");
  PH_CHECK(whole.refused || whole.used == pieces.used, "another end of the body");
  PH_CHECK(whole.payload.size() <= input.size(), "payload from nowhere");
  if (framing.kind != BodyKind::kChunked) PH_CHECK(!whole.refused, "no framing to be broken");
  if (framing.kind == BodyKind::kLength && whole.done) {
    PH_CHECK(whole.payload.size() == framing.length, "another length");
  }

  Reframer reframer(framing, BodyKind::kChunked);
  std::string out;
  const auto used = reframer.feed(input, out);
  PH_CHECK(used.ok() != whole.refused, "the reframer reads another body");
  if (!used.ok() || !reframer.finish(out).ok()) return 0;
  PH_CHECK(*used == whole.used && reframer.payload_bytes() == whole.payload.size(), "bytes");
  const fuzz::Outcome again = fuzz::decode({BodyKind::kChunked, 0}, out, sizes);
  PH_CHECK(again.done && again.used == out.size() && again.payload == whole.payload,
           "what is sent on is another body");
  return 0;
}
