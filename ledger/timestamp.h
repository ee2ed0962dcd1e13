#pragma once
// RFC 3161 time stamps: an authority's signed word that some bytes were there at a time. Requests
// and whole responses as DER, what `openssl ts` reads and writes. Pure.

#include "events/random.h"
#include "events/result.h"
#include "events/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phantom {

// Over the SHA-256 of `data`, with a nonce; asks for the authority's certificate in the answer, so
// that the answer can be checked for as long as it is kept.
Result<Bytes> make_timestamp_request(ByteView data, Random& random);

struct Timestamp {
  std::int64_t time_ns = 0;  // since 1970, to the second
  std::string serial;        // hex
  std::string policy;        // object identifier of the authority's own policy
};

// Checks a response completely: status, form, that it is over the SHA-256 of `data`, the nonce when
// `request` is given, and the signature with a chain to one of the certificates of `ca_pem`, whose
// end may sign time stamps and nothing else. Certificates count at the token's time: one that ran
// out since is fine, one that was revoked is not noticed. kDenied: no chain to these certificates.
// kInvalid: `ca_pem` holds no certificate. kCorrupt: anything else is wrong with the response.
Result<Timestamp> check_timestamp(ByteView response, ByteView data, std::string_view ca_pem,
                                  const std::optional<Bytes>& request);

using TimestampCheck = Result<Timestamp> (*)(ByteView response, ByteView data,
                                             std::string_view ca_pem,
                                             const std::optional<Bytes>& request);

}  // namespace phantom
