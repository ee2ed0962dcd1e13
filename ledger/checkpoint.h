#pragma once
// C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0, exactly. Pure.

#include "events/result.h"
#include "events/types.h"

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

// A verifier key: text form name+hash+key, Ed25519 (type 0x01) only.
struct VerifierKey {
  std::string name;
  std::uint32_t id = 0;
  PublicKey key{};

  std::string text() const;
};
// What a key may be called: UTF-8 without spaces, characters below U+0020 and `+`, not empty.
bool is_key_name(std::string_view name);
// `name` must be a key name.
VerifierKey make_verifier_key(std::string name, const PublicKey& key);
// kInvalid: not a vkey, wrong hash, unknown type.
Result<VerifierKey> parse_verifier_key(std::string_view text);

struct NoteSignature {
  std::string name;
  std::uint32_t id = 0;
  Bytes signature;  // after the key id

  // As it stands in a note: em dash, name, base64 of key id and signature.
  std::string line() const;
};

struct SignedNote {
  std::string text;  // with its final newline
  std::vector<NoteSignature> signatures;
};
// kInvalid: not a signed note. Signatures are not checked.
Result<SignedNote> parse_note(std::string_view note);

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest root{};

  std::string text() const;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string note;  // the whole note, as stored and published
};

// The text of a note as a checkpoint, by its shape: an empty tree may have any root here.
Result<Checkpoint> parse_checkpoint_text(std::string_view text);
// Parses text and shape; checks no signature.
Result<SignedCheckpoint> parse_checkpoint(std::string_view note);

enum class NoteCheck {
  kGood,     // signed by this key
  kUnknown,  // carries no signature by this key
  kBad       // carries one that does not verify
};
NoteCheck check_note(std::string_view note, const VerifierKey& key);

// The line a signer adds.
std::string signature_line(const VerifierKey& key, const Signature& signature);

// True when Ed25519 `signature` over `message` verifies (libsodium's strict check).
bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace phantom
