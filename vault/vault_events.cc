#include "vault/vault_events.h"

#include "events/limits.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

using flatbuffers::FlatBufferBuilder;

// Room for the tags of actor, project, session and vault.
constexpr std::size_t kSecretTagsMax = kTagsMax - 4;

auto digest_offset(FlatBufferBuilder& builder, const Digest& digest) {
  return builder.CreateVector(digest.data(), digest.size());
}

void add_secret_tags(Draft& draft, const std::vector<std::string>& names) {
  const std::size_t count = std::min(names.size(), kSecretTagsMax);
  for (std::size_t i = 0; i < count; ++i) {
    std::string tag = secret_tag(draft.context.project, names[i]);
    if (std::find(draft.tags.begin(), draft.tags.end(), tag) == draft.tags.end()) {
      draft.tags.push_back(std::move(tag));
    }
  }
}

void end(Draft& draft, Seq requested, Ending ending) {
  draft.cause_seq = requested;
  draft.outcome = ending.outcome;
  draft.reason = ending.reason;
}

void add_change_tags(Draft& draft, const VaultChangeNote& note) {
  draft.tags.push_back(vault_tag(draft.context.project));
  std::vector<std::string> names;
  for (const SecretChangeNote& change : note.changes) {
    names.push_back(change.name);
    if (!change.former_name.empty()) names.push_back(change.former_name);
  }
  add_secret_tags(draft, names);
}

}  // namespace

Draft vault_change_requested(const Context& context, const VaultChangeNote& note) {
  Draft draft = make_draft<schema::VaultChangeRequested>(context, [&](FlatBufferBuilder& builder) {
    std::vector<flatbuffers::Offset<schema::SecretChange>> changes;
    for (const SecretChangeNote& change : note.changes) {
      const auto name = builder.CreateString(change.name);
      const auto action = builder.CreateString(change.action);
      flatbuffers::Offset<flatbuffers::String> former;
      if (!change.former_name.empty()) former = builder.CreateString(change.former_name);
      changes.push_back(schema::CreateSecretChange(builder, name, action, change.version, former,
                                                   static_cast<std::uint64_t>(change.expires_ns)));
    }
    const auto source = builder.CreateString(note.source);
    const auto list = builder.CreateVector(changes);
    flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> before;
    if (note.digest_before) before = digest_offset(builder, *note.digest_before);
    const auto after = digest_offset(builder, note.digest_after);
    return schema::CreateVaultChangeRequested(builder, source, list, note.vault_version, before,
                                              after);
  });
  add_change_tags(draft, note);
  return draft;
}

Draft vault_change_completed(const Context& context, Seq requested, const VaultChangeNote& note,
                             Ending ending) {
  Draft draft = make_draft<schema::VaultChangeCompleted>(context, [&](FlatBufferBuilder& builder) {
    const auto after = digest_offset(builder, note.digest_after);
    return schema::CreateVaultChangeCompleted(builder, note.vault_version, after);
  });
  add_change_tags(draft, note);
  end(draft, requested, ending);
  return draft;
}

Draft secret_opened(const Context& context, const std::vector<std::string>& names,
                    const std::string& purpose) {
  Draft draft = make_draft<schema::SecretOpened>(context, [&](FlatBufferBuilder& builder) {
    const auto list = builder.CreateVectorOfStrings(names);
    const auto text = builder.CreateString(purpose);
    return schema::CreateSecretOpened(builder, list, text);
  });
  add_secret_tags(draft, names);
  return draft;
}

Draft secret_expired(const Context& context, const std::vector<std::string>& names,
                     const std::string& purpose) {
  Draft draft = make_draft<schema::SecretExpired>(context, [&](FlatBufferBuilder& builder) {
    const auto list = builder.CreateVectorOfStrings(names);
    const auto text = builder.CreateString(purpose);
    return schema::CreateSecretExpired(builder, list, text);
  });
  add_secret_tags(draft, names);
  draft.outcome = Outcome::Denied;
  draft.reason = Reason::SecretExpired;
  return draft;
}

Draft secret_reveal_requested(const Context& context, const std::string& name,
                              std::uint64_t version, const std::string& method) {
  Draft draft = make_draft<schema::SecretRevealRequested>(context, [&](FlatBufferBuilder& builder) {
    const auto text = builder.CreateString(name);
    const auto way = builder.CreateString(method);
    return schema::CreateSecretRevealRequested(builder, text, version, way);
  });
  add_secret_tags(draft, {name});
  return draft;
}

Draft secret_reveal_completed(const Context& context, Seq requested, const std::string& name,
                              std::uint64_t version, const std::string& method, Ending ending) {
  Draft draft = make_draft<schema::SecretRevealCompleted>(context, [&](FlatBufferBuilder& builder) {
    const auto text = builder.CreateString(name);
    const auto way = builder.CreateString(method);
    return schema::CreateSecretRevealCompleted(builder, text, version, way);
  });
  add_secret_tags(draft, {name});
  end(draft, requested, ending);
  return draft;
}

Draft env_rewrite_requested(const Context& context, const std::string& file,
                            const std::vector<std::string>& names) {
  Draft draft = make_draft<schema::EnvRewriteRequested>(context, [&](FlatBufferBuilder& builder) {
    const auto base = builder.CreateString(file);
    const auto list = builder.CreateVectorOfStrings(names);
    return schema::CreateEnvRewriteRequested(builder, base, list);
  });
  add_secret_tags(draft, names);
  return draft;
}

Draft env_rewrite_completed(const Context& context, Seq requested, const std::string& file,
                            std::uint32_t count, Ending ending) {
  Draft draft = make_draft<schema::EnvRewriteCompleted>(context, [&](FlatBufferBuilder& builder) {
    const auto base = builder.CreateString(file);
    return schema::CreateEnvRewriteCompleted(builder, base, count);
  });
  end(draft, requested, ending);
  return draft;
}

Draft vault_unlocked(const Context& context, const std::string& method) {
  return make_draft<schema::VaultUnlocked>(context, [&](FlatBufferBuilder& builder) {
    const auto text = builder.CreateString(method);
    return schema::CreateVaultUnlocked(builder, text);
  });
}

Draft vault_unlock_failed(const Context& context, const std::string& method, Reason reason) {
  Draft draft = make_draft<schema::VaultUnlockFailed>(context, [&](FlatBufferBuilder& builder) {
    const auto text = builder.CreateString(method);
    return schema::CreateVaultUnlockFailed(builder, text);
  });
  draft.outcome = Outcome::Failed;
  draft.reason = reason;
  return draft;
}

Draft vault_key_kept(const Context& context, const std::string& place) {
  return make_draft<schema::VaultKeyKept>(context, [&](FlatBufferBuilder& builder) {
    const auto text = builder.CreateString(place);
    return schema::CreateVaultKeyKept(builder, text);
  });
}

Draft vault_key_forgotten(const Context& context, const std::string& place) {
  return make_draft<schema::VaultKeyForgotten>(context, [&](FlatBufferBuilder& builder) {
    const auto text = builder.CreateString(place);
    return schema::CreateVaultKeyForgotten(builder, text);
  });
}

Draft project_initialised(const Context& context, const Digest& config_digest,
                          std::uint32_t protected_count) {
  return make_draft<schema::ProjectInitialised>(context, [&](FlatBufferBuilder& builder) {
    const auto digest = digest_offset(builder, config_digest);
    return schema::CreateProjectInitialised(builder, digest, protected_count);
  });
}

}  // namespace phantom
