// Durable appends in bulk: batches of 4,096 requests, each acknowledged after the sync of its
// signed commit, beside a plain RocksDB that gets the same number of values of the same size in a
// synced batch. `x_plain` is the ratio of the rates (bar: 0.7). One thread makes the next batch
// while the other waits for its receipts, as any producer may.

#include "bench/rig.h"
#include <future>

namespace phantom::bench {
namespace {

void append_bulk(benchmark::State& state) {
  const auto batch = static_cast<std::uint64_t>(state.range(0));
  LedgerRig rig;
  const ScratchDir plain_dir;
  PlainStore plain(plain_dir.path());
  const std::vector<std::string> values = entry_sized_values(batch);
  double bytes = 0;
  for (const std::string& value : values) bytes += static_cast<double>(value.size());

  // A round is several batches one after the other, so that neither side's pauses hide in between.
  constexpr std::uint64_t kBatchesPerRound = 16;
  double ours_s = 0;
  double plain_s = 0;
  std::uint64_t next = 0;
  for (auto _ : state) {
    auto start = SteadyClock::now();
    std::vector<Draft> ready = request_drafts(next, batch);
    for (std::uint64_t i = 0; i < kBatchesPerRound; ++i) {
      next += batch;
      auto making = std::async(std::launch::async, [&] { return request_drafts(next, batch); });
      rig.append_all(std::move(ready));
      ready = making.get();
    }
    const double taken = seconds_since(start);
    state.SetIterationTime(taken);
    ours_s += taken;
    start = SteadyClock::now();
    for (std::uint64_t i = 0; i < kBatchesPerRound; ++i) plain.put(values);
    plain_s += seconds_since(start);
  }
  const double events =
      static_cast<double>(state.iterations()) * static_cast<double>(kBatchesPerRound * batch);
  state.counters["events/s"] = events / ours_s;
  state.counters["plain/s"] = events / plain_s;
  state.counters["x_plain"] = plain_s / ours_s;
  state.counters["entry_bytes"] = bytes / static_cast<double>(batch);
}

BENCHMARK(append_bulk)
    ->Arg(16)
    ->Arg(256)
    ->Arg(4'096)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
