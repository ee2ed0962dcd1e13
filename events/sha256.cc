#include "events/sha256.h"

#include "events/check.h"

#include <openssl/evp.h>

#include <memory>

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

}  // namespace phantom
