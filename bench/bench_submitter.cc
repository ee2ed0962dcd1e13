// A process that appends, for the benches.
//
//   bench_submitter HOME        says "ready"; for each line N appends N events one after the other
//                               and says "<median us> <99th percentile us>"
//   bench_submitter HOME once   appends one event and ends
//   bench_submitter HOME fill N makes a ledger if there is none and appends N events in bulk

#include "bench/rig.h"
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  using namespace phantom;
  using namespace phantom::bench;
  if (argc < 2) return 2;
  Home home;
  home.root = argv[1];
  const bool fill = argc > 3 && std::strcmp(argv[2], "fill") == 0;
  if (fill) (void)create_ledger(home, bench_context(0), {});
  auto appender = open_appender(home, {});
  need(appender.ok(), appender.ok() ? "" : appender.error().message);
  if (fill) {
    const std::uint64_t events = std::strtoull(argv[3], nullptr, 10);
    for (std::uint64_t done = 0; done < events; done += 4'096) {
      const std::uint64_t count = std::min<std::uint64_t>(4'096, events - done);
      for (const auto& receipt : (*appender)->append_all(request_drafts(done, count))) {
        need(receipt.ok(), receipt.ok() ? "" : receipt.error().message);
      }
    }
    return (*appender)->close().ok() ? 0 : 1;
  }
  if (argc > 2) return (*appender)->append(request_draft(1)).ok() ? 0 : 1;
  std::puts("ready");
  std::fflush(stdout);
  char line[64];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    const std::uint64_t count = std::strtoull(line, nullptr, 10);
    std::vector<double> taken_us;
    for (std::uint64_t i = 0; i < count; ++i) {
      Draft draft = request_draft(i);
      const auto start = SteadyClock::now();
      const auto receipt = (*appender)->append(std::move(draft));
      need(receipt.ok(), receipt.ok() ? "" : receipt.error().message);
      taken_us.push_back(seconds_since(start) * 1e6);
    }
    std::printf("%.1f %.1f\n", percentile(taken_us, 0.5), percentile(taken_us, 0.99));
    std::fflush(stdout);
  }
  return 0;
}
