// A process that wants to use an approval up, for the test in which many want the same one.
//   approval_child HOME FIFO ID
// Prints "ready" when ledger and reader are open, waits until somebody opens FIFO for writing,
// tries once and prints "used SEQ", "refused", or "error ...".

#include "tests/support/ledger_home.h"
#include "tests/vault/approval_case.h"

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  using namespace phantom;
  if (argc != 4) return 2;
  const Home home{argv[1]};
  const std::string id = argv[3];
  AppenderOptions options;
  options.wait_max = std::chrono::milliseconds(30'000);
  auto appender = open_appender(home, options);
  auto reader = open_reader(home.ledger());
  if (!appender.ok() || !reader.ok()) return 3;
  ApprovalDesk desk(**appender, **reader);
  std::puts("ready");
  std::fflush(stdout);
  const int gate = ::open(argv[2], O_RDONLY | O_CLOEXEC);
  if (gate < 0) return 4;
  ::close(gate);
  const auto used =
      desk.use(test::agent_context(), id, test::race_request(),
               test::tool_requested(test::agent_context(), id, test::race_request()), {});
  if (used.ok()) {
    std::printf("used %llu\n", static_cast<unsigned long long>(used->seq));
  } else if (used.error().code == Code::kDenied) {
    std::puts("refused");
  } else {
    std::printf("error %s: %s\n", code_name(used.error().code), used.error().message.c_str());
  }
  return (*appender)->close().ok() ? 0 : 1;
}
