#include "cli/project_events.h"

#include "events/limits.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

using flatbuffers::FlatBufferBuilder;

// Room for the tags of actor, project and session.
constexpr std::size_t kNameTagsMax = kTagsMax - 3;

}  // namespace

Draft scripts_rewrite_requested(const Context& context, const ScriptsRewrite& rewrite) {
  return make_draft<schema::ScriptsRewriteRequested>(context, [&](FlatBufferBuilder& builder) {
    return schema::CreateScriptsRewriteRequestedDirect(builder, rewrite.action.c_str(),
                                                       rewrite.file.c_str(), rewrite.count);
  });
}

Draft scripts_rewrite_completed(const Context& context, Seq requested,
                                const ScriptsRewrite& rewrite, Ending ending) {
  Draft draft =
      make_draft<schema::ScriptsRewriteCompleted>(context, [&](FlatBufferBuilder& builder) {
        return schema::CreateScriptsRewriteCompletedDirect(builder, rewrite.action.c_str(),
                                                           rewrite.file.c_str(), rewrite.count);
      });
  draft.cause_seq = requested;
  draft.outcome = ending.outcome;
  draft.reason = ending.reason;
  return draft;
}

Draft check_scanned(const Context& context, const std::string& scope, std::uint64_t files,
                    std::uint64_t findings) {
  return make_draft<schema::CheckScanned>(context, [&](FlatBufferBuilder& builder) {
    return schema::CreateCheckScannedDirect(builder, scope.c_str(), files, findings);
  });
}

Draft env_exposed(const Context& context, const std::string& file,
                  const std::vector<std::string>& names) {
  Draft draft = make_draft<schema::EnvExposed>(context, [&](FlatBufferBuilder& builder) {
    const auto base = builder.CreateString(file);
    const auto list = builder.CreateVectorOfStrings(names);
    return schema::CreateEnvExposed(builder, base, list);
  });
  for (const std::string& name : names) {
    const std::string tag = secret_tag(context.project, name);
    const bool there = std::find(draft.tags.begin(), draft.tags.end(), tag) != draft.tags.end();
    if (!there && draft.tags.size() < kNameTagsMax) draft.tags.push_back(tag);
  }
  return draft;
}

}  // namespace phantom
