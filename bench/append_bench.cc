// Durable appends: how long until an event is on disk under a signed checkpoint, by how many are
// handed over at once and by how many threads. Every round also writes as many bytes to a plain
// file and syncs them; `x_sync` is the ratio of the two, which is what to compare between machines.

#include "events/producers.h"
#include "ledger/appender.h"
#include "schema/events_generated.h"

#include "bench/bench_main.h"
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace phantom::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kEntryBytes = 512;  // about what an entry of this draft takes

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

Context bench_context() {
  Context context;
  context.component = "bench";
  context.version = "0";
  context.session = "0123456789abcdef";
  context.project = "fedcba9876543210";
  return context;
}

Draft request_draft(std::uint64_t number) {
  return make_draft<schema::ProxyRequestRequested>(bench_context(), [&](auto& builder) {
    const auto method = builder.CreateString("POST");
    const auto service = builder.CreateString("openai");
    const auto host = builder.CreateString("api.example.org");
    const auto path = builder.CreateString("/v1/chat/completions");
    schema::ProxyRequestRequestedBuilder request(builder);
    request.add_request_id(number);
    request.add_method(method);
    request.add_service(service);
    request.add_host(host);
    request.add_port(443);
    request.add_path_template(path);
    return request.Finish();
  });
}

// A ledger of its own, and a plain file on the same disk.
class Rig {
 public:
  Rig() {
    home_.root = dir_.path() / "home";
    const auto made = create_ledger(home_, bench_context(), {});
    need(made.ok(), made.ok() ? "" : made.error().message);
    auto appender = open_appender(home_, {});
    need(appender.ok(), appender.ok() ? "" : appender.error().message);
    appender_ = *std::move(appender);
    fd_ = ::open((dir_.path() / "plain").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    need(fd_ >= 0, "cannot make a plain file");
  }
  ~Rig() {
    (void)appender_->close();
    ::close(fd_);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Hands over `events` at once and waits for the last receipt.
  void append_batch(std::uint64_t events) {
    std::mutex mutex;
    std::condition_variable all;
    std::uint64_t open = events;
    bool good = true;
    for (std::uint64_t i = 0; i < events; ++i) {
      appender_->append_async(request_draft(i), [&](Result<Receipt> receipt) {
        const std::lock_guard lock(mutex);
        good = good && receipt.ok();
        if (--open == 0) all.notify_one();
      });
    }
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return open == 0; });
    need(good, "an append failed");
  }

  void append_from_threads(std::uint64_t threads) {
    std::vector<std::thread> running;
    for (std::uint64_t i = 0; i < threads; ++i) {
      running.emplace_back([this, i] { need(appender_->append(request_draft(i)).ok(), "append"); });
    }
    for (std::thread& thread : running) thread.join();
  }

  void plain_sync(std::uint64_t events) {
    const std::string bytes(kEntryBytes * events, 'x');
    need(::pwrite(fd_, bytes.data(), bytes.size(), offset_) == static_cast<ssize_t>(bytes.size()) &&
             ::fdatasync(fd_) == 0,
         "plain write");
    offset_ += static_cast<off_t>(bytes.size());
  }

 private:
  ScratchDir dir_;
  Home home_;
  std::unique_ptr<Appender> appender_;
  int fd_ = -1;
  off_t offset_ = 0;
};

template <class Append>
void measure(benchmark::State& state, const Append& append) {
  const auto events = static_cast<std::uint64_t>(state.range(0));
  Rig rig;
  double append_s = 0;
  double sync_s = 0;
  for (auto _ : state) {
    auto start = SteadyClock::now();
    append(rig, events);
    const double taken = seconds_since(start);
    state.SetIterationTime(taken);
    append_s += taken;
    start = SteadyClock::now();
    rig.plain_sync(events);
    sync_s += seconds_since(start);
  }
  const auto rounds = static_cast<double>(state.iterations());
  state.counters["sync_us"] = sync_s / rounds * 1e6;
  state.counters["x_sync"] = append_s / sync_s;
  state.counters["events/s"] = rounds * static_cast<double>(events) / append_s;
}

void append_batch(benchmark::State& state) {
  measure(state, [](Rig& rig, std::uint64_t events) { rig.append_batch(events); });
}
void append_threads(benchmark::State& state) {
  measure(state, [](Rig& rig, std::uint64_t events) { rig.append_from_threads(events); });
}

BENCHMARK(append_batch)
    ->Arg(1)
    ->Arg(16)
    ->Arg(256)
    ->Arg(4'096)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(append_threads)->Arg(1)->Arg(4)->Arg(16)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
