#pragma once
// Producers of traffic events.

#include "events/draft.h"

#include <cstdint>
#include <string>
#include <vector>

namespace phantom {

struct RequestFacts {
  std::uint64_t request_id = 0;
  std::string method;
  std::string service;
  std::string host;
  std::uint16_t port = 0;
  std::string path_template;
  Digest path_digest{};
  std::string secret_name;
  std::uint64_t secret_version = 0;
  std::string placement;
  std::int64_t body_bytes = -1;
  std::uint32_t foreign_placeholders = 0;
};
Draft proxy_request_requested(const Context& context, const RequestFacts& facts);

struct AnswerFacts {
  std::uint64_t request_id = 0;
  std::string secret_name;
  std::uint16_t http_status = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t first_byte_ns = 0;
  std::string tls_version;
  Bytes peer_certificate_digest;
  Outcome outcome = Outcome::Ok;
  Reason reason = Reason::None;
};
// `cause` is the number of the requested event.
Draft proxy_request_completed(const Context& context, const AnswerFacts& facts, Seq cause);

struct RefusalFacts {
  std::uint64_t request_id = 0;
  std::string method;
  std::string service;
  std::uint16_t http_status = 0;
  Reason reason = Reason::BadRequest;
  std::string secret_name = {};  // files the refusal under the secret it is about
};
Draft proxy_request_denied(const Context& context, const RefusalFacts& facts);

// Keyed BLAKE2b-256 of a path and query. The key lives as long as the session, so that equal paths
// can be told within it and guessed by nobody else.
using PathKey = std::array<std::uint8_t, 32>;
Digest path_digest(const PathKey& key, std::string_view target);

}  // namespace phantom
