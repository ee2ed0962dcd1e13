#pragma once
// C2SP tlog-cosignature v1.0: what a witness says about a checkpoint. Ed25519 (type 0x04) only.
// Pure but for the key file.
//
// A cosignature says: at this time, this was the largest consistent tree of the origin that the
// witness had seen. Lines of other types, such as ML-DSA (0x06), are lines of unknown keys.

#include "events/random.h"
#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/secret_bytes.h"
#include "ledger/signer.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace phantom {

// A witness's verifier key. Text form name+hash+key, type 0x04.
struct CosignerKey {
  std::string name;
  std::uint32_t id = 0;
  PublicKey key{};

  std::string text() const;
  friend bool operator==(const CosignerKey&, const CosignerKey&) = default;
};
// `name` must be a key name.
CosignerKey make_cosigner_key(std::string name, const PublicKey& key);
// kInvalid: not a vkey, wrong hash, another type.
Result<CosignerKey> parse_cosigner_key(std::string_view text);

struct Cosignature {
  std::uint64_t time_s = 0;  // since 1970, at most 2^63-1
  Signature signature{};
};

// What is signed: "cosignature/v1", the time, and the note's text with its final newline.
std::string cosignature_message(std::uint64_t time_s, std::string_view note_text);

// The line for a note: em dash, name, base64 of key id, be64(time) and signature.
std::string cosignature_line(const CosignerKey& key, const Cosignature& cosignature);
// None when the signature has not the shape of a cosignature. Nothing is checked.
std::optional<Cosignature> parse_cosignature(const NoteSignature& line);

struct CosignatureCheck {
  NoteCheck found = NoteCheck::kUnknown;
  std::uint64_t time_s = 0;  // the latest, when kGood
};
// kGood: the note carries at least one line by this key, and all of them verify.
CosignatureCheck check_cosignature(std::string_view note, const CosignerKey& key);

// A witness's key with its secret. Movable; wiped when destroyed; cosign() is safe from several
// threads.
class Cosigner {
 public:
  static Cosigner generate(std::string name, Random& random);
  // kInvalid when the seed has not 32 bytes.
  static Result<Cosigner> from_seed(std::string name, ByteView seed);

  // The line of a key file, PRIVATE+KEY+<name>+<id>+<base64 of 0x04 and the 32-byte seed>.
  // kInvalid; the message carries nothing of the line.
  static Result<Cosigner> parse(std::string_view line);
  SecretBytes text() const;

  // kNotFound; kDenied when others may read it; kInvalid.
  static Result<Cosigner> load(const std::filesystem::path& file);
  Status save(const std::filesystem::path& file) const;

  const CosignerKey& key() const { return key_; }
  Cosignature cosign(std::uint64_t time_s, std::string_view note_text) const;

 private:
  Cosigner(CosignerKey key, Signer signer);
  CosignerKey key_;
  Signer signer_;  // of the same name and key pair
};

}  // namespace phantom
