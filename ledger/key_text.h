#pragma once
// The text forms of keys that sign notes (C2SP signed-note; the private form is that of Go's
// sumdb). One text for one key; a key's type byte says what it signs, and so is part of its id.
// Pure.
//
//   public    <name>+<key id>+<base64 of type and 32-byte key>
//   private   PRIVATE+KEY+<name>+<key id>+<base64 of type and 32-byte seed>

#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/secret_bytes.h"

#include <string>
#include <string_view>

namespace phantom {

enum class KeyType : std::uint8_t {
  kNote = 0x01,        // Ed25519 over a note's text
  kCosignature = 0x04  // Ed25519 over a time and a note's text
};

// First 4 bytes of SHA-256(name || 0x0a || type || key).
std::uint32_t key_id(std::string_view name, KeyType type, const PublicKey& key);

struct PublicKeyText {
  std::string name;
  std::uint32_t id = 0;
  PublicKey key{};
};
std::string format_public_key(KeyType type, const PublicKeyText& key);
// kInvalid: not this form, another type, or an id that belongs to another key.
Result<PublicKeyText> parse_public_key(KeyType type, std::string_view text);

struct PrivateKeyText {
  std::string name;
  std::string id;  // 8 hex digits; whether it is the key's is for the caller to see
  SecretBytes seed;
};
SecretBytes format_private_key(KeyType type, const std::string& name, std::uint32_t id,
                               ByteView seed);
// kInvalid; the message carries nothing of the line.
Result<PrivateKeyText> parse_private_key(KeyType type, std::string_view line);

}  // namespace phantom
