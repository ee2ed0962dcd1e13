#pragma once
// Runs another program and takes what it prints, for programs that answer quickly.

#include "events/result.h"
#include "events/types.h"

#include <chrono>
#include <functional>
#include <poll.h>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct ProgramRun {
  std::vector<std::string> argv;         // no shell sees it; argv[0] is looked up in PATH
  std::vector<std::string> environment;  // NAME=value; nothing else of this process's
  std::string input = {};
  std::chrono::milliseconds time_max{30'000};
  std::size_t output_bytes_max = 4 << 20;
  // The program is killed, with all it had started, when one of these has one of its events.
  std::vector<pollfd> until = {};
  // Lines of its standard error that this returns true for are not kept.
  std::function<bool(std::string_view line)> take_line = {};
};

struct ProgramEnd {
  int exit_code = 0;   // -1 when a signal ended it
  std::string output;  // its standard output
  std::string errors;  // the start of its standard error, for messages
};

// kNotFound: no such program. kBusy: it took too long and was killed, with all it had started.
// kLimit: it printed more than was allowed. kClosed: one of `until` became ready. kIo.
Result<ProgramEnd> run_program(const ProgramRun& run);

}  // namespace phantom
