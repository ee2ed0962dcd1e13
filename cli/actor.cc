#include "cli/actor.h"

#include <string_view>

namespace phantom {
namespace {

struct AgentSign {
  const char* variable;
  const char* tool;
};

// Set by the tools themselves in the shells they start.
constexpr AgentSign kAgents[] = {
    {"CLAUDECODE", "claude-code"},
    {"CLAUDE_CODE_ENTRYPOINT", "claude-code"},
    {"CODEX_SANDBOX", "codex"},
    {"CODEX_THREAD_ID", "codex"},
    {"CODEX_SANDBOX_NETWORK_DISABLED", "codex"},
    {"CURSOR_AGENT", "cursor"},
    {"CURSOR_TRACE_ID", "cursor"},
    {"GEMINI_CLI", "gemini-cli"},
    {"OPENCODE", "opencode"},
    {"AIDER_MODEL", "aider"},
};

bool is_set(const ReadVariable& variable, const char* name) {
  const char* value = variable(name);
  return value != nullptr && *value != '\0' && std::string_view(value) != "0" &&
         std::string_view(value) != "false";
}

}  // namespace

ActorSigns read_actor_signs(const ReadVariable& variable, Stdin stdin_kind) {
  for (const AgentSign& sign : kAgents) {
    if (is_set(variable, sign.variable)) return {ActorKind::Agent, sign.tool};
  }
  if (is_set(variable, "CI")) return {ActorKind::Ci, ""};
  if (stdin_kind == Stdin::kTerminal) return {ActorKind::Human, ""};
  return {ActorKind::Unknown, ""};
}

}  // namespace phantom
