#pragma once
// Producers of the events of a session: arguments in, draft out.

#include "events/draft.h"

namespace phantom {

struct SessionStart {
  std::vector<std::string> argv;  // sealed
  std::string cwd;                // sealed
  std::uint16_t proxy_port = 0;
  std::vector<std::string> token_channels;
  std::vector<std::string> services;
  std::vector<std::string> secret_names;
  Digest config_digest{};
};

struct SessionEnd {
  int exit_code = 0;  // -1 when a signal ended the command
  int signal = 0;
  std::uint64_t requests = 0;
  std::uint64_t denied = 0;
};

// A command that was not run.
struct SessionRefusal {
  std::string program;  // as it was asked for; its base name is recorded
  Digest config_digest{};
  Reason reason = Reason::None;
};

// `context.session` names the session in all of them.
Draft session_started(const Context& context, const SessionStart& start);
Draft session_ended(const Context& context, const SessionEnd& end, Seq started_seq);
Draft session_refused(const Context& context, const SessionRefusal& refusal);

}  // namespace phantom
