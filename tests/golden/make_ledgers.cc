// Writes the ledgers in tests/golden/ledgers, all but v1 and pruned: same keys, events and times in
// every run. Only the identity that RocksDB gives a store, and what it is bound to, differ. The
// keys come from a seed that stands here: nothing they sign means anything. Private keys are not
// kept.
//
// usage: make_golden_ledgers DIRECTORY

#include "events/random.h"
#include "events/seal.h"
#include "ledger/appender.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/selftest_copy.h"
#include "tests/support/fake_clock.h"
#include "tests/support/ledger_home.h"
#include "tests/support/seeded_random.h"

#include <cstdio>
#include <filesystem>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

void must(const Status& status) {
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.error().message.c_str());
  PH_CHECK(status.ok(), "a golden ledger cannot be made");
}

class Maker {
 public:
  Maker(fs::path target, std::uint64_t seed) : target_(std::move(target)), random_(seed) {
    options_.clock = &clock_;
    options_.random = &random_;
    Context context;
    context.component = "golden";
    auto created = create_ledger(home_.home(), context, options_);
    PH_CHECK(created.ok(), "create");
    vkey_ = created->vkey;
  }

  // One process's events, each its own commit.
  void record(std::uint64_t count) {
    const auto appender = open_appender(home_.home(), options_);
    PH_CHECK(appender.ok(), "open");
    for (std::uint64_t i = 0; i < count; ++i) {
      clock_.advance(1'000'000);
      PH_CHECK((*appender)->append(next_draft()).ok(), "append");
    }
    must((*appender)->close());
  }
  // The same in one commit, or few.
  void record_together(std::uint64_t count) {
    const auto appender = open_appender(home_.home(), options_);
    PH_CHECK(appender.ok(), "open");
    std::vector<Draft> drafts;
    for (std::uint64_t i = 0; i < count; ++i) drafts.push_back(next_draft());
    for (const auto& receipt : (*appender)->append_all(std::move(drafts))) {
      PH_CHECK(receipt.ok(), "append");
    }
    must((*appender)->close());
  }
  void record_sealed(const std::string& field, const std::string& text) {
    const auto appender = open_appender(home_.home(), options_);
    PH_CHECK(appender.ok(), "open");
    Draft draft = next_draft();
    draft.id = make_event_id(clock_, random_);
    SubjectKey key;
    random_.fill(key);
    draft.sealed.push_back(seal_field(key, "s_0123456789abcdef", draft.id, {field, text}, random_));
    PH_CHECK((*appender)->append(std::move(draft)).ok(), "append");
    must((*appender)->close());
  }
  void flush() {
    auto store = Store::open(LedgerFiles{home_.home().ledger()}.db(), {});
    PH_CHECK(store.ok(), "open store");
    must((*store)->flush());
    must((*store)->close());
  }
  void epochs_of(std::uint64_t events) { options_.epoch_events_max = events; }

  void finish() {
    fs::remove_all(target_);
    must(copy_ledger(home_.home().ledger(), target_));
    const auto head = read_head_file(LedgerFiles{target_}.head());
    PH_CHECK(head.ok() && head->newest, "head");
    must(put_file(target_.string() + ".vkey", as_bytes(vkey_ + "\n")));
    must(put_file(target_.string() + ".checkpoint", as_bytes(head->newest->note)));
  }

 private:
  Draft next_draft() {
    const std::uint64_t number = number_++;
    return note_draft(number, "session:golden-" + std::to_string(number % 3));
  }

  fs::path target_;
  LedgerHome home_;
  FakeClock clock_;
  SeededRandom random_;
  AppenderOptions options_;
  std::string vkey_;
  std::uint64_t number_ = 0;
};

void make_all(const fs::path& directory) {
  fs::create_directories(directory);
  {
    Maker fresh(directory / "fresh", 101);
    fresh.finish();
  }
  {
    Maker epochs(directory / "epochs", 102);
    epochs.epochs_of(5);
    epochs.record(13);
    epochs.record(4);
    epochs.finish();
  }
  {
    // A full bundle and part of another in tables, the rest of the tail in a log.
    Maker bundles(directory / "bundles", 103);
    bundles.record_together(200);
    bundles.record(70);
    bundles.flush();
    bundles.record_together(30);
    bundles.record(3);
    bundles.finish();
  }
  {
    Maker sealed(directory / "sealed", 104);
    sealed.record(1);
    sealed.record_sealed("argv", "echo this text is sealed and its key is gone");
    sealed.record(1);
    sealed.finish();
  }
}

}  // namespace
}  // namespace phantom::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_golden_ledgers DIRECTORY\n");
    return 2;
  }
  phantom::test::make_all(argv[1]);
  return 0;
}
