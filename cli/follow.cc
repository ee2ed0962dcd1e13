#include "cli/follow.h"

#include "ledger/head_guard.h"

#include <csignal>
#include <poll.h>

namespace phantom {
namespace {

constexpr int kPollMs = 200;

volatile std::sig_atomic_t stop_requested = 0;

void request_stop(int) { stop_requested = 1; }

}  // namespace

void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = request_stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_was_requested() { return stop_requested != 0; }

bool wait_for_more(const std::filesystem::path& head, std::uint64_t size) {
  while (!stop_was_requested()) {
    const Result<HeadFile> file = read_head_file(head);
    if (file.ok() && file->newest && file->newest->checkpoint.size > size) return true;
    poll(nullptr, 0, kPollMs);
  }
  return false;
}

}  // namespace phantom
