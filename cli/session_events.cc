#include "cli/session_events.h"

#include "events/encoding.h"
#include "events/limits.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <filesystem>

namespace phantom {
namespace {

// One line per argument, so that arguments with spaces stay apart.
std::string argv_text(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& argument : argv) {
    text += argument;
    text += '\n';
  }
  if (text.size() > kSealedPlainBytesMax) text.resize(kSealedPlainBytesMax);
  return text;
}

std::string base_name(const std::string& program) {
  return escape_terminal(std::filesystem::path(program).filename().string().substr(0, 100));
}

}  // namespace

Draft session_started(const Context& context, const SessionStart& start) {
  Draft draft =
      make_draft<schema::SessionStarted>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const std::string command = start.argv.empty() ? "" : base_name(start.argv[0]);
        const auto name = builder.CreateString(command);
        const auto channels = builder.CreateVectorOfStrings(start.token_channels);
        const auto services = builder.CreateVectorOfStrings(start.services);
        const auto secrets = builder.CreateVectorOfStrings(start.secret_names);
        const auto digest =
            builder.CreateVector(start.config_digest.data(), start.config_digest.size());
        return schema::CreateSessionStarted(builder, name, start.proxy_port, channels, services,
                                            secrets, digest);
      });
  for (const std::string& name : start.secret_names) {
    draft.tags.push_back(secret_tag(context.project, name));
  }
  draft.to_seal.push_back({"argv", argv_text(start.argv)});
  draft.to_seal.push_back({"cwd", start.cwd.substr(0, kSealedPlainBytesMax)});
  return draft;
}

Draft session_refused(const Context& context, const SessionRefusal& refusal) {
  Draft draft =
      make_draft<schema::SessionRefused>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const auto name = builder.CreateString(base_name(refusal.program));
        const auto digest =
            builder.CreateVector(refusal.config_digest.data(), refusal.config_digest.size());
        return schema::CreateSessionRefused(builder, name, digest);
      });
  draft.outcome = Outcome::Denied;
  draft.reason = refusal.reason;
  return draft;
}

Draft session_ended(const Context& context, const SessionEnd& end, Seq started_seq) {
  Draft draft =
      make_draft<schema::SessionEnded>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateSessionEndedDirect(builder, end.signal != 0 ? "interrupted" : "clean",
                                                end.exit_code, end.signal, end.requests,
                                                end.denied);
      });
  draft.cause_seq = started_seq;
  if (end.signal != 0) {
    draft.outcome = Outcome::Failed;
    draft.reason = Reason::Interrupted;
  } else if (end.exit_code != 0) {
    draft.outcome = Outcome::Failed;
  }
  return draft;
}

}  // namespace phantom
