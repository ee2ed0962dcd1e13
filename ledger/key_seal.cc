#include "ledger/key_seal.h"

#include "events/encoding.h"

#include <sodium.h>

#include <algorithm>
#include <optional>

namespace phantom {
namespace {

constexpr std::string_view kPrefix = "SEALED+KEY+";
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kSealedBytes =
    crypto_sign_SEEDBYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kSealKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kSealKeyBytes == kPassphraseKeyBytes);

Error not_sealed() { return {Code::kInvalid, "not a sealed key"}; }

Bytes parameters_of(const SealTerms& terms) {
  Bytes out;
  if (terms.method == SealMethod::kKeyFile) return out;
  put_be32(out, terms.cost.passes);
  put_be32(out, terms.cost.memory_kib);
  out.insert(out.end(), terms.salt.begin(), terms.salt.end());
  return out;
}

std::optional<SealMethod> method_of(std::string_view name) {
  for (const SealMethod method : {SealMethod::kPassphrase, SealMethod::kKeyFile}) {
    if (name == seal_method_name(method)) return method;
  }
  return std::nullopt;
}

// The text up to the next plus sign, which goes too; none when there is no further one.
std::optional<std::string_view> take_part(std::string_view& rest) {
  const std::size_t plus = rest.find('+');
  if (plus == std::string_view::npos) return std::nullopt;
  const std::string_view part = rest.substr(0, plus);
  rest.remove_prefix(plus + 1);
  return part;
}

}  // namespace

const char* seal_method_name(SealMethod method) {
  return method == SealMethod::kPassphrase ? "passphrase" : "keyfile";
}

bool is_sealed_key(std::string_view line) { return line.starts_with(kPrefix); }

std::string seal_key(const Signer& signer, const KeySeal& seal, Random& random) {
  PH_CHECK(seal.key.size() == kSealKeyBytes, "a sealing key has 32 bytes");
  Bytes id;
  put_be32(id, signer.verifier_key().id);
  std::string line = std::string(kPrefix) + signer.verifier_key().name + "+" + to_hex(id) + "+" +
                     seal_method_name(seal.terms.method) + "+";
  Bytes blob = parameters_of(seal.terms);
  Bytes bound = to_bytes(line);
  bound.insert(bound.end(), blob.begin(), blob.end());
  Bytes nonce(kNonceBytes);
  random.fill(nonce);
  Bytes sealed(kSealedBytes);
  const SecretBytes seed = signer.seed();
  PH_CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(
               sealed.data(), nullptr, seed.view().data(), seed.size(), bound.data(), bound.size(),
               nullptr, nonce.data(), seal.key.view().data()) == 0,
           "XChaCha20-Poly1305 refused its sizes");
  blob.insert(blob.end(), nonce.begin(), nonce.end());
  blob.insert(blob.end(), sealed.begin(), sealed.end());
  return line + to_base64(blob);
}

Result<SealedKey> parse_sealed_key(std::string_view line) {
  if (!is_sealed_key(line)) return not_sealed();
  std::string_view rest = line.substr(kPrefix.size());
  const auto name = take_part(rest);
  const auto id = take_part(rest);
  const auto method_name = take_part(rest);
  if (!name || !id || !method_name || !is_key_name(*name)) return not_sealed();
  const auto method = method_of(*method_name);
  if (!method) {
    return Error{Code::kUnsupported, "sealed in a way this phantom does not know",
                 "use a newer phantom"};
  }
  SealedKey out;
  out.name = *name;
  out.id = *id;
  out.terms.method = *method;
  const auto blob = from_base64(rest);
  const std::size_t parameters = parameters_of(out.terms).size();
  if (!blob || blob->size() != parameters + kNonceBytes + kSealedBytes) return not_sealed();
  const ByteView bytes(*blob);
  if (*method == SealMethod::kPassphrase) {
    out.terms.cost = {get_be32(bytes), get_be32(bytes.subspan(4))};
    std::copy_n(bytes.begin() + 8, out.terms.salt.size(), out.terms.salt.begin());
    PH_TRY(check_kdf_cost(out.terms.cost));
  }
  out.bound = to_bytes(line.substr(0, line.size() - rest.size()));
  out.bound.insert(out.bound.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(parameters));
  out.nonce = to_bytes(bytes.subspan(parameters, kNonceBytes));
  out.sealed_seed = to_bytes(bytes.subspan(parameters + kNonceBytes));
  return out;
}

Result<Signer> open_sealed_key(const SealedKey& sealed, const SecretBytes& key) {
  if (key.size() != kSealKeyBytes) return Error{Code::kInvalid, "a sealing key has 32 bytes"};
  SecretBytes seed = SecretBytes::zeros(crypto_sign_SEEDBYTES);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          seed.writable().data(), nullptr, nullptr, sealed.sealed_seed.data(),
          sealed.sealed_seed.size(), sealed.bound.data(), sealed.bound.size(), sealed.nonce.data(),
          key.view().data()) != 0) {
    return Error{Code::kDenied, sealed.terms.method == SealMethod::kPassphrase
                                    ? "the passphrase is wrong, or the file was changed"
                                    : "the key file is another one, or the sealed key was changed"};
  }
  PH_ASSIGN(Signer signer, Signer::from_seed(sealed.name, seed.view()));
  Bytes id;
  put_be32(id, signer.verifier_key().id);
  if (to_hex(id) != sealed.id) return Error{Code::kInvalid, "key and its id differ"};
  return signer;
}

}  // namespace phantom
