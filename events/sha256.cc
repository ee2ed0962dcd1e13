#include "events/sha256.h"

#include "events/check.h"

#include <openssl/evp.h>

namespace phantom {
namespace {

// Fetching the digest and making a context costs several times the hash of a small message, so
// each thread does both once.
struct Hasher {
  EVP_MD* md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  Hasher() { PH_CHECK(md != nullptr && context != nullptr, "OpenSSL has no SHA-256"); }
  ~Hasher() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(md);
  }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
};

}  // namespace

Digest sha256(std::initializer_list<ByteView> parts) {
  thread_local const Hasher hasher;
  bool good = EVP_DigestInit_ex2(hasher.context, hasher.md, nullptr) == 1;
  for (const ByteView part : parts) {
    good = good && EVP_DigestUpdate(hasher.context, part.data(), part.size()) == 1;
  }
  Digest digest;
  good = good && EVP_DigestFinal_ex(hasher.context, digest.data(), nullptr) == 1;
  PH_CHECK(good, "SHA-256 failed");
  return digest;
}

struct Sha256::State {
  Hasher hasher;
  void start() {
    PH_CHECK(EVP_DigestInit_ex2(hasher.context, hasher.md, nullptr) == 1, "SHA-256 failed");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { state_->start(); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  const bool good = EVP_DigestUpdate(state_->hasher.context, bytes.data(), bytes.size()) == 1;
  PH_CHECK(good, "SHA-256 failed");
}

Digest Sha256::finish() {
  Digest digest;
  const bool good = EVP_DigestFinal_ex(state_->hasher.context, digest.data(), nullptr) == 1;
  PH_CHECK(good, "SHA-256 failed");
  state_->start();
  return digest;
}

}  // namespace phantom
