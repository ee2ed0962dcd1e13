#include "vault/vault_seal.h"

#include "events/check.h"
#include "events/encoding.h"

#include <sodium.h>

#include <algorithm>
#include <string>

namespace phantom {
namespace {

constexpr char kKdfContext[crypto_kdf_CONTEXTBYTES + 1] = "phmvault";
constexpr std::string_view kKeyFileLabel = "phantom vault key file v1";
constexpr std::string_view kSecretServiceLabel = "phantom vault secret service v1";
constexpr std::string_view kWrapLabel = "phantom vault data key v1";
constexpr std::string_view kValueLabel = "phantom vault value v1";
constexpr std::string_view kApprovalLabel = "phantom approval v1";

static_assert(crypto_kdf_KEYBYTES == kPassphraseKeyBytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == kSealTagBytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == sizeof(SealedValue::key_nonce));
static_assert(sizeof(SealedValue::wrapped_key) == kVaultKeyBytes + kSealTagBytes);

void put_text(Bytes& out, std::string_view text) {
  put_be16(out, static_cast<std::uint16_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

// Every field has a fixed size or a length in front, so no two different places have the same
// bytes.
Bytes binding(std::string_view label, const SealedFor& to) {
  Bytes out;
  put_text(out, label);
  put_text(out, to.project);
  put_text(out, to.name);
  put_be64(out, to.version);
  put_text(out, to.placeholder);
  return out;
}

Result<SecretBytes> subkey(const SecretBytes& root, std::uint64_t number) {
  SecretBytes key = SecretBytes::zeros(kVaultKeyBytes);
  if (crypto_kdf_derive_from_key(key.writable().data(), key.size(), number, kKdfContext,
                                 root.view().data()) != 0) {
    return Error{Code::kInternal, "key separation failed"};
  }
  return key;
}

Result<SecretBytes> root_of_key(std::string_view label, const VaultSalt& salt,
                                const SecretBytes& key) {
  if (key.size() != kVaultKeyBytes) return Error{Code::kInvalid, "a vault key has 32 bytes"};
  SecretBytes root = SecretBytes::zeros(crypto_kdf_KEYBYTES);
  Bytes message = to_bytes(label);
  message.insert(message.end(), salt.begin(), salt.end());
  PH_CHECK(crypto_generichash(root.writable().data(), root.size(), message.data(), message.size(),
                              key.view().data(), key.size()) == 0,
           "BLAKE2b refused its sizes");
  return root;
}

void wrap_key(const SealedFor& to, const SecretBytes& data_key, const VaultKeys& keys,
              Random& random, SealedValue& sealed) {
  random.fill(sealed.key_nonce);
  const Bytes bound = binding(kWrapLabel, to);
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      sealed.wrapped_key.data(), &size, data_key.view().data(), data_key.size(), bound.data(),
      bound.size(), nullptr, sealed.key_nonce.data(), keys.wrap.view().data());
  PH_CHECK(size == sealed.wrapped_key.size(), "wrapped key of a wrong size");
}

Error does_not_belong(const SealedFor& to) {
  return {Code::kCorrupt,
          "the sealed value of " + std::string(to.name) + " does not belong to this vault"};
}

Result<SecretBytes> unwrap_key(const SealedFor& to, const SealedValue& sealed,
                               const VaultKeys& keys) {
  SecretBytes data_key = SecretBytes::zeros(kVaultKeyBytes);
  const Bytes bound = binding(kWrapLabel, to);
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          data_key.writable().data(), &size, nullptr, sealed.wrapped_key.data(),
          sealed.wrapped_key.size(), bound.data(), bound.size(), sealed.key_nonce.data(),
          keys.wrap.view().data()) != 0) {
    return does_not_belong(to);
  }
  return data_key;
}

}  // namespace

Result<SecretBytes> derive_vault_root(UnlockMethod method, const KdfCost& kdf,
                                      const VaultSalt& salt, const SecretBytes& input) {
  switch (method) {
    case UnlockMethod::kPassphrase:
      break;
    case UnlockMethod::kKeyFile:
      return root_of_key(kKeyFileLabel, salt, input);
    case UnlockMethod::kSecretService:
      return root_of_key(kSecretServiceLabel, salt, input);
  }
  return derive_passphrase_key(input, kdf, salt);
}

Result<VaultKeys> keys_of_root(const SecretBytes& root) {
  if (root.size() != crypto_kdf_KEYBYTES) {
    return Error{Code::kInvalid, "the root of a vault's keys has 32 bytes"};
  }
  VaultKeys keys;
  PH_ASSIGN(keys.wrap, subkey(root, 1));
  PH_ASSIGN(keys.mac, subkey(root, 2));
  PH_ASSIGN(const SecretBytes check, subkey(root, 3));
  PH_ASSIGN(keys.approve, subkey(root, 4));
  std::copy_n(check.view().begin(), keys.check.size(), keys.check.begin());
  return keys;
}

Result<SealedValue> seal_value(const SealedFor& to, const SecretBytes& value, const VaultKeys& keys,
                               Random& random) {
  if (value.size() > kSecretValueBytesMax) {
    return Error{Code::kLimit, "the value of " + std::string(to.name) + " is larger than " +
                                   std::to_string(kSecretValueBytesMax) + " bytes"};
  }
  SealedValue out;
  SecretBytes data_key = SecretBytes::zeros(kVaultKeyBytes);
  random.fill(data_key.writable());
  wrap_key(to, data_key, keys, random, out);
  random.fill(out.value_nonce);
  const Bytes bound = binding(kValueLabel, to);
  unsigned long long size = 0;
  out.sealed.resize(value.size() + kSealTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.sealed.data(), &size, value.view().data(),
                                             value.size(), bound.data(), bound.size(), nullptr,
                                             out.value_nonce.data(), data_key.view().data());
  PH_CHECK(size == out.sealed.size(), "sealed value of a wrong size");
  return out;
}

Result<SecretBytes> open_value(const SealedFor& to, const SealedValue& sealed,
                               const VaultKeys& keys) {
  if (sealed.sealed.size() < kSealTagBytes) return does_not_belong(to);
  PH_ASSIGN(const SecretBytes data_key, unwrap_key(to, sealed, keys));
  const Bytes bound = binding(kValueLabel, to);
  SecretBytes value = SecretBytes::zeros(sealed.sealed.size() - kSealTagBytes);
  // An empty value has no memory of its own; the library still wants an address.
  std::uint8_t nothing = 0;
  std::uint8_t* out = value.empty() ? &nothing : value.writable().data();
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          out, &size, nullptr, sealed.sealed.data(), sealed.sealed.size(), bound.data(),
          bound.size(), sealed.value_nonce.data(), data_key.view().data()) != 0) {
    return does_not_belong(to);
  }
  return value;
}

Result<SealedValue> rewrap_value(const SealedFor& to, const SealedValue& sealed,
                                 const VaultKeys& from, const VaultKeys& under, Random& random) {
  PH_ASSIGN(const SecretBytes data_key, unwrap_key(to, sealed, from));
  SealedValue out = sealed;
  wrap_key(to, data_key, under, random, out);
  return out;
}

Digest approval_code(const VaultKeys& keys, std::string_view project, std::string_view text) {
  Bytes message;
  put_text(message, kApprovalLabel);
  put_text(message, project);
  message.insert(message.end(), text.begin(), text.end());
  Digest code{};
  PH_CHECK(crypto_generichash(code.data(), code.size(), message.data(), message.size(),
                              keys.approve.view().data(), keys.approve.size()) == 0,
           "BLAKE2b refused its sizes");
  return code;
}

}  // namespace phantom
