#include "cli/child_process.h"

#include "events/encoding.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

constexpr int kForwarded[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
                              SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};

std::vector<int> open_descriptors() {
  std::vector<int> descriptors;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", code)) {
    if (const auto number = parse_decimal(entry.path().filename().string())) {
      descriptors.push_back(static_cast<int>(*number));
    }
  }
  return descriptors;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

Result<pid_t> spawn(const std::vector<std::string>& argv,
                    const std::vector<std::string>& environment, const sigset_t& mask) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);  // this process ignores it
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  const int failed = posix_spawnp(&child, argv[0].c_str(), nullptr, &attributes,
                                  pointers(argv).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  if (failed == 0) return child;
  const std::string message =
      "cannot run " + escape_terminal(argv[0]) + ": " + std::strerror(failed);
  return Error{failed == ENOENT ? Code::kNotFound : Code::kDenied, message};
}

// True when the child has ended. Stops this process when the terminal stopped the child.
Result<bool> look_at_child(pid_t child, ChildEnd& end) {
  for (;;) {
    int status = 0;
    const pid_t got = waitpid(child, &status, WNOHANG | WUNTRACED);
    if (got == 0) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Code::kIo, std::string("wait: ") + std::strerror(errno)};
    if (WIFEXITED(status)) {
      end.exit_code = WEXITSTATUS(status);
      return true;
    }
    if (WIFSIGNALED(status)) {
      end.exit_code = -1;
      end.signal = WTERMSIG(status);
      return true;
    }
    const int stop = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
    if (stop == SIGTSTP || stop == SIGTTIN || stop == SIGTTOU) {
      raise(SIGSTOP);
      kill(child, SIGCONT);
    }
  }
}

}  // namespace

Result<SignalForwarder> SignalForwarder::start() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int each : kForwarded) sigaddset(&wanted, each);
  sigaddset(&wanted, SIGCHLD);
  sigset_t original;
  pthread_sigmask(SIG_BLOCK, &wanted, &original);
  const int fd = signalfd(-1, &wanted, SFD_CLOEXEC);
  if (fd < 0) {
    pthread_sigmask(SIG_SETMASK, &original, nullptr);
    return Error{Code::kIo, std::string("signals cannot be watched: ") + std::strerror(errno)};
  }
  return SignalForwarder(fd, original);
}

SignalForwarder::SignalForwarder(SignalForwarder&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), original_(other.original_) {}

SignalForwarder::~SignalForwarder() {
  if (fd_ < 0) return;
  ::close(fd_);
  pthread_sigmask(SIG_SETMASK, &original_, nullptr);
}

ForwardingPause::ForwardingPause(const SignalForwarder& signals) {
  pthread_sigmask(SIG_SETMASK, &signals.original_mask(), &blocked_);
}

ForwardingPause::~ForwardingPause() { pthread_sigmask(SIG_SETMASK, &blocked_, nullptr); }

InheritedDescriptors::InheritedDescriptors() : open_(open_descriptors()) {
  // One of them was the directory itself; its number is free again.
  std::erase_if(open_, [](int each) { return fcntl(each, F_GETFD) < 0; });
}

void InheritedDescriptors::keep_only_these() const {
  for (const int each : open_descriptors()) {
    if (std::find(open_.begin(), open_.end(), each) != open_.end()) continue;
    const int flags = fcntl(each, F_GETFD);
    if (flags >= 0) fcntl(each, F_SETFD, flags | FD_CLOEXEC);
  }
}

Result<ChildEnd> run_child(const std::vector<std::string>& argv,
                           const std::vector<std::string>& environment,
                           const SignalForwarder& signals) {
  PH_CHECK(!argv.empty(), "a child without a command");
  PH_ASSIGN(const pid_t child, spawn(argv, environment, signals.original_mask()));
  ChildEnd end;
  for (;;) {
    PH_ASSIGN(const bool ended, look_at_child(child, end));
    if (ended) return end;
    // A look now and then: who else in this process might take SIGCHLD is not known here.
    constexpr int kLookMs = 500;
    pollfd polled{signals.descriptor(), POLLIN, 0};
    if (poll(&polled, 1, kLookMs) <= 0) continue;
    signalfd_siginfo info{};
    const ssize_t got = read(signals.descriptor(), &info, sizeof info);
    if (got != static_cast<ssize_t>(sizeof info)) continue;
    const int number = static_cast<int>(info.ssi_signo);
    // What the terminal sends goes to the whole foreground group, the child included.
    const bool from_terminal = info.ssi_code == SI_KERNEL;
    if (number != SIGCHLD && !from_terminal) kill(child, number);
  }
}

}  // namespace phantom
