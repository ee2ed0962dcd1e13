#pragma once
// A secret on the clipboard for a while. The programs that know the desktop (wl-copy, xclip, xsel)
// do the work; the value goes to them through a pipe, never as an argument.
//
// A process of its own, away from the terminal, takes the value off again when the time is over,
// but only if the clipboard still holds it: it compares salted digests and keeps no value.

#include "events/random.h"
#include "events/result.h"
#include "vault/secret.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace phantom {

struct ClipboardTool {
  std::vector<std::string> copy;  // each a command line, the program as a path
  std::vector<std::string> paste;
  std::vector<std::string> clear;
};

// By the desktop there is (WAYLAND_DISPLAY before DISPLAY) and the programs `find` knows the path
// of; `find` gives an empty one for those that are not there. kNotFound with what to install. Pure.
Result<ClipboardTool> choose_clipboard_tool(
    const std::function<const char*(const char*)>& variable,
    const std::function<std::string(const std::string&)>& find);

// In the directories of `path`, as a shell would; empty when there is none.
std::string find_program(const char* path, const std::string& name);

class ClipboardKeeper {
 public:
  // Starts the process that will clear. Call while this process has one thread.
  static Result<ClipboardKeeper> start(ClipboardTool tool);
  ClipboardKeeper(ClipboardKeeper&& other) noexcept;
  ClipboardKeeper& operator=(ClipboardKeeper&&) = delete;
  // Without copy() before, the process ends and has done nothing.
  ~ClipboardKeeper();

  // Copies, and has it cleared after `seconds`. Nothing of the value is in the error. kIo: the
  // program failed; the clipboard is then cleared at once as far as that can be done.
  Status copy(const SecretBytes& value, std::uint32_t seconds, Random& random);

 private:
  ClipboardKeeper(ClipboardTool tool, int fd) : tool_(std::move(tool)), fd_(fd) {}

  ClipboardTool tool_;
  int fd_;  // to the process
};

}  // namespace phantom
