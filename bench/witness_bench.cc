// A witness that cosigns: requests over loopback, each on a connection of its own as phantom's
// client makes them, from one client and from eight with a log each. Beside it what the disk alone
// takes to replace a file of that size durably; `x_write` is the ratio of the medians.

#include "events/clock.h"
#include "events/random.h"
#include "ledger/home.h"
#include "ledger/tree.h"
#include "ledger/witness_directory.h"
#include "proxy/http_client.h"
#include "proxy/witness_client.h"
#include "proxy/witness_server.h"

#include "bench/bench_main.h"
#include "bench/rig.h"
#include <map>
#include <thread>

namespace phantom::bench {
namespace {

// Grows by a leaf for each checkpoint; only what a proof needs is kept.
class BenchLog {
 public:
  explicit BenchLog(const std::string& origin)
      : signer_(Signer::generate(origin, system_random())) {}

  const VerifierKey& key() const { return signer_.verifier_key(); }

  // The request from the size so far to one leaf more.
  std::string next_body() {
    Digest leaf{};
    system_random().fill(leaf);
    const std::uint64_t old_size = range_.size();
    range_.append(leaf, 0, [this](unsigned height, std::uint64_t index, const Digest& hash) {
      nodes_[{height, index}] = hash;
    });
    std::vector<Digest> proof;
    if (old_size > 0) {
      const NodeSource source = [this](unsigned height, std::uint64_t index) -> Result<Digest> {
        return nodes_.at({height, index});
      };
      proof = consistency_proof(source, old_size, range_.size()).value();
    }
    const std::string text = Checkpoint{key().name, range_.size(), range_.root()}.text();
    return add_checkpoint_body(old_size, proof,
                               text + "\n" + signature_line(key(), signer_.sign(as_bytes(text))));
  }

 private:
  Signer signer_;
  CompactRange range_;
  std::map<std::pair<unsigned, std::uint64_t>, Digest> nodes_;
};

class Rig {
 public:
  Rig() {
    need(create_witness(directory(), "witness.example/bench", system_random()).ok(), "create");
    auto opened = ServingWitness::open(directory(), system_clock());
    need(opened.ok(), "open");
    witness_ = std::move(*opened);
    WitnessServerOptions options;
    options.limits.requests_per_second = 0;
    auto started = WitnessServer::start(*witness_, options);
    need(started.ok(), "start");
    server_ = std::move(*started);
  }

  std::filesystem::path directory() const { return scratch_.path() / "w"; }
  void watch(const BenchLog& log) {
    need(add_witnessed_log(directory(), log.key(), log.key().name, {}).ok(), "add");
  }
  void submit(BenchLog& log) const {
    HttpRequest request;
    request.method = "POST";
    request.body = to_bytes(log.next_body());
    const auto answer = http_exchange("http://" + server_->address().text() + "/add-checkpoint",
                                      std::move(request), {});
    need(answer.ok() && answer->status == 200, "a cosignature");
  }
  double write_us(std::string_view bytes) const {
    const auto start = SteadyClock::now();
    need(write_file_durably(scratch_.path() / "plain", as_bytes(bytes), 0600).ok(), "write");
    return seconds_since(start) * 1e6;
  }

 private:
  ScratchDir scratch_;
  std::unique_ptr<ServingWitness> witness_;
  std::unique_ptr<WitnessServer> server_;
};

void one_client(benchmark::State& state) {
  Rig rig;
  BenchLog log("example.com/bench");
  rig.watch(log);
  const std::string plain(600, 'x');
  std::vector<double> ours_us;
  std::vector<double> plain_us;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    rig.submit(log);
    const double taken = seconds_since(start);
    state.SetIterationTime(taken);
    ours_us.push_back(taken * 1e6);
    plain_us.push_back(rig.write_us(plain));
  }
  state.counters["p50_us"] = percentile(ours_us, 0.5);
  state.counters["p99_us"] = percentile(ours_us, 0.99);
  state.counters["write_p50_us"] = percentile(plain_us, 0.5);
  state.counters["x_write"] = percentile(ours_us, 0.5) / percentile(plain_us, 0.5);
}

void eight_clients(benchmark::State& state) {
  constexpr int kClients = 8;
  constexpr int kRequestsEach = 8;
  Rig rig;
  std::vector<std::unique_ptr<BenchLog>> logs;
  for (int i = 0; i < kClients; ++i) {
    logs.push_back(std::make_unique<BenchLog>("example.com/bench/" + std::to_string(i)));
    rig.watch(*logs.back());
  }
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    {
      std::vector<std::jthread> clients;
      for (const auto& log : logs) {
        clients.emplace_back([&rig, &log] {
          for (int i = 0; i < kRequestsEach; ++i) rig.submit(*log);
        });
      }
    }
    state.SetIterationTime(seconds_since(start));
  }
  state.SetItemsProcessed(state.iterations() * kClients * kRequestsEach);
}

BENCHMARK(one_client)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(eight_clients)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
