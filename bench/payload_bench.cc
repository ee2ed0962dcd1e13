// The check of one payload against its event type. Every round checks the same payload by
// reflection too; `x_reflection` says how many times quicker the check is.

#include "events/catalog.h"
#include "events/catalog_schema.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include "bench/bench_main.h"
#include <chrono>

namespace phantom::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr int kChecks = 1'000;  // per round, so that reading the clock costs nothing

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

Draft request_requested() {
  return make_draft<schema::ProxyRequestRequested>({}, [](auto& builder) {
    const auto method = builder.CreateString("POST");
    const auto service = builder.CreateString("openai");
    const auto host = builder.CreateString("api.example.org");
    const auto path = builder.CreateString("/v1/chat/completions");
    const auto digest = builder.CreateVector(Bytes(32, 1));
    const auto secret = builder.CreateString("OPENAI_API_KEY");
    const auto placement = builder.CreateString("authorization");
    schema::ProxyRequestRequestedBuilder request(builder);
    request.add_request_id(7);
    request.add_method(method);
    request.add_service(service);
    request.add_host(host);
    request.add_port(443);
    request.add_path_template(path);
    request.add_path_digest(digest);
    request.add_secret_name(secret);
    request.add_secret_version(3);
    request.add_placement(placement);
    request.add_body_bytes(512);
    return request.Finish();
  });
}

Draft request_completed() {
  return make_draft<schema::ProxyRequestCompleted>({}, [](auto& builder) {
    const auto tls = builder.CreateString("TLSv1.3");
    const auto digest = builder.CreateVector(Bytes(32, 1));
    schema::ProxyRequestCompletedBuilder request(builder);
    request.add_request_id(7);
    request.add_http_status(200);
    request.add_bytes_sent(512);
    request.add_bytes_received(4'096);
    request.add_duration_ns(200'000'000);
    request.add_first_byte_ns(100'000'000);
    request.add_tls_version(tls);
    request.add_peer_certificate_digest(digest);
    return request.Finish();
  });
}

void measure(benchmark::State& state, const Draft& draft) {
  const EventInfo* info = find_event(draft.type);
  need(info != nullptr, "no such event type");
  const reflection::Object& table = *reflected_table(info->table);
  double check_s = 0;
  double reflection_s = 0;
  bool good = true;
  for (auto _ : state) {
    auto start = SteadyClock::now();
    for (int i = 0; i < kChecks; ++i) good = check_payload(draft.type, draft.payload).ok() && good;
    const double taken = seconds_since(start);
    state.SetIterationTime(taken);
    check_s += taken;
    start = SteadyClock::now();
    for (int i = 0; i < kChecks; ++i) {
      good = flatbuffers::Verify(reflected_schema(), table, draft.payload.data(),
                                 draft.payload.size()) &&
             good;
    }
    reflection_s += seconds_since(start);
  }
  need(good, "payload refused");
  const double checks = static_cast<double>(state.iterations()) * kChecks;
  state.counters["ns"] = check_s / checks * 1e9;
  state.counters["reflection_ns"] = reflection_s / checks * 1e9;
  state.counters["x_reflection"] = reflection_s / check_s;
}

void check_request_requested(benchmark::State& state) { measure(state, request_requested()); }
void check_request_completed(benchmark::State& state) { measure(state, request_completed()); }

BENCHMARK(check_request_requested)->UseManualTime();
BENCHMARK(check_request_completed)->UseManualTime();

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) { return phantom::bench::run(argc, argv); }
