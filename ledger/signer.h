#pragma once
// Ed25519 keys that sign notes. The secret lives in locked memory and leaves only as key file text.

#include "events/random.h"
#include "events/result.h"
#include "ledger/checkpoint.h"

#include <filesystem>
#include <memory>

namespace phantom {

// One named key. Movable; wiped when destroyed. sign() is safe from several threads.
class Signer {
 public:
  static Signer generate(std::string name, Random& random);

  // Key files hold one line, PRIVATE+KEY+<name>+<id>+<base64 of 0x01 and the 32-byte seed>, and
  // have mode 0600; a file others may read is refused. kNotFound, kDenied, kInvalid.
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
  static Result<Signer> from_seed(std::string name, ByteView seed);
  VerifierKey key_;
  std::unique_ptr<Secret> secret_;
};

// Removes a key file after overwriting it. What the file system keeps below is out of our hands.
Status destroy_key_file(const std::filesystem::path& file);

}  // namespace phantom
