#include "proxy/proxy_events.h"

#include "events/producers.h"
#include "schema/events_generated.h"

#include <sodium.h>

namespace phantom {
namespace {

flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> put(flatbuffers::FlatBufferBuilder& builder,
                                                           ByteView bytes) {
  return builder.CreateVector(bytes.data(), bytes.size());
}

void tag_secret(Draft& draft, const std::string& secret_name) {
  if (secret_name.empty() || draft.context.project.empty()) return;
  draft.tags.push_back(secret_tag(draft.context.project, secret_name));
}

}  // namespace

Draft proxy_request_requested(const Context& context, const RequestFacts& facts) {
  Draft draft = make_draft<schema::ProxyRequestRequested>(context, [&](auto& b) {
    const auto method = b.CreateString(facts.method);
    const auto service = b.CreateString(facts.service);
    const auto host = b.CreateString(facts.host);
    const auto path = b.CreateString(facts.path_template);
    const auto digest = put(b, facts.path_digest);
    const auto secret = b.CreateString(facts.secret_name);
    const auto placement = b.CreateString(facts.placement);
    return schema::CreateProxyRequestRequested(
        b, facts.request_id, method, service, host, facts.port, path, digest, secret,
        facts.secret_version, placement, facts.body_bytes, facts.foreign_placeholders);
  });
  tag_secret(draft, facts.secret_name);
  return draft;
}

Draft proxy_request_completed(const Context& context, const AnswerFacts& facts, Seq cause) {
  Draft draft = make_draft<schema::ProxyRequestCompleted>(context, [&](auto& b) {
    const auto tls = b.CreateString(facts.tls_version);
    const auto peer = put(b, facts.peer_certificate_digest);
    return schema::CreateProxyRequestCompleted(b, facts.request_id, facts.http_status,
                                               facts.bytes_sent, facts.bytes_received,
                                               facts.duration_ns, facts.first_byte_ns, tls, peer);
  });
  draft.cause_seq = cause;
  draft.outcome = facts.outcome;
  draft.reason = facts.reason;
  tag_secret(draft, facts.secret_name);
  return draft;
}

Draft proxy_request_denied(const Context& context, const RefusalFacts& facts) {
  Draft draft = make_draft<schema::ProxyRequestDenied>(context, [&](auto& b) {
    const auto method = b.CreateString(facts.method);
    const auto service = b.CreateString(facts.service);
    return schema::CreateProxyRequestDenied(b, facts.request_id, method, service,
                                            facts.http_status);
  });
  draft.outcome = Outcome::Denied;
  draft.reason = facts.reason;
  tag_secret(draft, facts.secret_name);
  return draft;
}

Digest path_digest(const PathKey& key, std::string_view target) {
  Digest digest{};
  crypto_generichash(digest.data(), digest.size(), as_bytes(target).data(), target.size(),
                     key.data(), key.size());
  return digest;
}

}  // namespace phantom
