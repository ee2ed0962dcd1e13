#include "vault/vault_events.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "schema/events_generated.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom {
namespace {

Context project_context() {
  Context context;
  context.actor_id = "a1";
  context.session = "s1";
  context.project = "demo";
  return context;
}

bool has_tag(const Draft& draft, const std::string& tag) {
  return std::find(draft.tags.begin(), draft.tags.end(), tag) != draft.tags.end();
}

template <class T>
const T& payload_of(const Draft& draft) {
  PH_CHECK(check_payload(event_no<T>(), draft.payload).ok(), "payload of another type");
  return *flatbuffers::GetRoot<T>(draft.payload.data());
}

TEST(VaultEvents, EveryProducerMakesASoundDraftOfItsType) {
  const Context context = project_context();
  VaultChangeNote note;
  note.changes = {{"KEY", "created", 1, "", 0}, {"NEW", "renamed", 2, "OLD", 5}};
  const std::pair<Draft, std::string> drafts[] = {
      {vault_change_requested(context, note), "vault.change.requested"},
      {vault_change_completed(context, 1, note, {}), "vault.change.completed"},
      {secret_opened(context, {"KEY"}, "exec"), "secret.opened"},
      {secret_expired(context, {"KEY"}, "exec"), "secret.expired"},
      {vault_key_kept(context, "secret-service"), "vault.key_kept"},
      {vault_key_forgotten(context, "secret-service"), "vault.key_forgotten"},
      {secret_reveal_requested(context, "KEY", 1, "screen"), "secret.reveal.requested"},
      {secret_reveal_completed(context, 1, "KEY", 1, "screen", {}), "secret.reveal.completed"},
      {env_rewrite_requested(context, ".env", {"KEY"}), "env.rewrite.requested"},
      {env_rewrite_completed(context, 1, ".env", 1, {}), "env.rewrite.completed"},
      {vault_unlocked(context, "key-file"), "vault.unlocked"},
      {vault_unlock_failed(context, "key-file", Reason::WrongPassphrase), "vault.unlock_failed"},
      {project_initialised(context, Digest{}, 1), "project.initialised"},
  };
  for (auto& [sample, name] : drafts) {
    EXPECT_EQ(find_event(sample.type)->name, name);
    EXPECT_TRUE(check_payload(sample.type, sample.payload).ok()) << name;
    EXPECT_TRUE(has_tag(sample, "project:demo") && has_tag(sample, "session:s1") &&
                has_tag(sample, "actor:a1"))
        << name;
    Draft draft = sample;
    draft.id.fill(1);
    const Status sound = check_draft(draft);
    EXPECT_TRUE(sound.ok()) << name << sound.error().message;
    EXPECT_EQ(sample.cause_seq.has_value(), name.ends_with(".completed")) << name;
  }
}

TEST(VaultEvents, AChangeIsFiledUnderVaultAndSecrets) {
  VaultChangeNote note;
  note.source = "add";
  note.changes = {{"KEY", "updated", 4}, {"OTHER", "deleted", 2}};
  note.vault_version = 9;
  note.digest_after.fill(7);
  const Draft draft = vault_change_requested(project_context(), note);
  EXPECT_TRUE(has_tag(draft, "vault:demo"));
  EXPECT_TRUE(has_tag(draft, "secret:demo/KEY"));
  EXPECT_TRUE(has_tag(draft, "secret:demo/OTHER"));
  const auto& change = payload_of<schema::VaultChangeRequested>(draft);
  EXPECT_EQ(change.source()->str(), "add");
  EXPECT_EQ(change.vault_version(), 9U);
  ASSERT_EQ(change.changes()->size(), 2U);
  EXPECT_EQ(change.changes()->Get(0)->version(), 4U);
  EXPECT_EQ(change.changes()->Get(1)->action()->str(), "deleted");
  EXPECT_EQ(change.digest_before(), nullptr);
  EXPECT_EQ(change.digest_after()->Get(31), 7);
}

TEST(VaultEvents, AnEndingCarriesCauseOutcomeAndReason) {
  const Draft draft =
      vault_change_completed(project_context(), 12, {}, {Outcome::Failed, Reason::Interrupted});
  EXPECT_EQ(draft.cause_seq, Seq{12});
  EXPECT_EQ(draft.outcome, Outcome::Failed);
  EXPECT_EQ(draft.reason, Reason::Interrupted);
}

TEST(VaultEvents, ManyNamesStayWithinTheBoundOnTags) {
  std::vector<std::string> names;
  for (int i = 0; i < 400; ++i) names.push_back("KEY_" + std::to_string(i));
  Draft draft = env_rewrite_requested(project_context(), ".env", names);
  draft.id.fill(1);
  EXPECT_TRUE(check_draft(draft).ok());
  EXPECT_EQ(payload_of<schema::EnvRewriteRequested>(draft).secret_names()->size(), 400U);
}

}  // namespace
}  // namespace phantom
