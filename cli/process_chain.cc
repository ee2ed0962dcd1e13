// Reading /proc for cli/asker.h.

#include "cli/asker.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "ledger/home.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChainMax = 64;
constexpr std::size_t kProcFileBytesMax = 1'048'576;
constexpr std::size_t kNameBytesMax = 40;

std::optional<std::string> read_proc(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text;
  char buffer[4'096];
  while (text.size() < kProcFileBytesMax && in.read(buffer, sizeof buffer).gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, kNameBytesMax)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == '_';
    plain += good ? c : '_';
  }
  return plain.empty() ? "_" : plain;
}

template <class Number>
Number number_of(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The strings of a file that ends each with a zero byte.
std::vector<std::string_view> zero_ended(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// The first word after the program that is no option is exec, and the program is a phantom.
bool is_exec_session(std::string_view name, const std::vector<std::string_view>& command_line) {
  if (!name.starts_with("phantom")) return false;
  for (std::size_t i = 1; i < command_line.size(); ++i) {
    if (command_line[i].starts_with('-')) continue;
    return command_line[i] == "exec";
  }
  return false;
}

struct Read {
  ProcessFact fact;
  int parent = 0;
};

std::optional<Read> read_process(int pid) {
  const fs::path directory = fs::path("/proc") / std::to_string(pid);
  const std::optional<std::string> stat = read_proc(directory / "stat");
  if (!stat) return std::nullopt;
  // "pid (name) state ppid pgrp session tty ..."; the name may hold anything, parentheses too.
  const std::size_t open = stat->find('(');
  const std::size_t close = stat->rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  std::vector<std::string_view> fields;
  std::string_view rest = std::string_view(*stat).substr(close + 1);
  while (!rest.empty()) {
    const std::size_t start = rest.find_first_not_of(" \n");
    if (start == std::string_view::npos) break;
    rest.remove_prefix(start);
    const std::size_t end = std::min(rest.find_first_of(" \n"), rest.size());
    fields.push_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  constexpr std::size_t kParent = 1, kSession = 3, kTerminal = 4, kStart = 19;
  if (fields.size() <= kStart) return std::nullopt;
  Read read;
  const std::string name = stat->substr(open + 1, close - open - 1);
  read.fact.pid = pid;
  read.fact.start_ticks = number_of<std::uint64_t>(fields[kStart]);
  read.fact.session_leader = number_of<int>(fields[kSession]);
  read.fact.terminal = number_of<int>(fields[kTerminal]);
  read.fact.name = plain_name(name);
  read.parent = number_of<int>(fields[kParent]);
  if (const auto line = read_proc(directory / "cmdline")) {
    read.fact.runs_session = is_exec_session(name, zero_ended(*line));
  }
  // Only readable for processes of the same user, and not for those that protect themselves.
  if (const auto text = read_proc(directory / "environ")) {
    const std::vector<std::string_view> variables = zero_ended(*text);
    std::string found;
    const auto variable = [&](const char* wanted) -> const char* {
      const std::string prefix = std::string(wanted) + "=";
      for (const std::string_view each : variables) {
        if (!each.starts_with(prefix)) continue;
        found = each.substr(prefix.size());
        return found.c_str();
      }
      return nullptr;
    };
    const ActorSigns signs = read_actor_signs(variable, Stdin::kOther);
    if (signs.kind == ActorKind::Agent) read.fact.agent_tool = signs.agent_tool;
  }
  return read;
}

}  // namespace

Result<ProcessChain> read_process_chain(int pid) {
  ProcessChain chain;
  while (pid > 0 && chain.size() < kChainMax) {
    std::optional<Read> read = read_process(pid);
    if (!read) break;
    chain.push_back(std::move(read->fact));
    pid = read->parent;
  }
  if (chain.empty()) {
    return Error{Code::kIo, "the process cannot be read under /proc",
                 "phantom needs /proc to tell a person from an agent"};
  }
  return chain;
}

Result<ProcessChain> read_process_chain() { return read_process_chain(::getpid()); }

std::vector<int> holders_of_terminal(int terminal) {
  // Unix98 slaves: majors 136 to 143. Anything else has no other end that a program could hold.
  constexpr unsigned kFirstMajor = 136, kLastMajor = 143;
  const unsigned major_number = major(static_cast<dev_t>(terminal));
  if (major_number < kFirstMajor || major_number > kLastMajor) return {};
  const unsigned index = (major_number - kFirstMajor) * 256 + minor(static_cast<dev_t>(terminal));
  const std::string wanted = "tty-index:\t" + std::to_string(index) + "\n";
  std::vector<int> holders;
  std::error_code code;
  for (const fs::directory_entry& process : fs::directory_iterator("/proc", code)) {
    const int pid = number_of<int>(process.path().filename().string());
    if (pid <= 0) continue;
    std::error_code unreadable;
    for (const fs::directory_entry& file :
         fs::directory_iterator(process.path() / "fd", unreadable)) {
      const fs::path target = fs::read_symlink(file.path(), unreadable);
      if (target != "/dev/ptmx" && target != "/dev/pts/ptmx") continue;
      const auto info = read_proc(process.path() / "fdinfo" / file.path().filename());
      if (info && info->find(wanted) != std::string::npos) {
        holders.push_back(pid);
        break;
      }
    }
  }
  return holders;
}

Result<Answerer> read_answerer(const ReadVariable& variable) {
  Answerer answerer;
  answerer.boot_id = system_clock().boot_id();
  PH_ASSIGN(answerer.chain, read_process_chain());
  for (const int holder : holders_of_terminal(answerer.chain.front().terminal)) {
    if (Result<ProcessChain> chain = read_process_chain(holder); chain.ok()) {
      answerer.terminal_holders.push_back(std::move(*chain));
    }
  }
  answerer.on_terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  answerer.signs =
      read_actor_signs(variable, answerer.on_terminal ? Stdin::kTerminal : Stdin::kOther);
  answerer.in_session = variable("PHANTOM_PROXY_TOKEN") != nullptr;
  return answerer;
}

}  // namespace phantom
