#include "ledger/timestamp.h"

#include "events/encoding.h"
#include "events/sha256.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

namespace phantom {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::size_t kNonceBytes = 8;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

using OwnedRequest = Owned<TS_REQ, TS_REQ_free>;
using OwnedResponse = Owned<TS_RESP, TS_RESP_free>;

Error broken(std::string what) { return {Code::kCorrupt, "the time stamp " + std::move(what)}; }

// The library's own words for what just went wrong.
std::string library_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "no reason given" : text;
}

bool is_chain_error() {
  bool found = false;
  while (const unsigned long code = ERR_get_error()) {
    found = found || (ERR_GET_LIB(code) == ERR_LIB_TS &&
                      ERR_GET_REASON(code) == TS_R_CERTIFICATE_VERIFY_ERROR);
  }
  return found;
}

OwnedResponse parse_response(ByteView bytes) {
  const unsigned char* at = bytes.data();
  OwnedResponse response(d2i_TS_RESP(nullptr, &at, static_cast<long>(bytes.size())));
  if (response && at != bytes.data() + bytes.size()) response.reset();  // bytes behind the end
  return response;
}

std::optional<std::int64_t> time_of(TS_TST_INFO* info) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &utc) != 1) return std::nullopt;
  return timegm(&utc);
}

std::string hex_of(const ASN1_INTEGER* number) {
  const Owned<BIGNUM, BN_free> value(ASN1_INTEGER_to_BN(number, nullptr));
  Bytes bytes(value ? static_cast<std::size_t>(BN_num_bytes(value.get())) : 0);
  if (value) BN_bn2bin(value.get(), bytes.data());
  return to_hex(bytes);
}

using OwnedStore = Owned<X509_STORE, X509_STORE_free>;

Result<OwnedStore> store_of(std::string_view pem, std::time_t at) {
  OwnedStore store(X509_STORE_new());
  const Owned<BIO, BIO_free> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  int certificates = 0;
  for (;;) {
    const Owned<X509, X509_free> certificate(
        PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    X509_STORE_add_cert(store.get(), certificate.get());
    ++certificates;
  }
  ERR_clear_error();
  if (certificates == 0) {
    return Error{Code::kInvalid, "the file of certificates holds none in PEM form"};
  }
  X509_VERIFY_PARAM* param = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(param, at);
  return store;
}

}  // namespace

Result<Bytes> make_timestamp_request(ByteView data, Random& random) {
  const Digest digest = sha256(data);
  std::array<std::uint8_t, kNonceBytes> nonce_bytes{};
  random.fill(nonce_bytes);
  nonce_bytes[0] |= 0x40;  // eight bytes, and positive
  nonce_bytes[0] &= 0x7f;
  const OwnedRequest request(TS_REQ_new());
  const Owned<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free> imprint(TS_MSG_IMPRINT_new());
  const Owned<X509_ALGOR, X509_ALGOR_free> algorithm(X509_ALGOR_new());
  const Owned<BIGNUM, BN_free> number(
      BN_bin2bn(nonce_bytes.data(), static_cast<int>(nonce_bytes.size()), nullptr));
  const Owned<ASN1_INTEGER, ASN1_INTEGER_free> nonce(BN_to_ASN1_INTEGER(number.get(), nullptr));
  Bytes hash(digest.begin(), digest.end());
  const bool made =
      request && imprint && algorithm && nonce &&
      X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1 &&
      TS_REQ_set_version(request.get(), 1) == 1 &&
      TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1 &&
      TS_MSG_IMPRINT_set_msg(imprint.get(), hash.data(), static_cast<int>(hash.size())) == 1 &&
      TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1 &&
      TS_REQ_set_nonce(request.get(), nonce.get()) == 1 &&
      TS_REQ_set_cert_req(request.get(), 1) == 1;
  unsigned char* der = nullptr;
  const int length = made ? i2d_TS_REQ(request.get(), &der) : -1;
  if (length <= 0) {
    ERR_clear_error();
    return Error{Code::kInternal, "a time stamp request could not be made"};
  }
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

Result<Timestamp> check_timestamp(ByteView response_bytes, ByteView data, std::string_view ca_pem,
                                  const std::optional<Bytes>& request_bytes) {
  ERR_clear_error();
  const OwnedResponse response = parse_response(response_bytes);
  if (!response) {
    ERR_clear_error();
    return broken("is not an RFC 3161 response");
  }
  TS_STATUS_INFO* status = TS_RESP_get_status_info(response.get());
  const long granted = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status));
  if (granted != TS_STATUS_GRANTED && granted != TS_STATUS_GRANTED_WITH_MODS) {
    return broken("was refused by its authority, with status " + std::to_string(granted));
  }
  TS_TST_INFO* info = TS_RESP_get_tst_info(response.get());
  const std::optional<std::int64_t> seconds = info == nullptr ? std::nullopt : time_of(info);
  if (!seconds) return broken("names no time");
  PH_ASSIGN(OwnedStore store, store_of(ca_pem, static_cast<std::time_t>(*seconds)));

  const Owned<TS_VERIFY_CTX, TS_VERIFY_CTX_free> context(TS_VERIFY_CTX_new());
  unsigned flags = TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_IMPRINT;
  if (request_bytes) {
    const unsigned char* at = request_bytes->data();
    const OwnedRequest request(d2i_TS_REQ(nullptr, &at, static_cast<long>(request_bytes->size())));
    if (!request || TS_REQ_to_TS_VERIFY_CTX(request.get(), context.get()) == nullptr) {
      ERR_clear_error();
      return Error{Code::kInvalid, "the time stamp request does not read"};
    }
    if (TS_REQ_get_nonce(request.get()) != nullptr) flags |= TS_VFY_NONCE;
  }
  // The library frees imprint and store with the context.
  const Digest digest = sha256(data);
  auto* imprint = static_cast<unsigned char*>(OPENSSL_malloc(digest.size()));
  if (imprint == nullptr) return Error{Code::kInternal, "out of memory"};
  std::copy(digest.begin(), digest.end(), imprint);
  TS_VERIFY_CTX_set_imprint(context.get(), imprint, static_cast<long>(digest.size()));
  TS_VERIFY_CTX_set_store(context.get(), store.release());
  TS_VERIFY_CTX_set_flags(context.get(), static_cast<int>(flags));
  const bool good = TS_RESP_verify_response(context.get(), response.get()) == 1;
  if (!good) {
    const std::string reason = library_reason();
    if (is_chain_error()) {
      return Error{Code::kDenied,
                   "the time stamp is signed by nobody that the given certificates vouch for"};
    }
    return broken("does not verify: " + reason);
  }
  ERR_clear_error();
  // An imprint by another hash of the same length would not be ours.
  X509_ALGOR* algorithm = TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info));
  const ASN1_OBJECT* hash = nullptr;
  X509_ALGOR_get0(&hash, nullptr, nullptr, algorithm);
  if (OBJ_obj2nid(hash) != NID_sha256) return broken("is not over a SHA-256");
  Timestamp found;
  found.time_ns = *seconds * kNsPerSecond;
  found.serial = hex_of(TS_TST_INFO_get_serial(info));
  char policy[128] = {};
  OBJ_obj2txt(policy, sizeof policy, TS_TST_INFO_get_policy_id(info), 1);
  found.policy = policy;
  return found;
}

}  // namespace phantom
