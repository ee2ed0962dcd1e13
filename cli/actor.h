#pragma once
// Who is at the other end, as far as the environment tells. Pure. A hint for the reader of the
// record, never a basis for a decision: whoever sets the variables decides what it says.

#include "events/draft.h"

#include <functional>
#include <string>

namespace phantom {

// Value of an environment variable, null when it is not set.
using ReadVariable = std::function<const char*(const char* name)>;

enum class Stdin { kTerminal, kOther };

struct ActorSigns {
  ActorKind kind = ActorKind::Unknown;
  std::string agent_tool;  // empty when no agent is known
};

ActorSigns read_actor_signs(const ReadVariable& variable, Stdin stdin_kind);

}  // namespace phantom
