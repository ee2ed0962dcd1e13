// An evidence bundle of a whole ledger. `x_verify` of `export` is the ratio of its time to that of
// verifying the ledger (bar: 2), in this process, on all cores. `check` verifies the bundle,
// `peak_MB` is this process's peak of memory so far. `session` exports 500 events of one session
// out of all.
//
// PHANTOM_BENCH_EVENTS=1000000 gives the size of the bar; it takes 5 GB of disk.

#include "ledger/bundle_write.h"
#include "ledger/key_files.h"
#include "ledger/layout.h"
#include "ledger/verify_bundle.h"

#include "bench/rig.h"
#include <cstdio>
#include <sys/resource.h>
#include <thread>

namespace phantom::bench {
namespace {

double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// The closing event is there, so that the export is all that is measured.
void close_query(LedgerRig& rig, const EntryFilter& filter) {
  rig.open();
  need(rig.appender().append(closing_event(bench_context(0), filter)).ok(), "append");
  rig.close();
}

WrittenBundle export_to(const LedgerRig& rig, const EntryFilter& filter, const std::string& file) {
  const auto reader = open_reader(rig.home().ledger());
  need(reader.ok(), "the ledger does not open");
  KeyFiles keys(rig.home().keys(), nullptr);
  const auto key = keys.load(log_key_file(rig.home().keys()));
  need(key.ok(), "no log key");
  BundleOrder order;
  order.filter = filter;
  order.spool = rig.directory();
  auto plan = plan_bundle(**reader, filter, order.spool);
  need(plan.ok() && plan->has_value(), "no plan");
  std::FILE* out = std::fopen(file.c_str(), "wb");
  need(out != nullptr, "cannot write");
  auto done = write_bundle(**reader, std::move(**plan), order, *key, [&](ByteView bytes) {
    need(std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size(), "write");
    return Status();
  });
  std::fclose(out);
  need(done.ok(), done.ok() ? "" : done.error().message);
  return *std::move(done);
}

double verify_seconds(const LedgerRig& rig) {
  VerifyOptions options;
  options.ledger = rig.home().ledger();
  options.key = rig.key();
  options.threads = std::thread::hardware_concurrency();
  const auto start = SteadyClock::now();
  need(verify_ledger(options).verdict == Verdict::kVerified, "the ledger does not verify");
  return seconds_since(start);
}

void export_whole(benchmark::State& state) {
  const std::uint64_t events = events_wanted(20'000);
  LedgerRig rig;
  rig.fill(events);
  rig.close();
  close_query(rig, {});
  const std::string file = (rig.directory() / "whole.phx").string();
  double export_s = 0;
  double verify_s = 0;
  for (auto _ : state) {
    verify_s += verify_seconds(rig);
    const auto start = SteadyClock::now();
    const WrittenBundle done = export_to(rig, {}, file);
    const double taken = seconds_since(start);
    need(done.manifest.counts.matched > events, "not every event is in it");
    state.SetIterationTime(taken);
    export_s += taken;
    state.counters["bytes_per_event"] =
        static_cast<double>(done.bytes) / static_cast<double>(events);
  }
  state.counters["events/s"] =
      static_cast<double>(state.iterations()) * static_cast<double>(events) / export_s;
  state.counters["x_verify"] = export_s / verify_s;
  state.counters["peak_MB"] = peak_megabytes();
}

void check_whole(benchmark::State& state) {
  const std::uint64_t events = events_wanted(20'000);
  LedgerRig rig;
  rig.fill(events);
  rig.close();
  close_query(rig, {});
  const std::string file = (rig.directory() / "whole.phx").string();
  export_to(rig, {}, file);
  VerifyOptions options;
  options.key = rig.key();
  double check_s = 0;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    const auto source = open_byte_source(file);
    need(source.ok(), "the bundle does not open");
    const VerifyReport report = verify_bundle(**source, options, BundleDemand::kComplete);
    const double taken = seconds_since(start);
    need(report.exit_code == 0 && report.rung == 5, "the bundle does not verify");
    state.SetIterationTime(taken);
    check_s += taken;
  }
  state.counters["events/s"] =
      static_cast<double>(state.iterations()) * static_cast<double>(events) / check_s;
  state.counters["peak_MB"] = peak_megabytes();
}

void export_session(benchmark::State& state) {
  LedgerRig rig;
  rig.fill(events_wanted(20'000));
  rig.close();
  EntryFilter filter;
  filter.session = bench_context(3).session;
  close_query(rig, filter);
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    const WrittenBundle done = export_to(rig, filter, (rig.directory() / "one.phx").string());
    state.SetIterationTime(seconds_since(start));
    need(done.manifest.counts.matched == 500, "a session has 500 events");
    state.counters["bytes"] = static_cast<double>(done.bytes);
  }
}

BENCHMARK(export_whole)->Name("export")->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(check_whole)->Name("check")->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(export_session)->Name("session")->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
