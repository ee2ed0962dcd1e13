#include "proxy/sync_events.h"

#include "events/envelope.h"
#include "events/limits.h"
#include "events/producers.h"
#include "ledger/reader.h"
#include "ledger/typed_history.h"
#include "schema/events_generated.h"

#include <algorithm>
#include <optional>

namespace phantom {
namespace {

void tag_secret(Draft& draft, const std::string& full_name) {
  constexpr std::size_t kSpareTags = 16;  // project, session, actor and the like
  if (draft.tags.size() + kSpareTags >= kTagsMax) return;
  draft.tags.push_back(secret_tag(draft.context.project, full_name));
}

void end_as(Draft& draft, Seq requested, const SyncEnding& ending) {
  draft.cause_seq = requested;
  draft.outcome = Outcome::Failed;
  switch (ending.result) {
    case PlatformResult::kDone:
      draft.outcome = Outcome::Ok;
      draft.reason = Reason::None;
      break;
    case PlatformResult::kRateLimited:
      draft.reason = Reason::RateLimited;
      break;
    case PlatformResult::kUncertain:
      draft.outcome = Outcome::Unknown;
      draft.reason = Reason::RemoteUnreachable;
      break;
    case PlatformResult::kUnreachable:
    case PlatformResult::kServerError:
      draft.reason = Reason::RemoteUnreachable;
      break;
    case PlatformResult::kConflict:
      draft.reason = Reason::Conflict;
      break;
    default:
      draft.reason = Reason::RemoteRefused;
  }
}

std::string text_or_empty(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

}  // namespace

Draft sync_item_requested(const Context& context, const SyncTarget& target,
                          const SyncItemFacts& facts) {
  PH_CHECK(!context.project.empty(), "secrets are synced within a project");
  Draft draft = make_draft<schema::SyncItemRequested>(context, [&](auto& b) {
    const auto platform = b.CreateString(target.config.platform);
    const auto project = b.CreateString(target.config.project);
    const auto places = b.CreateString(target.places_text());
    const auto secret = b.CreateString(facts.secret_name);
    const auto action = b.CreateString(write_action_name(facts.action));
    return schema::CreateSyncItemRequested(b, platform, project, places, secret,
                                           facts.secret_version, action);
  });
  tag_secret(draft, facts.secret_name);
  return draft;
}

Draft sync_item_completed(const Context& context, Seq requested, const SyncTarget& target,
                          const SyncItemFacts& facts, const SyncEnding& ending) {
  PH_CHECK(!context.project.empty(), "secrets are synced within a project");
  Draft draft = make_draft<schema::SyncItemCompleted>(context, [&](auto& b) {
    const auto platform = b.CreateString(target.config.platform);
    const auto project = b.CreateString(target.config.project);
    const auto places = b.CreateString(target.places_text());
    const auto secret = b.CreateString(facts.secret_name);
    const auto action = b.CreateString(write_action_name(facts.action));
    return schema::CreateSyncItemCompleted(
        b, platform, project, places, secret, facts.secret_version, action,
        static_cast<std::uint16_t>(ending.http_status), ending.attempts);
  });
  end_as(draft, requested, ending);
  tag_secret(draft, facts.secret_name);
  return draft;
}

Draft sync_pull_requested(const Context& context, const SyncTarget& target) {
  PH_CHECK(!context.project.empty(), "secrets are pulled into a project");
  return make_draft<schema::SyncPullRequested>(context, [&](auto& b) {
    const auto platform = b.CreateString(target.config.platform);
    const auto project = b.CreateString(target.config.project);
    const auto places = b.CreateString(target.places_text());
    return schema::CreateSyncPullRequested(b, platform, project, places);
  });
}

Draft sync_pull_completed(const Context& context, Seq requested, const SyncTarget& target,
                          const std::vector<std::string>& secret_names, const SyncEnding& ending) {
  PH_CHECK(!context.project.empty(), "secrets are pulled into a project");
  Draft draft = make_draft<schema::SyncPullCompleted>(context, [&](auto& b) {
    const auto platform = b.CreateString(target.config.platform);
    const auto project = b.CreateString(target.config.project);
    const auto places = b.CreateString(target.places_text());
    const auto names = b.CreateVectorOfStrings(secret_names);
    return schema::CreateSyncPullCompleted(b, platform, project, places, names,
                                           static_cast<std::uint16_t>(ending.http_status));
  });
  end_as(draft, requested, ending);
  for (const std::string& name : secret_names) tag_secret(draft, name);
  return draft;
}

Result<bool> is_synced_there(const LedgerReader& ledger, const std::string& project,
                             const SyncTarget& target, const std::string& full_name) {
  bool synced = false;
  const Status walked = visit_history_of<schema::SyncItemCompleted>(
      ledger, secret_tag(project, full_name), [&](Seq, const auto&, const auto& event) {
        if (text_or_empty(event.platform()) != target.config.platform ||
            text_or_empty(event.remote_project()) != target.config.project ||
            text_or_empty(event.remote_environment()) != target.places_text() ||
            text_or_empty(event.secret_name()) != full_name) {
          return true;
        }
        synced = text_or_empty(event.action()) != write_action_name(WriteAction::kDelete);
        return false;
      });
  // Removed events prove nothing: what they may have said counts as not said.
  if (!walked.ok() && walked.error().code != Code::kNotFound) return walked.error();
  return synced;
}

}  // namespace phantom
