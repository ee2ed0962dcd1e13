#include "ledger/signer.h"

#include "events/encoding.h"
#include "ledger/key_files.h"

#include <sodium.h>

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kPrefix = "PRIVATE+KEY+";
constexpr std::uint8_t kEd25519 = 0x01;
// Of type byte and seed, with the terminating zero that libsodium writes.
constexpr std::size_t kBase64Bytes =
    sodium_base64_ENCODED_LEN(1 + crypto_sign_SEEDBYTES, sodium_base64_VARIANT_ORIGINAL);

}  // namespace

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
  const auto bad = [](const char* why) { return Error{Code::kInvalid, why}; };
  if (!line.starts_with(kPrefix)) return bad("not a key file");
  line.remove_prefix(kPrefix.size());
  const std::size_t name_end = line.find('+');
  const std::size_t id_end =
      name_end == std::string_view::npos ? name_end : line.find('+', name_end + 1);
  if (id_end == std::string_view::npos) return bad("not a key file");
  if (!is_key_name(line.substr(0, name_end))) return bad("its key has no valid name");
  const std::string_view base64 = line.substr(id_end + 1);
  SecretBytes key = SecretBytes::zeros(1 + crypto_sign_SEEDBYTES);
  SecretBytes again = SecretBytes::zeros(kBase64Bytes);
  std::size_t length = 0;
  if (base64.size() + 1 != kBase64Bytes ||
      sodium_base642bin(key.writable().data(), key.size(), base64.data(), base64.size(), nullptr,
                        &length, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      length != key.size() || key.view()[0] != kEd25519) {
    return bad("unknown kind of key");
  }
  // One text for one key.
  sodium_bin2base64(reinterpret_cast<char*>(again.writable().data()), again.size(),
                    key.view().data(), key.size(), sodium_base64_VARIANT_ORIGINAL);
  if (again.text().substr(0, kBase64Bytes - 1) != base64) return bad("unknown kind of key");
  PH_ASSIGN(Signer signer, from_seed(std::string(line.substr(0, name_end)), key.view().subspan(1)));
  Bytes id;
  put_be32(id, signer.verifier_key().id);
  if (to_hex(id) != line.substr(name_end + 1, id_end - name_end - 1))
    return bad("key and its id differ");
  return signer;
}

SecretBytes Signer::seed() const {
  return SecretBytes::copy_of(ByteView(secret_->key, crypto_sign_SEEDBYTES));
}

SecretBytes Signer::text() const {
  Bytes id;
  put_be32(id, key_.id);
  const std::string head = std::string(kPrefix) + key_.name + "+" + to_hex(id) + "+";
  SecretBytes key = SecretBytes::zeros(1 + crypto_sign_SEEDBYTES);
  key.writable()[0] = kEd25519;
  std::copy_n(secret_->key, crypto_sign_SEEDBYTES, key.writable().begin() + 1);
  SecretBytes line = SecretBytes::zeros(head.size() + kBase64Bytes);
  std::copy(head.begin(), head.end(), line.writable().begin());
  sodium_bin2base64(reinterpret_cast<char*>(line.writable().data() + head.size()), kBase64Bytes,
                    key.view().data(), key.size(), sodium_base64_VARIANT_ORIGINAL);
  line.shrink(line.size() - 1);  // the terminating zero
  return line;
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
