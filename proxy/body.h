#pragma once
// The bytes between one head and the next. Pure and incremental; memory does not grow with the
// body.

#include "events/result.h"
#include "proxy/http_head.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace phantom {

// Finds the payload in framed input. Chunk extensions and trailers are checked, bounded, dropped.
class BodyDecoder {
 public:
  explicit BodyDecoder(Framing framing);

  struct Step {
    std::size_t consumed = 0;
    std::string_view data;  // payload within the consumed input
  };
  // Takes a bite of `input`. kInvalid: the framing is broken, and nothing after it can be trusted.
  Result<Step> step(std::string_view input);

  bool done() const { return state_ == State::kDone; }
  // The peer closed. True when that is a proper end of this body.
  bool closed_cleanly() const;

 private:
  enum class State {
    kRaw,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerLf,
    kDone
  };
  Result<Step> step_chunked(std::string_view input);

  BodyKind kind_;
  State state_;
  std::uint64_t left_ = 0;
  unsigned digits_ = 0;
  std::size_t line_bytes_ = 0;  // of the chunk line or of all trailers
  bool trailer_line_empty_ = true;
};

// Decodes one framing and writes another.
class Reframer {
 public:
  Reframer(Framing in, BodyKind out) : decoder_(in), out_(out) {}

  // Appends to `out` what is to be sent for `input`; the result is how much of it belonged to the
  // body. The end mark is written as soon as the body is complete.
  Result<std::size_t> feed(std::string_view input, std::string& out);
  // The peer closed: writes the end mark, or kInvalid when the body was cut.
  Status finish(std::string& out);

  bool done() const { return ended_; }
  std::uint64_t payload_bytes() const { return payload_bytes_; }

 private:
  BodyDecoder decoder_;
  BodyKind out_;
  bool ended_ = false;
  std::uint64_t payload_bytes_ = 0;
};

// True when `framing` has no bytes at all.
inline bool is_empty_body(const Framing& framing) {
  return framing.kind == BodyKind::kNone ||
         (framing.kind == BodyKind::kLength && framing.length == 0);
}

}  // namespace phantom
