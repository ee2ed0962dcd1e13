#include "ledger/selftest_sample.h"

#include "events/producers.h"
#include "ledger/appender.h"
#include "ledger/layout.h"
#include "ledger/mutate.h"
#include "ledger/store_unsynced.h"
#include "schema/events_generated.h"

#include <mutex>

namespace phantom {
namespace {

class SeedRandom final : public Random {
 public:
  explicit SeedRandom(std::uint64_t seed) : dice_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    const std::lock_guard lock(mutex_);
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(dice_.next() >> 32);
  }

 private:
  std::mutex mutex_;
  Dice dice_;
};

class StoppedClock final : public Clock {
 public:
  std::int64_t wall_ns() const override { return 1'767'225'600'000'000'000; }  // 2026-01-01
  std::int64_t mono_ns() const override { return 1'000'000'000; }
  const std::string& boot_id() const override { return boot_id_; }

 private:
  std::string boot_id_ = "00000000-0000-4000-8000-000000000000";
};

Draft sample_draft(std::uint64_t number) {
  Context context;
  context.component = "selftest";
  context.session = "sample-" + std::to_string(number % 7);
  return make_draft<schema::AuditRead>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    return schema::CreateAuditRead(builder, builder.CreateString("sample"), number, number + 1, 1);
  });
}

// What one process records: `together` in one go, then some commits of one event each.
Status record(const Home& home, const AppenderOptions& options, std::uint64_t together,
              std::uint64_t singly) {
  PH_ASSIGN(const std::unique_ptr<Appender> appender, open_appender(home, options));
  std::vector<Draft> drafts;
  for (std::uint64_t i = 0; i < together; ++i) drafts.push_back(sample_draft(i));
  for (auto& receipt : appender->append_all(std::move(drafts))) {
    if (!receipt.ok()) return std::move(receipt.error());
  }
  for (std::uint64_t i = 0; i < singly; ++i) {
    auto receipt = appender->append(sample_draft(together + i));
    if (!receipt.ok()) return std::move(receipt.error());
  }
  return appender->close();
}

}  // namespace

Result<std::filesystem::path> make_sample_ledger(const std::filesystem::path& directory,
                                                 std::uint64_t seed) {
  const Home home{directory / "home"};
  SeedRandom random(seed);
  const StoppedClock clock;
  AppenderOptions options;
  options.random = &random;
  options.store.env = unsynced_env();
  options.clock = &clock;
  Context context;
  context.component = "selftest";
  auto created = create_ledger(home, context, options);
  if (!created.ok()) return std::move(created.error());
  options.epoch_events_max = 200;
  PH_TRY(record(home, options, 250, 12));
  {
    PH_ASSIGN(const std::unique_ptr<Store> store,
              Store::open(LedgerFiles{home.ledger()}.db(), options.store));
    PH_TRY(store->flush());
    PH_TRY(store->close());
  }
  PH_TRY(record(home, options, 20, 5));
  return home.ledger();
}

}  // namespace phantom
