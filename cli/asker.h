#pragma once
// Who asks, who answers, and whether they are the same. A person's answer counts only from a
// terminal the agent does not own; this is where that is decided. docs/THREAT-MODEL.md says what it
// cannot see.

#include "cli/actor.h"
#include "events/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// One process, as the kernel tells it. Number and start together name it for good, until the next
// boot.
struct ProcessFact {
  int pid = 0;
  std::uint64_t start_ticks = 0;
  int session_leader = 0;
  int terminal = 0;           // device number of the controlling terminal; 0: none
  std::string name;           // letters, digits, dots, dashes and underscores of it
  bool runs_session = false;  // it is a `phantom exec`
  std::string agent_tool;     // when its environment says that it belongs to an agent
};

// A process and those above it, the nearest first. The last one is the first process, or the last
// one that could be read.
using ProcessChain = std::vector<ProcessFact>;

// The chain of this process, or of another one. kIo when not even the process itself can be read.
Result<ProcessChain> read_process_chain();
Result<ProcessChain> read_process_chain(int pid);

// Processes that hold the other end of a pseudo-terminal: whoever reads and types there. Those of
// other users cannot be seen.
std::vector<int> holders_of_terminal(int terminal);

// The sealed field asker of approval.asked: this process and who started it, in text.
struct Asker {
  std::string boot_id;
  ProcessChain chain;
};
Result<std::string> read_asker();
std::string asker_text(const Asker& asker);
std::optional<Asker> parse_asker(std::string_view text);

// The one who answers.
struct Answerer {
  std::string boot_id;
  ProcessChain chain;
  std::vector<ProcessChain> terminal_holders;
  ActorSigns signs;          // of the environment
  bool in_session = false;   // variables of `phantom exec` are there
  bool on_terminal = false;  // standard input and output are terminals
};
Result<Answerer> read_answerer(const ReadVariable& variable);

// Why this answer is not a person's own, as a sentence; none when nothing speaks against it.
// `asker`: none for a grant in advance, where nobody asked. Pure.
std::optional<std::string> not_a_person(const Answerer& answerer,
                                        const std::optional<Asker>& asker);

}  // namespace phantom
