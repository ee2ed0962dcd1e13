#include "proxy/proxy_events.h"

#include "events/envelope.h"
#include "events/producers.h"
#include "ledger/reader.h"
#include "schema/events_generated.h"

#include <sodium.h>

#include <algorithm>

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

Draft config_accepted(const Context& context, const Digest& config_digest,
                      const std::vector<Route>& routes) {
  PH_CHECK(!context.project.empty(), "a configuration is accepted within a project");
  Draft draft = make_draft<schema::ConfigAccepted>(context, [&](auto& b) {
    std::vector<flatbuffers::Offset<schema::Route>> rows;
    for (const Route& route : routes) {
      const auto service = b.CreateString(route.service);
      const auto origin = b.CreateString(route.origin());
      const auto secret = b.CreateString(route.secret_name);
      const auto placement = b.CreateString(route.header);
      rows.push_back(schema::CreateRoute(b, service, origin, secret, placement));
    }
    const auto digest = put(b, config_digest);
    const auto table = b.CreateVector(rows);
    return schema::CreateConfigAccepted(b, digest, table);
  });
  draft.tags.push_back(config_tag(context.project));
  for (const Route& route : routes) {
    const std::string tag = secret_tag(context.project, route.secret_name);
    const bool known = std::find(draft.tags.begin(), draft.tags.end(), tag) != draft.tags.end();
    if (!known) draft.tags.push_back(tag);
  }
  return draft;
}

Result<bool> is_config_accepted(const LedgerReader& ledger, std::string_view project,
                                const Digest& config_digest) {
  const EventNo wanted = event_no<schema::ConfigAccepted>();
  bool accepted = false;
  Status problem;
  PH_TRY(ledger.history(config_tag(project), [&](Seq, const Bytes& bytes) {
    Result<const schema::Entry*> entry = parse_entry(bytes);
    if (!entry) {
      problem = std::move(entry.error());
      return false;
    }
    if ((*entry)->type() != wanted || (*entry)->outcome() != Outcome::Ok) return true;
    const auto* payload = (*entry)->payload();
    const ByteView view(payload->data(), payload->size());
    if (Status checked = check_payload(wanted, view); !checked) {
      problem = std::move(checked);
      return false;
    }
    const auto* event = flatbuffers::GetRoot<schema::ConfigAccepted>(view.data());
    const auto* digest = event->config_digest();
    accepted = digest != nullptr && digest->size() == config_digest.size() &&
               std::equal(digest->begin(), digest->end(), config_digest.begin());
    return false;
  }));
  PH_TRY(std::move(problem));
  return accepted;
}

Digest path_digest(const PathKey& key, std::string_view target) {
  Digest digest{};
  crypto_generichash(digest.data(), digest.size(), as_bytes(target).data(), target.size(),
                     key.data(), key.size());
  return digest;
}

}  // namespace phantom
