// Verification, in events a second. `x_openssl` is the ratio to the rate at which OpenSSL alone
// hashes as many leaves and nodes on as many threads (bar: 0.75). `incremental` verifies 10,000 new
// events from a trusted checkpoint on, in this process. `space` says what a store takes beside its
// entries.
//
// PHANTOM_BENCH_EVENTS=10000000 gives the sizes of the bars; it takes minutes and 4 GB of disk.

#include "ledger/reader.h"
#include "ledger/verify.h"

#include <openssl/sha.h>

#include "bench/rig.h"
#include <sys/resource.h>
#include <thread>

namespace phantom::bench {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void openssl_hash(std::string_view prefix, std::string_view data, unsigned char* out) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, prefix.data(), prefix.size());
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(out, &context);
}
#pragma GCC diagnostic pop

// Seconds to hash a leaf and a node per event, on `threads` threads.
double openssl_seconds(std::uint64_t events, unsigned threads) {
  const std::vector<std::string> values = entry_sized_values(4'096);
  const auto start = SteadyClock::now();
  {
    std::vector<std::jthread> running;
    for (unsigned t = 0; t < threads; ++t) {
      running.emplace_back([&] {
        unsigned char node[64] = {};
        for (std::uint64_t i = 0; i < events / threads; ++i) {
          openssl_hash({"\0", 1}, values[i % values.size()], node);
          openssl_hash("\1", {reinterpret_cast<const char*>(node), sizeof node}, node + 32);
          benchmark::DoNotOptimize(node);
        }
      });
    }
  }
  return seconds_since(start);
}

void verify_whole(benchmark::State& state) {
  const std::uint64_t events = events_wanted(20'000);
  LedgerRig rig;
  rig.fill(events);
  rig.close();
  VerifyOptions options;
  options.ledger = rig.home().ledger();
  options.key = rig.key();
  options.threads = std::thread::hardware_concurrency();
  double verify_s = 0;
  double hash_s = 0;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    const VerifyReport report = verify_ledger(options);
    const double taken = seconds_since(start);
    need(report.verdict == Verdict::kVerified, "the ledger does not verify");
    need(report.events > events, "not every event was verified");
    state.SetIterationTime(taken);
    verify_s += taken;
    hash_s += openssl_seconds(events, options.threads);
  }
  const double all = static_cast<double>(state.iterations()) * static_cast<double>(events);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["events/s"] = all / verify_s;
  state.counters["openssl/s"] = all / hash_s;
  state.counters["x_openssl"] = hash_s / verify_s;
  state.counters["threads"] = options.threads;
}

void incremental(benchmark::State& state) {
  const std::uint64_t events = events_wanted(20'000);
  LedgerRig rig;
  rig.fill(events);
  rig.close();
  VerifyOptions options;
  options.ledger = rig.home().ledger();
  options.key = rig.key();
  options.trust = verify_ledger(options).head_note;
  options.depth = VerifyDepth::kIncremental;
  rig.open();
  rig.fill(10'000);
  rig.close();
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    const VerifyReport report = verify_ledger(options);
    state.SetIterationTime(seconds_since(start));
    need(report.verdict == Verdict::kVerified, "the ledger does not verify");
    state.counters["read"] = static_cast<double>(report.events);
  }
}

void space(benchmark::State& state, Compression compression) {
  const std::uint64_t events = events_wanted(20'000);
  for (auto _ : state) {
    AppenderOptions options;
    options.store.compression = compression;
    LedgerRig rig(options);
    const auto start = SteadyClock::now();
    rig.fill(events);
    state.SetIterationTime(seconds_since(start));
    rig.close();
    auto reader = open_reader(rig.home().ledger());
    need(reader.ok(), "the ledger does not open");
    double entry_bytes = 0;
    need((*reader)
             ->scan(0, events,
                    [&](Seq, const Bytes& entry) {
                      entry_bytes += static_cast<double>(entry.size());
                      return true;
                    })
             .ok(),
         "the ledger does not read");
    const auto store_bytes = static_cast<double>(directory_bytes(rig.home().ledger()));
    state.counters["entry_bytes"] = entry_bytes / static_cast<double>(events);
    state.counters["x_entries"] = store_bytes / entry_bytes;
  }
}

BENCHMARK(verify_whole)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(incremental)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(space, lz4, Compression::kLz4)->UseManualTime()->Iterations(1);
BENCHMARK_CAPTURE(space, none, Compression::kNone)->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
