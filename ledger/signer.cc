#include "ledger/signer.h"

#include "events/encoding.h"
#include "ledger/key_files.h"
#include "ledger/key_text.h"

#include <sodium.h>

namespace phantom {

struct Signer::Secret {
  Secret() : key(static_cast<unsigned char*>(sodium_malloc(crypto_sign_SECRETKEYBYTES))) {
    PH_CHECK(key != nullptr, "no locked memory for a signing key");
  }
  ~Secret() { sodium_free(key); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  unsigned char* key;
};

Signer::Signer(VerifierKey key, std::unique_ptr<Secret> secret)
    : key_(std::move(key)), secret_(std::move(secret)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::from_seed(std::string name, ByteView seed) {
  PH_CHECK(sodium_init() >= 0, "libsodium does not start");
  if (seed.size() != crypto_sign_SEEDBYTES)
    return Error{Code::kInvalid, "signing key has the wrong size"};
  auto secret = std::make_unique<Secret>();
  PublicKey pub{};
  crypto_sign_seed_keypair(pub.data(), secret->key, seed.data());
  return Signer(make_verifier_key(std::move(name), pub), std::move(secret));
}

Signer Signer::generate(std::string name, Random& random) {
  SecretBytes seed = SecretBytes::zeros(crypto_sign_SEEDBYTES);
  random.fill(seed.writable());
  return std::move(from_seed(std::move(name), seed.view()).value());
}

Result<Signer> Signer::parse(std::string_view line) {
  PH_ASSIGN(PrivateKeyText parsed, parse_private_key(KeyType::kNote, line));
  PH_ASSIGN(Signer signer, from_seed(std::move(parsed.name), parsed.seed.view()));
  Bytes id;
  put_be32(id, signer.verifier_key().id);
  if (to_hex(id) != parsed.id) return Error{Code::kInvalid, "key and its id differ"};
  return signer;
}

SecretBytes Signer::seed() const {
  return SecretBytes::copy_of(ByteView(secret_->key, crypto_sign_SEEDBYTES));
}

SecretBytes Signer::text() const {
  return format_private_key(KeyType::kNote, key_.name, key_.id,
                            ByteView(secret_->key, crypto_sign_SEEDBYTES));
}

Result<Signer> Signer::load(const std::filesystem::path& file) {
  return KeyFiles(file.parent_path(), nullptr).load(file);
}

Status Signer::save(const std::filesystem::path& file) const {
  return write_key_file(file, text().view());
}

Signature Signer::sign(ByteView message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_->key);
  return signature;
}

}  // namespace phantom
