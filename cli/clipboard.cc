#include "cli/clipboard.h"

#include "cli/part_file.h"
#include "events/sha256.h"
#include "ledger/home.h"
#include "vault/unlock.h"
#include "vault/vault_file.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

constexpr int kToolMsMax = 5'000;
constexpr std::size_t kSaltBytes = 32;

// What the clearing process is told.
struct Order {
  std::uint32_t seconds = 0;
  std::array<std::uint8_t, kSaltBytes> salt{};
  Digest digest{};
};

Digest salted_digest(const std::array<std::uint8_t, kSaltBytes>& salt, ByteView value) {
  SecretBytes both = SecretBytes::zeros(salt.size() + value.size());
  std::copy(salt.begin(), salt.end(), both.writable().begin());
  std::copy(value.begin(), value.end(), both.writable().begin() + kSaltBytes);
  return sha256(both.view());
}

std::int64_t now_ms() {
  struct timespec now {};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
}

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { close(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  void set(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

// The environment without what is phantom's own.
std::vector<char*> tool_environment() {
  std::vector<char*> kept;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    if (!std::string_view(*each).starts_with("PHANTOM_")) kept.push_back(*each);
  }
  kept.push_back(nullptr);
  return kept;
}

Result<pid_t> spawn(const std::vector<std::string>& words, int in, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  const auto standard = [&actions](int fd, int wanted, int mode) {
    if (fd >= 0) {
      posix_spawn_file_actions_adddup2(&actions, fd, wanted);
    } else {
      posix_spawn_file_actions_addopen(&actions, wanted, "/dev/null", mode, 0);
    }
  };
  standard(in, STDIN_FILENO, O_RDONLY);
  standard(out, STDOUT_FILENO, O_WRONLY);
  standard(-1, STDERR_FILENO, O_WRONLY);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none;
  sigset_t every;
  sigemptyset(&none);
  sigfillset(&every);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &every);
  // xclip and xsel leave a process that holds the clipboard; closing the terminal must not end it.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> environment = tool_environment();
  pid_t child = -1;
  const int failed = ::posix_spawn(&child, words.front().c_str(), &actions, &attributes,
                                   argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed == 0) return child;
  return Error{Code::kIo, words.front() + " cannot be started: " + std::strerror(failed)};
}

// Waits until it has ended well. The program may leave a process behind that serves the clipboard.
Status await(pid_t child, const std::string& program, std::int64_t until_ms) {
  // Not pidfd_open(): the header of Debian 12 declares it for C only.
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  for (;;) {
    struct pollfd ended = {handle.get(), POLLIN, 0};
    const std::int64_t left = until_ms - now_ms();
    const int ready = left > 0 ? ::poll(&ended, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (ready > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return Error{Code::kIo, program + (ready > 0 ? " failed" : " did not answer in time")};
  }
}

// Gives `value` to the program's standard input.
Status feed(const std::vector<std::string>& words, ByteView value) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return file_error("cannot make", "a pipe", errno);
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const std::int64_t until_ms = now_ms() + kToolMsMax;
  PH_ASSIGN(const pid_t child, spawn(words, read_end.get(), -1));
  read_end.close();
  ::fcntl(write_end.get(), F_SETFL, O_NONBLOCK);
  // A program that ends early must not take this one with it.
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  while (!value.empty()) {
    const ssize_t written = ::write(write_end.get(), value.data(), value.size());
    if (written > 0) {
      value = value.subspan(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    struct pollfd room = {write_end.get(), POLLOUT, 0};
    const std::int64_t left = until_ms - now_ms();
    if (errno != EAGAIN || left <= 0 || ::poll(&room, 1, static_cast<int>(left)) == 0) break;
  }
  ::signal(SIGPIPE, before);
  write_end.close();
  PH_TRY(await(child, words.front(), until_ms));
  if (value.empty()) return {};
  return Error{Code::kIo, words.front() + " did not take the whole value"};
}

// What the program writes; empty when it fails.
SecretBytes read_from(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const std::int64_t until_ms = now_ms() + kToolMsMax;
  const Result<pid_t> child = spawn(words, -1, write_end.get());
  write_end.close();
  if (!child.ok()) return {};
  // One more than any secret has: longer content is another one.
  SecretBytes content = SecretBytes::zeros(kSecretValueBytesMax + 1);
  std::size_t size = 0;
  while (size < content.size()) {
    struct pollfd ready = {read_end.get(), POLLIN, 0};
    const std::int64_t left = until_ms - now_ms();
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) == 0) break;
    const auto room = content.writable().subspan(size);
    const ssize_t got = ::read(read_end.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  read_end.close();
  (void)await(*child, words.front(), until_ms);
  content.shrink(size);
  return content;
}

bool read_order(int fd, Order& order) {
  for (;;) {
    const ssize_t got = ::recv(fd, &order, sizeof order, MSG_WAITALL);
    if (got < 0 && errno == EINTR) continue;
    return got == static_cast<ssize_t>(sizeof order);
  }
}

void clear_if_same(const ClipboardTool& tool, const Order& order) {
  const SecretBytes now = read_from(tool.paste);
  if (now.empty() || salted_digest(order.salt, now.view()) != order.digest) return;
  (void)feed(tool.clear, {});
}

// The clearing process, until it ends.
[[noreturn]] void keep(const ClipboardTool& tool, int fd) {
  // Not the terminal's any more: closing that must not end the wait.
  ::setsid();
  (void)take_secret_variable("PHANTOM_VAULT_PASSPHRASE");
  (void)take_secret_variable("PHANTOM_EXPORT_PASSPHRASE");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, standard);
  ::dup2(fd, 3);
  ::closefrom(4);
  if (::chdir("/") != 0) ::_exit(1);
  Order order;
  if (!read_order(3, order)) ::_exit(0);
  const std::int64_t until_ms = now_ms() + std::int64_t{order.seconds} * 1'000;
  // Not sleep(): time in which the machine sleeps counts.
  struct timespec until = {until_ms / 1'000, (until_ms % 1'000) * 1'000'000};
  while (::clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
  clear_if_same(tool, order);
  ::_exit(0);
}

}  // namespace

Result<ClipboardTool> choose_clipboard_tool(
    const std::function<const char*(const char*)>& variable,
    const std::function<std::string(const std::string&)>& find) {
  const auto is_set = [&variable](const char* name) {
    const char* value = variable(name);
    return value != nullptr && *value != '\0';
  };
  if (is_set("WAYLAND_DISPLAY")) {
    const std::string copy = find("wl-copy");
    const std::string paste = find("wl-paste");
    if (!copy.empty() && !paste.empty()) {
      return ClipboardTool{
          {copy, "--type", "text/plain"}, {paste, "--no-newline"}, {copy, "--clear"}};
    }
  }
  if (is_set("DISPLAY")) {
    if (const std::string xclip = find("xclip"); !xclip.empty()) {
      return ClipboardTool{{xclip, "-selection", "clipboard", "-in"},
                           {xclip, "-selection", "clipboard", "-out"},
                           {xclip, "-selection", "clipboard", "-in"}};
    }
    if (const std::string xsel = find("xsel"); !xsel.empty()) {
      return ClipboardTool{{xsel, "--clipboard", "--input"},
                           {xsel, "--clipboard", "--output"},
                           {xsel, "--clipboard", "--clear"}};
    }
  }
  if (!is_set("WAYLAND_DISPLAY") && !is_set("DISPLAY")) {
    return Error{Code::kNotFound, "there is no desktop whose clipboard could be used",
                 "run it in a terminal of a desktop session"};
  }
  return Error{Code::kNotFound, "there is no program that sets the clipboard",
               "install wl-clipboard, xclip or xsel"};
}

std::string find_program(const char* path, const std::string& name) {
  std::string_view rest = path == nullptr ? std::string_view() : std::string_view(path);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string_view directory = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // A relative entry would let the directory one happens to be in choose who gets the value.
    if (!directory.starts_with('/')) continue;
    std::string file = std::string(directory) + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

Result<ClipboardKeeper> ClipboardKeeper::start(ClipboardTool tool) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return file_error("cannot make", "a socket", errno);
  }
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return file_error("cannot make", "a process", errno);
  }
  if (child == 0) {
    ::close(ends[0]);
    keep(tool, ends[1]);
  }
  ::close(ends[1]);
  return ClipboardKeeper(std::move(tool), ends[0]);
}

ClipboardKeeper::ClipboardKeeper(ClipboardKeeper&& other) noexcept
    : tool_(std::move(other.tool_)), fd_(std::exchange(other.fd_, -1)) {}

ClipboardKeeper::~ClipboardKeeper() {
  if (fd_ >= 0) ::close(fd_);
}

Status ClipboardKeeper::copy(const SecretBytes& value, std::uint32_t seconds, Random& random) {
  Order order;
  order.seconds = seconds;
  random.fill(order.salt);
  order.digest = salted_digest(order.salt, value.view());
  // First who will clear it, then the value: a crash in between leaves nothing on the clipboard.
  if (::send(fd_, &order, sizeof order, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof order)) {
    return Error{Code::kIo, "the process that would clear the clipboard is gone", "try again"};
  }
  Status copied = feed(tool_.copy, value.view());
  if (copied.ok()) return {};
  clear_if_same(tool_, order);
  Error error = std::move(copied.error());
  error.message = "the clipboard was not set: " + error.message;
  error.hint = "without --clipboard the value is shown on the terminal";
  return error;
}

}  // namespace phantom
