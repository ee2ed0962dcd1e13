#include "events/seal.h"

#include "events/limits.h"

#include <sodium.h>

namespace phantom {
namespace {

Bytes additional_data(const EventId& event, const std::string& field) {
  Bytes data(event.begin(), event.end());
  data.push_back(0);
  data.insert(data.end(), field.begin(), field.end());
  return data;
}

}  // namespace

SealedField seal_field(const SubjectKey& key, const std::string& subject, const EventId& event,
                       const SealRequest& request, Random& random) {
  SealedField sealed;
  sealed.field = request.field;
  sealed.subject = subject;
  sealed.nonce.resize(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  random.fill(sealed.nonce);
  const ByteView text =
      as_bytes(request.text).first(std::min(request.text.size(), kSealedPlainBytesMax));
  sealed.ciphertext.resize(text.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
  const Bytes data = additional_data(event, request.field);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.ciphertext.data(), nullptr, text.data(),
                                             text.size(), data.data(), data.size(), nullptr,
                                             sealed.nonce.data(), key.data());
  return sealed;
}

Result<std::string> open_field(const SubjectKey& key, const EventId& event,
                               const SealedField& field) {
  constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (field.nonce.size() != crypto_aead_xchacha20poly1305_ietf_NPUBBYTES ||
      field.ciphertext.size() < kTagBytes) {
    return Error{Code::kCorrupt, "sealed field " + field.field + ": wrong size"};
  }
  std::string text(field.ciphertext.size() - kTagBytes, '\0');
  const Bytes data = additional_data(event, field.field);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(text.data()), nullptr, nullptr, field.ciphertext.data(),
          field.ciphertext.size(), data.data(), data.size(), field.nonce.data(), key.data()) != 0) {
    return Error{Code::kCorrupt, "sealed field " + field.field + ": key or bytes do not fit"};
  }
  return text;
}

}  // namespace phantom
