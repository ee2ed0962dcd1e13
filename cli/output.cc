#include "cli/output.h"

#include "events/encoding.h"

#include <cerrno>
#include <cstdlib>
#include <unistd.h>

namespace phantom {
namespace {

struct CodeRow {
  Code code;
  int exit_code;
};

constexpr CodeRow kCodes[] = {
    {Code::kInvalid, kExitData},
    {Code::kNotFound, kExitNoInput},
    {Code::kExists, kExitExists},
    {Code::kConflict, kExitTemporary},
    {Code::kDenied, kExitDenied},
    {Code::kBusy, kExitTemporary},
    {Code::kLimit, kExitIo},
    {Code::kCorrupt, kExitFailed},
    {Code::kIo, kExitIo},
    {Code::kIndeterminate, kExitIndeterminate},
    {Code::kClosed, kExitTemporary},
    {Code::kUnsupported, kExitIndeterminate},
    {Code::kInternal, kExitInternal},
};

struct MeaningRow {
  int exit_code;
  const char* meaning;
};

constexpr MeaningRow kMeanings[] = {
    {kExitOk, "done; for verify: VERIFIED"},
    {kExitFailed, "FAILED: the evidence contradicts itself or what is trusted"},
    {kExitUsage, "the command line is wrong"},
    {kExitIndeterminate, "INDETERMINATE: a needed input is missing or newer than this program"},
    {kExitPolicy, "POLICY: integrity holds; a bound, a rule or a hold in force does not allow it"},
    {kExitData, "an input is wrong: a file does not parse, a passphrase does not fit"},
    {kExitNoInput, "the named thing is not there"},
    {kExitInternal, "a bug in phantom"},
    {kExitExists, "the thing is already there"},
    {kExitIo, "the operating system said no: read, write, disk full"},
    {kExitTemporary, "busy: try again"},
    {kExitDenied, "not allowed"},
    {kExitCannotRun, "exec: the command cannot be run"},
    {kExitCommandMissing, "exec: there is no such command"},
};

}  // namespace

int exit_code_of(Code code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row.exit_code;
  }
  return kExitInternal;
}

std::string exit_code_table() {
  std::string text;
  for (const MeaningRow& row : kMeanings) {
    std::string number = std::to_string(row.exit_code);
    number.insert(0, number.size() < 3 ? 3 - number.size() : 0, ' ');
    text += "  " + number + "  " + row.meaning + "\n";
  }
  return text;
}

std::string one_line(std::string_view text) {
  std::string flat(text);
  for (char& c : flat) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return escape_terminal(flat);
}

void Output::write(std::FILE* stream, std::string_view text) {
  if (text.empty()) return;
  const bool good = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
  if (!good && stream == out_) note_write_error();
}

void Output::line(std::string_view text) {
  write(out_, text);
  write(out_, "\n");
}

void Output::note(std::string_view text) {
  std::fflush(out_);
  write(err_, "phantom: " + one_line(text) + "\n");
}

void Output::hint(std::string_view text) { write(err_, "phantom: hint: " + one_line(text) + "\n"); }

void Output::error(const Error& error) {
  note(error.message);
  if (!error.hint.empty()) hint(error.hint);
}

// A reader that went away (| head) is no error of ours.
void Output::note_write_error() {
  if (errno == EPIPE) {
    reader_gone_ = true;
  } else {
    failed_ = true;
  }
}

bool Output::flush() {
  if (std::fflush(out_) != 0) note_write_error();
  return !failed_ && !reader_gone_;
}

Status Output::finish() {
  flush();
  std::fflush(err_);
  if (failed_) return Error{Code::kIo, "standard output could not be written"};
  return {};
}

bool Output::out_is_terminal() const { return isatty(fileno(out_)) == 1; }

std::string Output::coloured(std::string_view text, const char* code) const {
  const char* off = std::getenv("NO_COLOR");
  if (!out_is_terminal() || (off != nullptr && *off != '\0')) return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace phantom
