#pragma once
// Text and integer encodings. Decoders are strict: one text for one value, nothing else accepted.

#include "events/types.h"

#include <optional>

namespace phantom {

std::string to_hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view text);  // lower case, even length

std::string to_base64(ByteView bytes);  // RFC 4648 section 4, padded
// The same, several times faster and not in constant time: never for a secret.
void append_base64(std::string& out, ByteView bytes);
std::optional<Bytes> from_base64(std::string_view text);  // canonical only: padding, zero tail bits

std::string format_uuid(const EventId& id);  // 8-4-4-4-12 lower-case hex
std::optional<EventId> parse_uuid(std::string_view text);

// Decimal without sign or leading zeros.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

void put_be16(Bytes& out, std::uint16_t value);
void put_be32(Bytes& out, std::uint32_t value);
void put_be64(Bytes& out, std::uint64_t value);
std::uint16_t get_be16(ByteView bytes);  // first 2 bytes
std::uint32_t get_be32(ByteView bytes);  // first 4 bytes
std::uint64_t get_be64(ByteView bytes);  // first 8 bytes

// The first character of a text that is not empty, strictly: no overlong forms, no surrogates.
struct Utf8Character {
  char32_t code = 0;
  std::size_t length = 0;  // 0: broken UTF-8
};
Utf8Character decode_utf8(std::string_view text);

// Text from outside, made safe for a terminal: control characters, bidirectional controls and
// broken UTF-8 become \xNN or \u{NNNN}.
std::string escape_terminal(std::string_view text);

// The same for serialised JSON, which stays the same JSON: unsafe characters become \\uNNNN, broken
// UTF-8 becomes U+FFFD.
std::string escape_json(std::string_view json);

// Appends `text` as a JSON string, safe in the same way.
void append_json_text(std::string& out, std::string_view text);

}  // namespace phantom
