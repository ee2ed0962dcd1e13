#include "proxy/config_events.h"

#include "events/envelope.h"
#include "events/limits.h"
#include "events/producers.h"
#include "ledger/reader.h"
#include "ledger/typed_history.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> put(flatbuffers::FlatBufferBuilder& builder,
                                                           ByteView bytes) {
  return builder.CreateVector(bytes.data(), bytes.size());
}

// The secrets are in the payload too: past the bound on tags an event is filed under fewer.
void tag_secrets(Draft& draft, const std::vector<std::string>& names) {
  constexpr std::size_t kSpareTags = 16;  // project, session, actor and the like
  for (const std::string& name : names) {
    if (name.empty() || draft.tags.size() + kSpareTags >= kTagsMax) continue;
    const std::string tag = secret_tag(draft.context.project, name);
    const bool known = std::find(draft.tags.begin(), draft.tags.end(), tag) != draft.tags.end();
    if (!known) draft.tags.push_back(tag);
  }
}

std::string text_or_empty(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

AcceptedConfig read_accepted(Seq seq, std::int64_t time_ns, const schema::ConfigAccepted& event) {
  AcceptedConfig accepted;
  accepted.seq = seq;
  accepted.time_ns = time_ns;
  if (const auto* digest = event.config_digest();
      digest != nullptr && digest->size() == accepted.digest.size()) {
    std::copy(digest->begin(), digest->end(), accepted.digest.begin());
  }
  if (event.routes() == nullptr) return accepted;
  for (const schema::Route* route : *event.routes()) {
    accepted.routes.push_back({text_or_empty(route->service()), text_or_empty(route->origin()),
                               text_or_empty(route->secret_name()),
                               text_or_empty(route->placement())});
  }
  return accepted;
}

}  // namespace

Draft config_accepted(const Context& context, const Digest& config_digest,
                      const std::vector<Route>& routes) {
  PH_CHECK(!context.project.empty(), "a configuration is accepted within a project");
  Draft draft = make_draft<schema::ConfigAccepted>(context, [&](auto& b) {
    std::vector<flatbuffers::Offset<schema::Route>> rows;
    for (const Route& route : routes) {
      const auto service = b.CreateString(route.service);
      const auto origin = b.CreateString(route.origin());
      const auto secret = b.CreateString(route.secret_name);
      const auto placement = b.CreateString(placement_of(route));
      rows.push_back(schema::CreateRoute(b, service, origin, secret, placement));
    }
    const auto digest = put(b, config_digest);
    const auto table = b.CreateVector(rows);
    return schema::CreateConfigAccepted(b, digest, table);
  });
  draft.tags.push_back(config_tag(context.project));
  std::vector<std::string> names;
  for (const Route& route : routes) names.push_back(route.secret_name);
  tag_secrets(draft, names);
  return draft;
}

Draft config_change_requested(const Context& context, const ConfigChange& change) {
  PH_CHECK(!context.project.empty(), "a configuration belongs to a project");
  return make_draft<schema::ConfigChangeRequested>(context, [&](auto& b) {
    const auto before = change.before ? put(b, *change.before) : put(b, {});
    const auto after = put(b, change.after);
    const auto keys = b.CreateVectorOfStrings(change.keys);
    return schema::CreateConfigChangeRequested(b, before, after, keys);
  });
}

Draft config_change_completed(const Context& context, Seq requested, const Digest& after,
                              Outcome outcome, Reason reason) {
  Draft draft = make_draft<schema::ConfigChangeCompleted>(
      context, [&](auto& b) { return schema::CreateConfigChangeCompleted(b, put(b, after)); });
  draft.cause_seq = requested;
  draft.outcome = outcome;
  draft.reason = reason;
  return draft;
}

Draft config_refused(const Context& context, const ConfigRefusal& refusal) {
  PH_CHECK(!context.project.empty(), "a configuration is refused within a project");
  Draft draft = make_draft<schema::ConfigRefused>(context, [&](auto& b) {
    const auto digest = put(b, refusal.config_digest);
    const auto risks = b.CreateVectorOfStrings(refusal.risks);
    const auto names = b.CreateVectorOfStrings(refusal.secret_names);
    return schema::CreateConfigRefused(b, digest, risks, names);
  });
  draft.outcome = Outcome::Denied;
  draft.reason = refusal.reason;
  tag_secrets(draft, refusal.secret_names);
  return draft;
}

Result<std::optional<AcceptedConfig>> last_accepted_config(const LedgerReader& ledger,
                                                           std::string_view project) {
  std::optional<AcceptedConfig> accepted;
  PH_TRY(visit_history_of<schema::ConfigAccepted>(
      ledger, config_tag(project), [&](Seq seq, const auto& entry, const auto& event) {
        accepted = read_accepted(seq, entry.time_ns(), event);
        return false;
      }));
  return accepted;
}

}  // namespace phantom
