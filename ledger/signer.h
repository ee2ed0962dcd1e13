#pragma once
// Ed25519 keys that sign notes. The secret lives in locked memory, wiped when it is let go, and
// leaves it only as the text of a key file.

#include "events/random.h"
#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/secret_bytes.h"

#include <filesystem>
#include <memory>

namespace phantom {

// One named key. Movable; wiped when destroyed. sign() is safe from several threads.
class Signer {
 public:
  static Signer generate(std::string name, Random& random);
  // kInvalid when the seed has not 32 bytes.
  static Result<Signer> from_seed(std::string name, ByteView seed);

  // The line of a plain key file, PRIVATE+KEY+<name>+<id>+<base64 of 0x01 and the 32-byte seed>.
  // kInvalid; the message carries nothing of the line.
  static Result<Signer> parse(std::string_view line);
  SecretBytes text() const;
  SecretBytes seed() const;

  // Plain key files. kNotFound; kDenied when others may read it or it is sealed; kInvalid.
  static Result<Signer> load(const std::filesystem::path& file);
  Status save(const std::filesystem::path& file) const;

  const VerifierKey& verifier_key() const { return key_; }
  Signature sign(ByteView message) const;

  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

 private:
  struct Secret;
  Signer(VerifierKey key, std::unique_ptr<Secret> secret);
  VerifierKey key_;
  std::unique_ptr<Secret> secret_;
};

}  // namespace phantom
