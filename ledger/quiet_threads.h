#pragma once
// Threads of a library must not take the signals of the program it is in: one that a thread without
// a mask takes is lost to whoever waits for it.

#include <csignal>

namespace phantom {

// While it lives, threads that this one starts have all signals blocked, and so has this one.
class QuietThreads {
 public:
  QuietThreads() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~QuietThreads() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  QuietThreads(const QuietThreads&) = delete;
  QuietThreads& operator=(const QuietThreads&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace phantom
