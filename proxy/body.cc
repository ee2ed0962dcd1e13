#include "proxy/body.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

constexpr std::size_t kChunkLineBytesMax = 1'024;
constexpr std::size_t kTrailerBytesMax = 8 * 1'024;
constexpr unsigned kSizeDigitsMax = 15;

Error bad(const char* message) { return Error{Code::kInvalid, message}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_chunk(std::string& out, std::string_view data) {
  std::array<char, 20> size{};
  std::size_t at = size.size();
  for (std::size_t left = data.size(); left != 0; left >>= 4) {
    size[--at] = "0123456789abcdef"[left & 15U];
  }
  out.append(size.data() + at, size.size() - at).append("\r\n").append(data).append("\r\n");
}

}  // namespace

BodyDecoder::BodyDecoder(Framing framing) : kind_(framing.kind), state_(State::kRaw) {
  if (kind_ == BodyKind::kLength) left_ = framing.length;
  if (is_empty_body(framing)) state_ = State::kDone;
  if (kind_ == BodyKind::kChunked) state_ = State::kSize;
}

bool BodyDecoder::closed_cleanly() const { return done() || kind_ == BodyKind::kUntilClose; }

Result<BodyDecoder::Step> BodyDecoder::step(std::string_view input) {
  if (done()) return Step{};
  if (kind_ == BodyKind::kChunked) return step_chunked(input);
  if (kind_ == BodyKind::kUntilClose) return Step{input.size(), input};
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  left_ -= take;
  if (left_ == 0) state_ = State::kDone;
  return Step{take, input.substr(0, take)};
}

Result<BodyDecoder::Step> BodyDecoder::step_chunked(std::string_view input) {
  for (std::size_t i = 0; i < input.size();) {
    const char c = input[i];
    switch (state_) {
      case State::kSize:
        if (const int digit = hex_digit(c); digit >= 0) {
          if (++digits_ > kSizeDigitsMax) return bad("a chunk size is too long");
          left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        } else if (digits_ == 0) {
          return bad("a chunk has no size");
        } else if (c == '\r') {
          state_ = State::kSizeLf;
        } else if (c == ';' || c == ' ' || c == '\t') {
          // Blanks are tolerated before an extension or the line end, as RFC 9112 7.1.1 has it.
          state_ = State::kExtension;
        } else {
          return bad("a chunk size is not hexadecimal");
        }
        ++i;
        break;
      case State::kExtension:
        if (++line_bytes_ > kChunkLineBytesMax) return bad("a chunk extension is too long");
        if (c == '\r') {
          state_ = State::kSizeLf;
        } else if (!is_field_value(input.substr(i, 1))) {
          return bad("a chunk extension has a control character in it");
        }
        ++i;
        break;
      case State::kSizeLf:
        if (c != '\n') return bad("a chunk line does not end in CRLF");
        ++i;
        digits_ = 0;
        line_bytes_ = 0;
        trailer_line_empty_ = true;
        state_ = left_ == 0 ? State::kTrailer : State::kData;
        break;
      case State::kData: {
        const auto take =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - i));
        left_ -= take;
        if (left_ == 0) state_ = State::kDataCr;
        return Step{i + take, input.substr(i, take)};
      }
      case State::kDataCr:
        if (c != '\r') return bad("a chunk is longer than its size");
        ++i;
        state_ = State::kDataLf;
        break;
      case State::kDataLf:
        if (c != '\n') return bad("a chunk does not end in CRLF");
        ++i;
        state_ = State::kSize;
        break;
      case State::kTrailer:
        if (++line_bytes_ > kTrailerBytesMax) return bad("the trailers are too long");
        if (c == '\r') {
          state_ = State::kTrailerLf;
        } else if (!is_field_value(input.substr(i, 1))) {
          return bad("a trailer has a control character in it");
        } else {
          trailer_line_empty_ = false;
        }
        ++i;
        break;
      case State::kTrailerLf:
        if (c != '\n') return bad("a trailer line does not end in CRLF");
        ++i;
        if (trailer_line_empty_) {
          state_ = State::kDone;
          return Step{i, {}};
        }
        trailer_line_empty_ = true;
        state_ = State::kTrailer;
        break;
      case State::kRaw:
      case State::kDone:
        return Step{i, {}};
    }
  }
  return Step{input.size(), {}};
}

Result<std::size_t> Reframer::feed(std::string_view input, std::string& out) {
  std::size_t used = 0;
  while (!decoder_.done() && used < input.size()) {
    PH_ASSIGN(const BodyDecoder::Step step, decoder_.step(input.substr(used)));
    used += step.consumed;
    if (step.data.empty()) continue;
    payload_bytes_ += step.data.size();
    if (out_ == BodyKind::kChunked) {
      append_chunk(out, step.data);
    } else {
      out.append(step.data);
    }
  }
  if (decoder_.done() && !ended_) {
    ended_ = true;
    if (out_ == BodyKind::kChunked) out.append("0\r\n\r\n");
  }
  return used;
}

Status Reframer::finish(std::string& out) {
  if (ended_) return {};
  if (!decoder_.closed_cleanly()) return bad("the body was cut off");
  ended_ = true;
  if (out_ == BodyKind::kChunked) out.append("0\r\n\r\n");
  return {};
}

}  // namespace phantom
