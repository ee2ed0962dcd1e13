// Many processes, each appending one event at a time and waiting for its receipt, through the
// writer of this process. `x_one` is the ratio to the rate of one such process (bar: 8 at 32
// processes).

#include "bench/child.h"
#include "bench/rig.h"
#include <deque>

namespace phantom::bench {
namespace {

// Events a second of `count` processes that append `each` events.
double rate_of(LedgerRig& rig, std::size_t count, std::uint64_t each) {
  std::deque<Child> children;
  for (std::size_t i = 0; i < count; ++i) {
    children.emplace_back(std::vector<std::string>{BENCH_SUBMITTER, rig.home().root.string()});
  }
  const auto start = SteadyClock::now();
  for (Child& child : children) child.say(std::to_string(each));
  for (Child& child : children) child.hear();
  return static_cast<double>(count * each) / seconds_since(start);
}

void submitters(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto each = static_cast<std::uint64_t>(state.range(1));
  LedgerRig rig;
  const ScratchDir plain_dir;
  PlainStore plain(plain_dir.path());
  const auto value = entry_sized_values(1);
  double many = 0;
  double one = 0;
  std::vector<double> plain_us;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    many += rate_of(rig, count, each);
    state.SetIterationTime(seconds_since(start));
    one += rate_of(rig, 1, each);
    for (std::uint64_t i = 0; i < each; ++i) {
      const auto put = SteadyClock::now();
      plain.put(value);
      plain_us.push_back(seconds_since(put) * 1e6);
    }
  }
  const auto rounds = static_cast<double>(state.iterations());
  state.counters["events/s"] = many / rounds;
  state.counters["one/s"] = one / rounds;
  state.counters["x_one"] = many / one;
  state.counters["plain_p50_us"] = percentile(plain_us, 0.5);
}

BENCHMARK(submitters)
    ->Args({8, 100})
    ->Args({32, 100})
    ->Args({32, 1'000})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
