// A process that appends, for tests that kill the writer or run several submitters.
//   append_child HOME ID COUNT [ID_MS [EPOCH_EVENTS]]
// Appends COUNT events numbered ID*1000000+i, prints "ack <number> <seq> <monotonic ns>" after each
// receipt and "role-ready" when the appender is open. Ends with 0 when all were acknowledged. The
// event id of number n is derived from n and ID_MS (milliseconds since 1970, default now), so
// that the same call sends the same events again. EPOCH_EVENTS: how many an epoch key signs for.
//   append_child HOME create
// Makes the ledger and prints its verifier key.
// With PHANTOM_LEDGER_SOCKET it submits to the service there; PHANTOM_TEST_WAIT_MS bounds waiting.

#include "events/encoding.h"
#include "tests/support/ledger_home.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

int create(const phantom::Home& home) {
  phantom::Context context;
  context.component = "test";
  const auto created = phantom::create_ledger(home, context, {});
  if (!created.ok()) {
    std::fprintf(stderr, "%s\n", created.error().message.c_str());
    return 1;
  }
  std::printf("%s\n", created->vkey.c_str());
  return 0;
}

phantom::EventId id_of(std::uint64_t number, std::uint64_t ms) {
  phantom::Bytes bytes;
  phantom::put_be64(bytes, ms << 16 | 0x7000);
  phantom::put_be64(bytes, std::uint64_t{1} << 63 | number);
  phantom::EventId id{};
  std::memcpy(id.data(), bytes.data(), id.size());
  return id;
}

}  // namespace

int main(int argc, char** argv) {
  const phantom::Home home{argc > 1 ? argv[1] : ""};
  if (argc == 3 && std::string_view(argv[2]) == "create") return create(home);
  if (argc < 4 || argc > 6) return 2;
  const auto number_at = [&](int index, std::uint64_t otherwise) {
    return index < argc ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  const std::uint64_t first = number_at(2, 0) * 1'000'000;
  const std::uint64_t count = number_at(3, 0);
  const auto now_ms = static_cast<std::uint64_t>(phantom::system_clock().wall_ns() / 1'000'000);
  const std::uint64_t id_ms = number_at(4, now_ms);
  phantom::AppenderOptions options;
  const char* wait_ms = std::getenv("PHANTOM_TEST_WAIT_MS");
  options.wait_max = std::chrono::milliseconds(wait_ms == nullptr ? 20'000 : std::atoi(wait_ms));
  if (const char* service = std::getenv("PHANTOM_LEDGER_SOCKET")) options.service = service;
  options.epoch_events_max = number_at(5, options.epoch_events_max);
  auto appender = phantom::open_appender(home, options);
  if (!appender.ok()) {
    std::fprintf(stderr, "%s: %s\n", phantom::code_name(appender.error().code),
                 appender.error().message.c_str());
    return 1;
  }
  std::printf("role-ready\n");
  std::fflush(stdout);
  for (std::uint64_t i = 0; i < count; ++i) {
    phantom::Draft draft =
        phantom::test::note_draft(first + i, "session:child" + std::string(argv[2]));
    draft.id = id_of(first + i, id_ms);
    const auto receipt = (*appender)->append(draft);
    if (!receipt.ok()) {
      std::fprintf(stderr, "event %llu: %s\n", static_cast<unsigned long long>(first + i),
                   receipt.error().message.c_str());
      return 1;
    }
    std::printf("ack %llu %llu %lld\n", static_cast<unsigned long long>(first + i),
                static_cast<unsigned long long>(receipt->seq),
                static_cast<long long>(phantom::system_clock().mono_ns()));
    std::fflush(stdout);
  }
  return (*appender)->close().ok() ? 0 : 1;
}
