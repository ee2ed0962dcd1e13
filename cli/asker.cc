#include "cli/asker.h"

#include "events/clock.h"
#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kChainMax = 32;
constexpr std::string_view kHeader = "phantom/asker/v1";

bool same_process(const ProcessFact& left, const ProcessFact& right) {
  return left.pid == right.pid && left.start_ticks == right.start_ticks;
}

// The processes that are the agent's: the one that asked, the client that started it and, as far
// as they share the client's terminal, those above it. A terminal program or a desktop is above
// agent and person alike and has no controlling terminal itself, so it is not among them.
ProcessChain agent_side(const ProcessChain& chain) {
  ProcessChain side;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (i >= 2) {
      const ProcessFact& client = chain[1];
      const bool same_place = client.terminal != 0 && chain[i].terminal == client.terminal &&
                              chain[i].session_leader == client.session_leader;
      if (!same_place) break;
    }
    // Started by the system itself: nobody's.
    if (i >= 1 && chain[i].pid <= 1) break;
    side.push_back(chain[i]);
  }
  return side;
}

std::optional<std::string> belongs_to_agent(const ProcessChain& chain, const ProcessChain& side,
                                            const char* what) {
  for (const ProcessFact& process : chain) {
    if (process.runs_session) {
      return std::string(what) + " runs inside a 'phantom exec' session";
    }
    if (!process.agent_tool.empty()) {
      return std::string(what) + " was started by " + process.agent_tool;
    }
    for (const ProcessFact& agents : side) {
      if (same_process(process, agents)) {
        return std::string(what) + " was started by the program that asks (" + agents.name +
               ", process " + std::to_string(agents.pid) + ")";
      }
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> next_number(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::optional<std::uint64_t> number = parse_decimal(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return number;
}

}  // namespace

std::string asker_text(const Asker& asker) {
  std::string text = std::string(kHeader) + "\nboot " + asker.boot_id + "\n";
  for (std::size_t i = 0; i < std::min(asker.chain.size(), kChainMax); ++i) {
    const ProcessFact& process = asker.chain[i];
    text += "process " + std::to_string(process.pid) + ' ' + std::to_string(process.start_ticks) +
            ' ' + std::to_string(process.session_leader) + ' ' + std::to_string(process.terminal) +
            ' ' + process.name + '\n';
  }
  return text;
}

std::optional<Asker> parse_asker(std::string_view text) {
  Asker asker;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 0) {
      if (line != kHeader) return std::nullopt;
    } else if (number == 1) {
      if (!line.starts_with("boot ")) return std::nullopt;
      asker.boot_id = line.substr(5);
    } else {
      if (!line.starts_with("process ") || asker.chain.size() == kChainMax) return std::nullopt;
      line.remove_prefix(8);
      const auto pid = next_number(line);
      const auto start = next_number(line);
      const auto leader = next_number(line);
      const auto terminal = next_number(line);
      constexpr std::uint64_t kIntMax = 0x7fffffff;
      if (!pid || !start || !leader || !terminal || *pid > kIntMax || *leader > kIntMax ||
          *terminal > kIntMax) {
        return std::nullopt;
      }
      ProcessFact process;
      process.pid = static_cast<int>(*pid);
      process.start_ticks = *start;
      process.session_leader = static_cast<int>(*leader);
      process.terminal = static_cast<int>(*terminal);
      process.name = line;
      asker.chain.push_back(std::move(process));
    }
    ++number;
  }
  if (asker.chain.empty()) return std::nullopt;
  return asker;
}

Result<std::string> read_asker() {
  PH_ASSIGN(ProcessChain chain, read_process_chain());
  return asker_text({system_clock().boot_id(), std::move(chain)});
}

std::optional<std::string> not_a_person(const Answerer& answerer,
                                        const std::optional<Asker>& asker) {
  if (!answerer.on_terminal) return "there is no terminal, so this is no person";
  if (answerer.signs.kind == ActorKind::Agent) {
    return "the environment says that " + answerer.signs.agent_tool + " runs this";
  }
  if (answerer.signs.kind == ActorKind::Ci) return "the environment says that this is a CI job";
  if (answerer.in_session) return "this runs inside a 'phantom exec' session";
  if (answerer.chain.empty() || answerer.chain.front().terminal == 0) {
    return "this process has no terminal of its own";
  }
  ProcessChain side;
  // After a restart of the machine none of the processes that asked is there.
  if (asker && asker->boot_id == answerer.boot_id) side = agent_side(asker->chain);
  if (auto why = belongs_to_agent(answerer.chain, side, "this command")) return why;
  const ProcessFact& self = answerer.chain.front();
  for (const ProcessFact& agents : side) {
    if (agents.session_leader == self.session_leader || agents.terminal == self.terminal) {
      return "this is the terminal of the program that asks (" + agents.name + ", process " +
             std::to_string(agents.pid) + ")";
    }
  }
  for (const ProcessChain& holder : answerer.terminal_holders) {
    if (auto why = belongs_to_agent(holder, side, "the program behind this terminal")) return why;
  }
  return std::nullopt;
}

}  // namespace phantom
