// Events written in each export format by one core, from the stored entry to the bytes of the
// record. `events/s` is the promise; every round is checked to have written every event.

#include "events/envelope.h"
#include "events/export.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include "bench/bench_main.h"
#include <algorithm>

namespace phantom::bench {
namespace {

constexpr Seq kEvents = 1'000;

Draft request_requested() {
  const Context context{"proxy",           "0.1.0",       ActorKind::Agent,
                        "s_00112233",      "claude-code", "0123456789abcdef",
                        "fedcba9876543210"};
  return make_draft<schema::ProxyRequestRequested>(context, [](auto& builder) {
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

std::vector<Bytes> entries() {
  std::vector<Bytes> all;
  Draft draft = request_requested();
  draft.occurred_ns = 1'767'323'045'678'901'234;
  draft.mono_ns = 123'456'789;
  draft.boot_id = "0f4c3d2b-1a09-4857-8695-a4b3c2d1e0f1";
  Sequencing sequencing;
  sequencing.tag_links.resize(draft.tags.size(), {.prev_seq = 1, .count = 9});
  for (Seq seq = 0; seq < kEvents; ++seq) {
    sequencing.seq = seq;
    sequencing.time_ns = 1'767'323'045'678'901'999 + static_cast<std::int64_t>(seq);
    auto bytes = encode_entry(draft, sequencing);
    need(bytes.ok(), "no entry");
    all.push_back(*std::move(bytes));
  }
  return all;
}

void measure(benchmark::State& state, const ExportFormat& format) {
  const std::vector<Bytes> all = entries();
  std::string out;
  for (auto _ : state) {
    out.clear();
    Exporter exporter(format, {"phantom.local/ledger", "0123456789abcdef0123456789abcdef"});
    exporter.begin(out);
    for (const Bytes& bytes : all) {
      const auto entry = parse_entry(bytes);
      need(entry.ok(), "not an entry");
      exporter.append(out, **entry, bytes);
    }
    exporter.end(out);
    benchmark::DoNotOptimize(out.data());
  }
  const auto lines = std::count(out.begin(), out.end(), '\n');
  const auto around = std::count(format.header.begin(), format.header.end(), '\n') +
                      std::count(format.footer.begin(), format.footer.end(), '\n');
  need(lines == static_cast<std::ptrdiff_t>(kEvents) + around, "not one line per event");
  const auto events = static_cast<double>(state.iterations()) * static_cast<double>(kEvents);
  state.counters["events/s"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
  state.counters["bytes_per_event"] = static_cast<double>(out.size()) / kEvents;
}

}  // namespace
}  // namespace phantom::bench

int main(int argc, char** argv) {
  for (const phantom::ExportFormat& format : phantom::export_formats()) {
    benchmark::RegisterBenchmark(
        std::string(format.name).c_str(),
        [&format](benchmark::State& state) { phantom::bench::measure(state, format); });
  }
  return phantom::bench::run(argc, argv);
}
