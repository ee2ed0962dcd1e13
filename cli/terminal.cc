#include "cli/terminal.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace phantom {
namespace {

class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
  ~Terminal() {
    if (fd_ >= 0) ::close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool good() const { return fd_ >= 0; }

  bool write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  std::string read_line() const {
    std::string line;
    char c = 0;
    while (line.size() < 1'024) {
      const ssize_t got = ::read(fd_, &c, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || c == '\n') break;
      line += c;
    }
    return line;
  }

 private:
  int fd_;
};

}  // namespace

Result<Answer> confirm_on_terminal(const std::string& text, const std::string& word) {
  const Terminal terminal;
  if (!terminal.good()) {
    return Error{Code::kDenied, "a person has to confirm this on a terminal, and there is none",
                 "run the command yourself in a terminal"};
  }
  if (!terminal.write(text + "Type " + word + " to go on: ")) {
    return Error{Code::kIo, "the terminal cannot be written"};
  }
  return terminal.read_line() == word ? Answer::kYes : Answer::kNo;
}

}  // namespace phantom
