#include "ledger/wire.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom::wire {
namespace {

constexpr std::size_t kReceiptBytes = 16 + 1 + 8 + 32 + 8 + 1;

Error bad() {
  return {Code::kInvalid, "the other end of the ledger's socket does not speak our protocol"};
}

void put_text(Bytes& out, std::string_view text) {
  text = text.substr(0, 8'000);
  put_be16(out, static_cast<std::uint16_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

std::optional<std::string> take_text(ByteView& in) {
  if (in.size() < 2) return std::nullopt;
  const std::size_t length = get_be16(in);
  if (in.size() < 2 + length) return std::nullopt;
  std::string text(as_text(in.subspan(2, length)));
  in = in.subspan(2 + length);
  return text;
}

}  // namespace

Bytes frame(ByteView message) {
  Bytes out;
  out.reserve(4 + message.size());
  put_be32(out, static_cast<std::uint32_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

Bytes hello(std::string_view origin) {
  return frame(as_bytes(std::string(kHello) + std::string(origin)));
}

Bytes refusal(const Error& error) {
  Bytes out = to_bytes(kRefused);
  put_text(out, error.message);
  put_text(out, error.hint);
  return frame(out);
}

Bytes reply(const EventId& id, const Result<Receipt>& result) {
  Bytes out(id.begin(), id.end());
  if (result.ok()) {
    out.push_back(0);
    put_be64(out, result->seq);
    out.insert(out.end(), result->leaf_hash.begin(), result->leaf_hash.end());
    put_be64(out, result->checkpoint_size);
    out.push_back(static_cast<std::uint8_t>(result->durability));
  } else {
    out.push_back(static_cast<std::uint8_t>(1 + static_cast<int>(result.error().code)));
    put_text(out, result.error().message);
    put_text(out, result.error().hint);
  }
  return frame(out);
}

Result<std::string> parse_hello(ByteView message) {
  const std::string_view text = as_text(message);
  if (text.starts_with(kRefused)) {
    ByteView rest = message.subspan(kRefused.size());
    const auto why = take_text(rest);
    const auto hint = why ? take_text(rest) : std::nullopt;
    if (!hint || !rest.empty()) return bad();
    return Error{Code::kDenied, *why, *hint};
  }
  if (!text.starts_with(kHello)) return bad();
  return std::string(text.substr(kHello.size()));
}

Result<Reply> parse_reply(ByteView message) {
  if (message.size() < 17) return bad();
  Reply out;
  std::copy_n(message.begin(), 16, out.id.begin());
  const std::uint8_t status = message[16];
  ByteView rest = message.subspan(17);
  if (status == 0) {
    if (message.size() != kReceiptBytes || rest.back() > 1) return bad();
    Receipt receipt;
    receipt.seq = get_be64(rest);
    std::copy_n(rest.begin() + 8, 32, receipt.leaf_hash.begin());
    receipt.checkpoint_size = get_be64(rest.subspan(40));
    receipt.durability = static_cast<Durability>(rest.back());
    out.result = receipt;
    return out;
  }
  const auto text = take_text(rest);
  const auto hint = text ? take_text(rest) : std::nullopt;
  if (!hint || !rest.empty() || status - 1 > static_cast<int>(Code::kInternal)) return bad();
  out.result = Error{static_cast<Code>(status - 1), *text, *hint};
  return out;
}

void FrameReader::feed(ByteView bytes) {
  if (taken_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Bytes>> FrameReader::next() {
  const ByteView rest = ByteView(buffer_).subspan(taken_);
  if (rest.size() < 4) return std::optional<Bytes>();
  const std::size_t length = get_be32(rest);
  if (length == 0 || length > kFrameBytesMax) return bad();
  if (rest.size() < 4 + length) return std::optional<Bytes>();
  taken_ += 4 + length;
  return std::optional(to_bytes(rest.subspan(4, length)));
}

}  // namespace phantom::wire
