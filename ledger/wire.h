#pragma once
// What submitters and the writer say to each other over the Unix socket. Pure.
// docs/FORMAT.md section 6.
//
// Every message is a frame: be32 length of what follows, then that many bytes.
//   writer -> submitter, once     "phantom-submit/1\n" and the ledger's origin; or, and nothing
//   more,
//                                 "phantom-refused/1\n", be16 length, message, be16 length, hint
//   submitter -> writer           a draft (FlatBuffer, identifier PHDR, size-prefixed)
//   writer -> submitter, in any order, one per draft
//     0  16  event id of the draft
//     16 1   0 for a receipt, else 1 + the error code
//     receipt: be64 seq, 32 leaf hash, be64 checkpoint size, u8 durability
//     error:   be16 length, message, be16 length, hint

#include "events/draft.h"
#include "events/result.h"

#include <optional>

namespace phantom::wire {

inline constexpr std::string_view kHello = "phantom-submit/1\n";
inline constexpr std::string_view kRefused = "phantom-refused/1\n";
inline constexpr std::size_t kFrameBytesMax = 64 * 1024;

Bytes hello(std::string_view origin);                           // a frame
Bytes refusal(const Error& error);                              // a frame
Bytes frame(ByteView message);                                  // a frame
Bytes reply(const EventId& id, const Result<Receipt>& result);  // a frame

struct Reply {
  EventId id{};
  Result<Receipt> result = Error{};
};
// The origin; kDenied with the writer's words when it refused.
Result<std::string> parse_hello(ByteView message);
Result<Reply> parse_reply(ByteView message);

// Cuts frames out of a stream. kInvalid when a frame is longer than kFrameBytesMax.
class FrameReader {
 public:
  void feed(ByteView bytes);
  Result<std::optional<Bytes>> next();
  std::size_t buffered() const { return buffer_.size() - taken_; }

 private:
  Bytes buffer_;
  std::size_t taken_ = 0;
};

}  // namespace phantom::wire
