#include "vault/unlock.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::size_t kLineBytesMax = 4'096;
constexpr int kPollMs = 200;
constexpr std::array<int, 5> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

volatile std::sig_atomic_t caught_signal = 0;

void note_signal(int number) { caught_signal = number; }

class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
  ~Terminal() {
    if (fd_ >= 0) ::close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  bool good() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 private:
  int fd_;
};

// Echo is off while this lives. A signal that would end or stop the process is held until the
// terminal is as it was.
class HiddenEcho {
 public:
  explicit HiddenEcho(int fd) : fd_(fd) {
    caught_signal = 0;
    struct sigaction action {};
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &action, &before_[i]);
    }
    hidden_ = ::tcgetattr(fd_, &terminal_) == 0;
    if (!hidden_) return;
    struct termios silent = terminal_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    silent.c_lflag |= ICANON | ISIG;
    hidden_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  ~HiddenEcho() {
    if (hidden_) ::tcsetattr(fd_, TCSADRAIN, &terminal_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &before_[i], nullptr);
    }
  }
  HiddenEcho(const HiddenEcho&) = delete;
  HiddenEcho& operator=(const HiddenEcho&) = delete;
  bool hidden() const { return hidden_; }

 private:
  int fd_;
  bool hidden_ = false;
  struct termios terminal_ {};
  std::array<struct sigaction, kSignals.size()> before_{};
};

Error gave_up() { return {Code::kClosed, "nothing was entered"}; }

// The line without its end; kClosed at end of input or when a signal came.
Result<SecretBytes> read_line(int fd) {
  SecretBytes line = SecretBytes::zeros(kLineBytesMax);
  std::size_t size = 0;
  for (;;) {
    if (caught_signal != 0) return gave_up();
    struct pollfd waiting = {fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    std::uint8_t byte = 0;
    const ssize_t got = ready < 0 ? -1 : ::read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Code::kIo, std::string("read the terminal: ") + std::strerror(errno)};
    if (got == 0) return gave_up();
    if (byte == '\n' || byte == '\r') break;
    if (size == kLineBytesMax) return Error{Code::kLimit, "the line is too long"};
    line.writable()[size++] = byte;
  }
  line.shrink(size);
  return line;
}

}  // namespace

Result<SecretBytes> ask_hidden(const std::string& question) {
  for (;;) {
    const Terminal terminal;
    if (!terminal.good()) return Error{Code::kDenied, "there is no terminal to ask on"};
    Result<SecretBytes> answer = gave_up();
    {
      const HiddenEcho echo(terminal.fd());
      if (!echo.hidden()) return Error{Code::kDenied, "the terminal cannot hide what is typed"};
      terminal.say(question);
      answer = read_line(terminal.fd());
    }
    terminal.say("\n");
    const int number = caught_signal;
    caught_signal = 0;
    if (number != 0) ::raise(number);
    // After a stop the person is back: ask again.
    if (number == SIGTSTP) continue;
    return answer;
  }
}

}  // namespace phantom
