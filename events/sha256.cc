#include "events/sha256.h"

#include "events/check.h"

#include <openssl/evp.h>

namespace phantom {

struct Sha256::Hasher {
  EVP_MD* md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  Hasher() { PH_CHECK(md != nullptr && context != nullptr, "OpenSSL has no SHA-256"); }
  ~Hasher() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(md);
  }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void begin() const { PH_CHECK(EVP_DigestInit_ex2(context, md, nullptr) == 1, "SHA-256 failed"); }
};

Sha256::Sha256() : hasher_(std::make_unique<Hasher>()) { hasher_->begin(); }
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  PH_CHECK(EVP_DigestUpdate(hasher_->context, bytes.data(), bytes.size()) == 1, "SHA-256 failed");
}

Digest Sha256::finish() {
  Digest digest;
  PH_CHECK(EVP_DigestFinal_ex(hasher_->context, digest.data(), nullptr) == 1, "SHA-256 failed");
  hasher_->begin();
  return digest;
}

// Fetching the digest and making a context costs several times the hash of a small message, so
// each thread does both once.
Digest sha256(std::initializer_list<ByteView> parts) {
  thread_local Sha256 hasher;
  for (const ByteView part : parts) hasher.update(part);
  return hasher.finish();
}

}  // namespace phantom
