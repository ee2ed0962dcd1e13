#pragma once
// What `phantom check` looks at and what it finds: plain data between its parts.

#include "events/result.h"
#include "vault/secret_rules.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// Lines that count, first and last, in order. None: all do.
struct LineRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
};

// One text to look through: a file, or an object of the repository.
struct CheckItem {
  std::string path;       // as it is shown: relative to the work tree
  std::string file;       // where it is read; empty for an object
  std::string object;     // its id
  std::string commit;     // the first that has it, when history is looked at
  bool modified = false;  // was there before; only added lines count
};

// The next items; none when there are no more. Called by one thread at a time.
using NextItems = std::function<Result<std::vector<CheckItem>>()>;

// A secret in a text, without its value.
struct CheckFinding {
  const SecretRule* rule = nullptr;
  std::string path;
  std::string commit;
  std::uint64_t line = 1;
  std::uint64_t column = 1;
  std::uint64_t column_end = 1;
  std::string masked;     // "ghp_... (40 characters)"
  std::string name;       // what it is assigned to
  std::uint64_t nth = 0;  // among those of this rule and name in this text
  // Tells this value from others, for those that nobody can guess; empty for the rest.
  std::string value_tag;
};

struct SkippedItem {
  std::string path;
  std::string reason;
};

// What a commit does to where a project's secrets go (cli/check_config.h).
struct ConfigProblem {
  std::string path;
  std::uint64_t line = 1;
  std::string rule;      // config- and a name of a rule of route_risk.h, or of check_config.h
  std::string level;     // refuse, accept, warn; only the first one stops a commit
  std::string sentence;  // has text of the file in it
};

struct CheckResult {
  std::vector<CheckFinding> findings;  // by path and place
  std::vector<ConfigProblem> config;   // by path
  std::vector<SkippedItem> skipped;    // not looked at, though they should have been
  std::uint64_t texts = 0;
  std::uint64_t bytes = 0;
  std::uint64_t binary = 0;
  std::uint64_t accepted = 0;  // known from the baseline
  bool more = false;           // there were more findings than are kept
};

}  // namespace phantom
