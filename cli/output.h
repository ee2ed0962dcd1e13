#pragma once
// phantom's voice. Results go to stdout and nothing else does; all that is said to the person goes
// to stderr as "phantom: ..." and "phantom: hint: ...".

#include "events/result.h"

#include <cstdio>
#include <string>
#include <string_view>

namespace phantom {

// What a shell sees. sysexits where there is one for it.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,           // evidence contradicts itself
  kExitUsage = 2,            // the command line is wrong
  kExitIndeterminate = 3,    // a needed input is missing
  kExitPolicy = 4,           // integrity holds, a rule or a hold in force says no
  kExitData = 65,            // the input is wrong
  kExitNoInput = 66,         // the thing is not there
  kExitExists = 73,          // the thing is already there
  kExitInternal = 70,        // a bug
  kExitIo = 74,              // the operating system said no
  kExitTemporary = 75,       // try again
  kExitDenied = 77,          // not allowed
  kExitCannotRun = 126,      // exec: the command is not a program
  kExitCommandMissing = 127  // exec: there is no such command
};

// Exit code of a command that ended with this error.
int exit_code_of(Code code);
// The table for --help and docs/COMMANDS.md.
std::string exit_code_table();

// Removes what a terminal would act on; keeps line breaks out of one-line messages.
std::string one_line(std::string_view text);

class Output {
 public:
  Output(std::FILE* out, std::FILE* err) : out_(out), err_(err) {}

  void result(std::string_view text) { write(out_, text); }  // as it is
  void line(std::string_view text);                          // with a line break
  void note(std::string_view text);
  void hint(std::string_view text);
  void error(const Error& error);
  // Results so far to where they go; false when nobody reads them any more.
  bool flush();
  // kIo when something of the results did not reach its destination.
  Status finish();

  bool out_is_terminal() const;
  // `text` in red, green or bold when stdout is a terminal and NO_COLOR is unset.
  std::string bold(std::string_view text) const { return coloured(text, "1"); }
  std::string red(std::string_view text) const { return coloured(text, "31"); }
  std::string green(std::string_view text) const { return coloured(text, "32"); }

 private:
  void write(std::FILE* stream, std::string_view text);
  void note_write_error();
  std::string coloured(std::string_view text, const char* code) const;

  std::FILE* out_;
  std::FILE* err_;
  bool failed_ = false;
  bool reader_gone_ = false;
};

}  // namespace phantom
