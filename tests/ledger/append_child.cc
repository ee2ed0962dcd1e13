// A process that appends, for tests that kill the writer or run several submitters.
//   append_child HOME ID COUNT  appends COUNT events numbered ID*1000000+i, prints "ack <number>
//   <seq>" after each receipt and "role-ready" when the appender is open. Ends with 0 when all were
//   acknowledged. The event id of number n is derived from n, so that a number can be found again.

#include "events/encoding.h"
#include "tests/support/ledger_home.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  phantom::Home home{argv[1]};
  const std::uint64_t first = std::strtoull(argv[2], nullptr, 10) * 1'000'000;
  const std::uint64_t count = std::strtoull(argv[3], nullptr, 10);
  phantom::AppenderOptions options;
  options.wait_max = std::chrono::milliseconds(20'000);
  auto appender = phantom::open_appender(home, options);
  if (!appender.ok()) {
    std::fprintf(stderr, "%s\n", appender.error().message.c_str());
    return 1;
  }
  std::printf("role-ready\n");
  std::fflush(stdout);
  for (std::uint64_t i = 0; i < count; ++i) {
    phantom::Draft draft =
        phantom::test::note_draft(first + i, "session:child" + std::string(argv[2]));
    phantom::Bytes id;
    phantom::put_be64(id, 0x0123456789ab7000ULL);
    phantom::put_be64(id, first + i);
    std::memcpy(draft.id.data(), id.data(), id.size());
    const auto receipt = (*appender)->append(draft);
    if (!receipt.ok()) {
      std::fprintf(stderr, "event %llu: %s\n", static_cast<unsigned long long>(first + i),
                   receipt.error().message.c_str());
      return 1;
    }
    std::printf("ack %llu %llu\n", static_cast<unsigned long long>(first + i),
                static_cast<unsigned long long>(receipt->seq));
    std::fflush(stdout);
  }
  return (*appender)->close().ok() ? 0 : 1;
}
