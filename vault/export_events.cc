#include "vault/export_events.h"

#include "events/limits.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

using flatbuffers::FlatBufferBuilder;

// Room for the tags of actor, project, session and vault.
constexpr std::size_t kSecretTagsMax = kTagsMax - 4;

void add_secret_tags(Draft& draft, const std::vector<std::string>& names) {
  const std::size_t count = std::min(names.size(), kSecretTagsMax);
  for (std::size_t i = 0; i < count; ++i) {
    draft.tags.push_back(secret_tag(draft.context.project, names[i]));
  }
}

}  // namespace

Draft secret_export_requested(const Context& context, const std::vector<std::string>& names,
                              const std::string& format) {
  Draft draft = make_draft<schema::SecretExportRequested>(context, [&](FlatBufferBuilder& builder) {
    const auto list = builder.CreateVectorOfStrings(names);
    const auto text = builder.CreateString(format);
    return schema::CreateSecretExportRequested(builder, list, text);
  });
  add_secret_tags(draft, names);
  return draft;
}

Draft secret_export_completed(const Context& context, Seq requested,
                              const std::vector<std::string>& names, const std::string& format,
                              const Digest& file, Ending ending) {
  Draft draft = make_draft<schema::SecretExportCompleted>(context, [&](FlatBufferBuilder& builder) {
    const auto list = builder.CreateVectorOfStrings(names);
    const auto text = builder.CreateString(format);
    flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> digest;
    if (ending.outcome == Outcome::Ok) digest = builder.CreateVector(file.data(), file.size());
    return schema::CreateSecretExportCompleted(builder, list, text, digest);
  });
  add_secret_tags(draft, names);
  draft.cause_seq = requested;
  draft.outcome = ending.outcome;
  draft.reason = ending.reason;
  return draft;
}

}  // namespace phantom
