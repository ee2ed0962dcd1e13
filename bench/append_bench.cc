// Durable appends in bulk: two producers with batches of 4,096 requests, each acknowledged after
// the sync of its signed commit, beside a plain RocksDB that gets as many values of the same size
// in synced batches. `x_plain` is the ratio of the rates (bar: 0.7).

#include "bench/rig.h"
#include <thread>

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
    // What a producer spends on its drafts is not the ledger's.
    std::vector<std::vector<Draft>> drafts;
    for (std::uint64_t i = 0; i < kBatchesPerRound; ++i) {
      drafts.push_back(request_drafts(next, batch));
      next += batch;
    }
    auto start = SteadyClock::now();
    {
      std::vector<std::jthread> producers;
      for (std::uint64_t producer = 0; producer < 2; ++producer) {
        producers.emplace_back([&, producer] {
          for (std::uint64_t i = producer; i < kBatchesPerRound; i += 2) {
            rig.append_all(std::move(drafts[i]));
          }
        });
      }
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
