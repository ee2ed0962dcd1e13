#include "cli/actor.h"

#include <gtest/gtest.h>

#include <map>

namespace phantom {
namespace {

ActorSigns signs_of(const std::map<std::string, std::string>& variables, Stdin stdin_kind) {
  return read_actor_signs(
      [&](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      stdin_kind);
}

TEST(ActorSigns, AreAPersonAtATerminal) {
  EXPECT_EQ(signs_of({}, Stdin::kTerminal).kind, ActorKind::Human);
  EXPECT_EQ(signs_of({}, Stdin::kOther).kind, ActorKind::Unknown);
}

TEST(ActorSigns, AreAnAgentEvenAtATerminalAndInCi) {
  const ActorSigns signs = signs_of({{"CLAUDECODE", "1"}, {"CI", "true"}}, Stdin::kTerminal);
  EXPECT_EQ(signs.kind, ActorKind::Agent);
  EXPECT_EQ(signs.agent_tool, "claude-code");
  EXPECT_EQ(signs_of({{"CODEX_SANDBOX", "seatbelt"}}, Stdin::kOther).agent_tool, "codex");
  EXPECT_EQ(signs_of({{"CURSOR_TRACE_ID", "x"}}, Stdin::kOther).agent_tool, "cursor");
}

TEST(ActorSigns, AreCiUnlessItIsSwitchedOff) {
  EXPECT_EQ(signs_of({{"CI", "true"}}, Stdin::kTerminal).kind, ActorKind::Ci);
  EXPECT_EQ(signs_of({{"CI", "false"}}, Stdin::kTerminal).kind, ActorKind::Human);
  EXPECT_EQ(signs_of({{"CI", ""}}, Stdin::kTerminal).kind, ActorKind::Human);
}

}  // namespace
}  // namespace phantom
