// Verification of a whole ledger, in events per second. `x_sha256` is the ratio to hashing the
// same number of entries once with one thread and doing nothing else.

#include "events/envelope.h"
#include "events/producers.h"
#include "ledger/appender.h"
#include "ledger/reader.h"
#include "ledger/verify.h"
#include "schema/events_generated.h"

#include "bench/bench_main.h"
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace phantom::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

Context bench_context() {
  Context context;
  context.component = "bench";
  context.session = "0123456789abcdef";
  context.project = "fedcba9876543210";
  return context;
}

// Fills a ledger in commits of up to 512 events and closes it.
VerifierKey fill(const Home& home, std::uint64_t events) {
  const auto made = create_ledger(home, bench_context(), {});
  need(made.ok(), made.ok() ? "" : made.error().message);
  auto appender = open_appender(home, {});
  need(appender.ok(), appender.ok() ? "" : appender.error().message);
  std::mutex mutex;
  std::condition_variable room;
  std::uint64_t open = 0;
  bool good = true;
  for (std::uint64_t i = 0; i < events; ++i) {
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return open < 512; });
      ++open;
    }
    Draft draft = make_draft<schema::ProxyRequestCompleted>(bench_context(), [&](auto& builder) {
      schema::ProxyRequestCompletedBuilder completed(builder);
      completed.add_request_id(i);
      completed.add_http_status(200);
      completed.add_bytes_sent(1'000 + i);
      return completed.Finish();
    });
    (*appender)->append_async(std::move(draft), [&](Result<Receipt> receipt) {
      const std::lock_guard lock(mutex);
      good = good && receipt.ok();
      --open;
      room.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  room.wait(lock, [&] { return open == 0; });
  lock.unlock();
  need(good, "an append failed");
  need((*appender)->close().ok(), "close");
  auto key = parse_verifier_key(made->vkey);
  need(key.ok(), "the ledger's own key does not parse");
  return *key;
}

std::vector<Bytes> entries_of(const Home& home) {
  auto reader = open_reader(home.ledger());
  need(reader.ok(), "the ledger does not open");
  std::vector<Bytes> entries;
  const auto size = (*reader)->head().checkpoint.size;
  need((*reader)
           ->scan(0, size,
                  [&](Seq, const Bytes& entry) {
                    entries.push_back(entry);
                    return true;
                  })
           .ok(),
       "the ledger does not read");
  return entries;
}

void verify_whole(benchmark::State& state) {
  const ScratchDir dir;
  Home home;
  home.root = dir.path() / "home";
  VerifyOptions options;
  options.key = fill(home, static_cast<std::uint64_t>(state.range(0)));
  options.ledger = home.ledger();
  const std::vector<Bytes> entries = entries_of(home);
  double verify_s = 0;
  double hash_s = 0;
  for (auto _ : state) {
    auto start = SteadyClock::now();
    const VerifyReport report = verify_ledger(options);
    const double taken = seconds_since(start);
    need(report.verdict == Verdict::kVerified, "the ledger does not verify");
    need(report.events == entries.size(), "not every event was verified");
    state.SetIterationTime(taken);
    verify_s += taken;
    start = SteadyClock::now();
    for (const Bytes& entry : entries) benchmark::DoNotOptimize(leaf_hash(entry));
    hash_s += seconds_since(start);
  }
  const auto rounds = static_cast<double>(state.iterations());
  state.counters["events/s"] = rounds * static_cast<double>(entries.size()) / verify_s;
  state.counters["x_sha256"] = verify_s / hash_s;
}

BENCHMARK(verify_whole)->Arg(1'000)->Arg(20'000)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
