#pragma once
// Runs another program in the foreground, as if it had been started directly.

#include "events/result.h"

#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// Blocks the signals that are meant for the child in this thread and every one started after.
// Make it before any thread is started; one per process.
class SignalForwarder {
 public:
  static Result<SignalForwarder> start();
  SignalForwarder(SignalForwarder&& other) noexcept;
  SignalForwarder& operator=(SignalForwarder&&) = delete;
  ~SignalForwarder();

  int descriptor() const { return fd_; }
  const sigset_t& original_mask() const { return original_; }

 private:
  SignalForwarder(int fd, const sigset_t& original) : fd_(fd), original_(original) {}
  int fd_;
  sigset_t original_;
};

// While it lives the calling thread hears its signals as if nothing were forwarded, for questions
// that Ctrl-C should end.
class ForwardingPause {
 public:
  explicit ForwardingPause(const SignalForwarder& signals);
  ForwardingPause(const ForwardingPause&) = delete;
  ForwardingPause& operator=(const ForwardingPause&) = delete;
  ~ForwardingPause();

 private:
  sigset_t blocked_;
};

// Descriptors that are open now. Make it before anything is opened: the child gets these and no
// others.
class InheritedDescriptors {
 public:
  InheritedDescriptors();
  // Marks every other descriptor of the process to be closed in the child.
  void keep_only_these() const;

 private:
  std::vector<int> open_;
};

struct ChildEnd {
  int exit_code = 0;  // -1 when a signal ended it
  int signal = 0;
};

// Starts the program and waits for it. SIGINT and SIGQUIT of the terminal reach the child by
// themselves; those sent to this process are passed on, as are SIGTERM, SIGHUP, SIGUSR1, SIGUSR2
// and SIGWINCH. When the child is stopped from the terminal this process stops with it. kNotFound:
// no such program. kDenied: it cannot be run.
Result<ChildEnd> run_child(const std::vector<std::string>& argv,
                           const std::vector<std::string>& environment,
                           const SignalForwarder& signals);

}  // namespace phantom
