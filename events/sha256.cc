#include "events/sha256.h"

#include "events/check.h"

// The functions without providers: they read no configuration of OpenSSL's, cost nothing at start
// and bring no network code into phantom-verify.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace phantom {

Digest sha256(std::initializer_list<ByteView> parts) {
  SHA256_CTX context;
  bool good = SHA256_Init(&context) == 1;
  for (const ByteView part : parts) {
    good = good && SHA256_Update(&context, part.data(), part.size()) == 1;
  }
  Digest digest;
  good = good && SHA256_Final(digest.data(), &context) == 1;
  PH_CHECK(good, "SHA-256 failed");
  return digest;
}

struct Sha256::State {
  SHA256_CTX context;
  State() { start(); }
  void start() { PH_CHECK(SHA256_Init(&context) == 1, "SHA-256 failed"); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  const bool good = SHA256_Update(&state_->context, bytes.data(), bytes.size()) == 1;
  PH_CHECK(good, "SHA-256 failed");
}

Digest Sha256::finish() {
  Digest digest;
  PH_CHECK(SHA256_Final(digest.data(), &state_->context) == 1, "SHA-256 failed");
  state_->start();
  return digest;
}

}  // namespace phantom
