// Hashes of the Merkle tree. Every round hashes the same input with OpenSSL too; `x_openssl` says
// how many times quicker ours is than its fastest call, `x_evp` than the interface it recommends.

#include "events/tree_hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "bench/bench_main.h"
#include <chrono>
#include <random>

namespace phantom::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kBatch = 256;  // a bundle

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// The low-level calls are deprecated and still the fastest; the product does not use them.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void low_level(std::uint8_t prefix, ByteView bytes, Digest& out) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, &prefix, 1);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(out.data(), &context);
}
#pragma GCC diagnostic pop

class Evp {
 public:
  Evp() { need(md_ != nullptr && context_ != nullptr, "OpenSSL has no SHA-256"); }
  ~Evp() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(md_);
  }
  Evp(const Evp&) = delete;
  Evp& operator=(const Evp&) = delete;

  void hash(std::uint8_t prefix, ByteView bytes, Digest& out) {
    EVP_DigestInit_ex2(context_, md_, nullptr);
    EVP_DigestUpdate(context_, &prefix, 1);
    EVP_DigestUpdate(context_, bytes.data(), bytes.size());
    EVP_DigestFinal_ex(context_, out.data(), nullptr);
  }

 private:
  EVP_MD* md_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context_ = EVP_MD_CTX_new();
};

// Hashes `inputs` with `ours` and with OpenSSL, one call for each of them there.
template <class Ours>
void measure(benchmark::State& state, std::uint8_t prefix, const std::vector<ByteView>& inputs,
             const Ours& ours) {
  std::vector<Digest> out(inputs.size());
  std::vector<Digest> reference(inputs.size());
  Evp evp;
  double ours_s = 0;
  double low_level_s = 0;
  double evp_s = 0;
  for (auto _ : state) {
    auto start = SteadyClock::now();
    ours(std::span(out));
    const double taken = seconds_since(start);
    state.SetIterationTime(taken);
    ours_s += taken;
    start = SteadyClock::now();
    for (std::size_t i = 0; i < inputs.size(); ++i) evp.hash(prefix, inputs[i], reference[i]);
    evp_s += seconds_since(start);
    start = SteadyClock::now();
    for (std::size_t i = 0; i < inputs.size(); ++i) low_level(prefix, inputs[i], reference[i]);
    low_level_s += seconds_since(start);
  }
  need(out == reference, "hashes differ");
  const auto hashes = static_cast<double>(state.iterations()) * static_cast<double>(inputs.size());
  state.counters["ns"] = ours_s / hashes * 1e9;
  state.counters["openssl_ns"] = low_level_s / hashes * 1e9;
  state.counters["evp_ns"] = evp_s / hashes * 1e9;
  state.counters["x_openssl"] = low_level_s / ours_s;
  state.counters["x_evp"] = evp_s / ours_s;
}

Bytes input_bytes(std::size_t size) {
  std::mt19937_64 engine(1);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine());
  return bytes;
}

void measure_leaves(benchmark::State& state, const std::vector<std::size_t>& sizes) {
  std::size_t total = 0;
  for (const std::size_t size : sizes) total += size;
  const Bytes bytes = input_bytes(total);
  std::vector<ByteView> entries;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    entries.push_back(ByteView(bytes).subspan(at, size));
    at += size;
  }
  measure(state, 0x00, entries, [&](std::span<Digest> out) { leaf_hashes(entries, out); });
}

void leaf(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  measure_leaves(state, std::vector<std::size_t>(kBatch, size));
}

// Entries of a real ledger differ in length.
void leaf_mixed(benchmark::State& state) {
  std::mt19937_64 engine(2);
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < kBatch; ++i) sizes.push_back(200 + engine() % 400);
  measure_leaves(state, sizes);
}

void node(benchmark::State& state) {
  const auto pairs = static_cast<std::size_t>(state.range(0));
  std::vector<Digest> children(2 * pairs);
  const Bytes bytes = input_bytes(64 * pairs);
  std::vector<ByteView> inputs;
  for (std::size_t i = 0; i < pairs; ++i) {
    const ByteView pair = ByteView(bytes).subspan(64 * i, 64);
    std::copy_n(pair.begin(), 32, children[2 * i].begin());
    std::copy_n(pair.begin() + 32, 32, children[2 * i + 1].begin());
    inputs.push_back(pair);
  }
  measure(state, 0x01, inputs, [&](std::span<Digest> out) { node_hashes(children, out); });
}

BENCHMARK(leaf)->Arg(310)->Arg(512)->Arg(4'096)->UseManualTime();
BENCHMARK(leaf_mixed)->UseManualTime();
BENCHMARK(node)->Arg(1)->Arg(2)->Arg(4)->Arg(128)->UseManualTime();

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
