// One event at a time: from the process that holds the lease, from another one, and from a process
// that starts for it and finds no writer. Each beside a plain RocksDB's synced put of one value of
// the same size; `x_plain` is the ratio of the medians (bars: 1.4 and 1.8), `x_p99` that of the
// 99th percentile to the plain median (bar: 5).

#include "bench/child.h"
#include "bench/rig.h"

namespace phantom::bench {
namespace {

double put_us(PlainStore& plain, const std::vector<std::string>& value) {
  const auto start = SteadyClock::now();
  plain.put(value);
  return seconds_since(start) * 1e6;
}

void report(benchmark::State& state, const std::vector<double>& ours_us,
            const std::vector<double>& plain_us) {
  const double plain = percentile(plain_us, 0.5);
  state.counters["p50_us"] = percentile(ours_us, 0.5);
  state.counters["p99_us"] = percentile(ours_us, 0.99);
  state.counters["plain_p50_us"] = plain;
  state.counters["x_plain"] = percentile(ours_us, 0.5) / plain;
  state.counters["x_p99"] = percentile(ours_us, 0.99) / plain;
}

void same_process(benchmark::State& state) {
  LedgerRig rig;
  const ScratchDir plain_dir;
  PlainStore plain(plain_dir.path());
  const auto value = entry_sized_values(1);
  std::vector<double> ours_us;
  std::vector<double> plain_us;
  std::uint64_t number = 0;
  for (auto _ : state) {
    Draft draft = request_draft(number++);
    const auto start = SteadyClock::now();
    need(rig.appender().append(std::move(draft)).ok(), "append");
    const double taken = seconds_since(start);
    state.SetIterationTime(taken);
    ours_us.push_back(taken * 1e6);
    plain_us.push_back(put_us(plain, value));
  }
  report(state, ours_us, plain_us);
}

void other_process(benchmark::State& state) {
  LedgerRig rig;
  const ScratchDir plain_dir;
  PlainStore plain(plain_dir.path());
  const auto value = entry_sized_values(1);
  Child child({BENCH_SUBMITTER, rig.home().root.string()});
  std::vector<double> ours_us;
  std::vector<double> plain_us;
  for (auto _ : state) {
    // The child times its own call.
    const double taken_us = std::stod(child.ask("1"));
    state.SetIterationTime(taken_us * 1e-6);
    ours_us.push_back(taken_us);
    plain_us.push_back(put_us(plain, value));
  }
  report(state, ours_us, plain_us);
}

void fresh_process(benchmark::State& state) {
  LedgerRig rig;
  rig.fill(events_wanted(1'000));
  rig.close();
  std::vector<double> ours_us;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    const int code = run_child({BENCH_SUBMITTER, rig.home().root.string(), "once"});
    const double taken = seconds_since(start);
    need(code == 0, "a process could not append");
    state.SetIterationTime(taken);
    ours_us.push_back(taken * 1e6);
  }
  state.counters["p50_ms"] = percentile(ours_us, 0.5) / 1e3;
  state.counters["p99_ms"] = percentile(ours_us, 0.99) / 1e3;
}

BENCHMARK(same_process)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(other_process)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(fresh_process)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
