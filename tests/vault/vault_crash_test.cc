#include "schema/events_generated.h"
#include "tests/support/ledger_home.h"
#include "tests/vault/vault_fixture.h"
#include "vault/vault.h"
#include "vault/vault_history.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace phantom {
namespace {

namespace fs = std::filesystem;

using VaultCrashTest = VaultFixture;

// ---- killed between any two steps

enum class KillAt { kBeforeRequest, kAfterRequest, kBeforeCompleted, kAfterCompleted };

void arm_kill(MemoryLedger& ledger, KillAt at) {
  const auto requested = event_no<schema::VaultChangeRequested>();
  const auto completed = event_no<schema::VaultChangeCompleted>();
  ledger.before_append = [=](const Draft& draft) -> Status {
    if (at == KillAt::kBeforeRequest && draft.type == requested) throw Killed{};
    if (at == KillAt::kBeforeCompleted && draft.type == completed) throw Killed{};
    return {};
  };
  ledger.after_append = [=](const Draft& draft) -> Status {
    if (at == KillAt::kAfterRequest && draft.type == requested) throw Killed{};
    if (at == KillAt::kAfterCompleted && draft.type == completed) throw Killed{};
    return {};
  };
}

void disarm(MemoryLedger& ledger) {
  ledger.before_append = nullptr;
  ledger.after_append = nullptr;
}

TEST_F(VaultCrashTest, KilledAtAnyStepTheChangeHappenedWhollyOrNotAtAll) {
  make_vault();
  std::string expected = "example-value-1";
  int round = 1;
  for (const KillAt at : {KillAt::kBeforeRequest, KillAt::kAfterRequest, KillAt::kBeforeCompleted,
                          KillAt::kAfterCompleted}) {
    const std::string value = "example-round-" + std::to_string(++round);
    {
      VaultProcess process(ledger, dir.path());
      auto vault = process.open();
      ASSERT_TRUE(vault.ok()) << vault.error().message;
      arm_kill(ledger, at);
      EXPECT_THROW((void)vault->change("add", put_change("KEY", value)), Killed);
      disarm(ledger);
    }
    // The request is the point of no return.
    if (at != KillAt::kBeforeRequest) expected = value;
    EXPECT_EQ(value_of("KEY"), expected) << round;
    expect_sound_history();
    VaultProcess next(ledger, dir.path());
    auto vault = next.open();
    ASSERT_TRUE(vault.ok());
    ASSERT_TRUE(vault->change("add", put_change("OTHER", value)).ok());
    EXPECT_EQ(value_of("OTHER"), value);
    EXPECT_EQ(value_of("KEY"), expected);
    EXPECT_EQ(count_files(), 1U) << "staged files are cleaned up";
    expect_sound_history();
  }
}

// What a secret is, in one line; "-" when there is none of that name.
std::string state_of(Vault& vault, const std::string& name) {
  const auto info = vault.find(name);
  if (!info) return "-";
  std::string text = std::to_string(info->version) + " " + info->placeholder + " " +
                     std::to_string(info->expires_ns) + " " +
                     std::string(vault.open_secret(name, "reveal")->value.text());
  for (const OlderSecret& older : info->older) {
    text += " " + std::to_string(older.version) + "=" +
            std::string(vault.open_older(name, older.version, "reveal")->value.text());
  }
  return text;
}

TEST_F(VaultCrashTest, EveryActionHappensWhollyOrNotAtAll) {
  const std::pair<const char*, std::vector<VaultChange> (*)()> actions[] = {
      {"put", [] { return put_change("KEY", "example-value-3"); }},
      {"delete", [] { return delete_change("KEY"); }},
      {"rename", [] { return rename_change("KEY", "prod/KEY"); }},
      {"renew", [] { return one_change("KEY", Action::kRenewPlaceholder); }},
      {"expire", [] { return expiry_change("KEY", 5); }},
      {"restore", [] { return restore_change("KEY", 1); }},
  };
  for (const auto& [word, make] : actions) {
    for (const KillAt at : {KillAt::kBeforeRequest, KillAt::kAfterRequest, KillAt::kBeforeCompleted,
                            KillAt::kAfterCompleted}) {
      MemoryLedger fresh;
      fresh.clock.set_wall_ns(FakeClock::kStartNs);
      const TempDir place;
      std::string before;
      {
        VaultProcess process(fresh, place.path());
        auto vault = process.create();
        ASSERT_TRUE(vault.ok());
        ASSERT_TRUE(vault->change("init", put_change("KEY", "example-value-1")).ok());
        ASSERT_TRUE(vault->change("rotate", put_change("KEY", "example-value-2")).ok());
        before = state_of(*vault, "KEY");
        arm_kill(fresh, at);
        EXPECT_THROW((void)vault->change(word, make()), Killed);
        disarm(fresh);
      }
      VaultProcess next(fresh, place.path());
      auto vault = next.open();
      ASSERT_TRUE(vault.ok()) << word << vault.error().message;
      // The request is the point of no return: before it nothing changed, after it all did.
      if (at == KillAt::kBeforeRequest) {
        EXPECT_EQ(state_of(*vault, "KEY"), before) << word;
        ASSERT_TRUE(vault->change(word, make()).ok()) << word;
      }
      EXPECT_NE(state_of(*vault, "KEY"), before) << word;
      const std::string kept = word == std::string("rename") ? "prod/KEY" : "KEY";
      EXPECT_EQ(state_of(*vault, kept) == "-", word == std::string("delete")) << word;
      const auto last = read_last_change(next.reader, "demo");
      ASSERT_TRUE(last.ok());
      EXPECT_EQ((*last)->ending, ChangeEnding::kDone) << word;
    }
  }
}

TEST_F(VaultCrashTest, KilledWhileCreatingItCanBeCreatedOrIsThere) {
  for (const KillAt at : {KillAt::kBeforeRequest, KillAt::kAfterRequest, KillAt::kBeforeCompleted,
                          KillAt::kAfterCompleted}) {
    MemoryLedger fresh;
    const TempDir place;
    {
      VaultProcess process(fresh, place.path());
      arm_kill(fresh, at);
      EXPECT_THROW((void)process.create(), Killed);
      disarm(fresh);
    }
    VaultProcess process(fresh, place.path());
    auto vault = process.open();
    if (at == KillAt::kBeforeRequest) {
      EXPECT_EQ(vault.error().code, Code::kNotFound);
      vault = process.create();
    }
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    EXPECT_TRUE(vault->change("add", put_change("KEY", "example-value-1")).ok());
  }
}

TEST_F(VaultCrashTest, AStagedFileLostAfterItsRequestMakesTheChangeFail) {
  make_vault();
  {
    VaultProcess process(ledger, dir.path());
    auto vault = process.open();
    arm_kill(ledger, KillAt::kAfterRequest);
    EXPECT_THROW((void)vault->change("add", put_change("KEY", "example-value-2")), Killed);
    disarm(ledger);
  }
  for (const auto& entry : fs::directory_iterator(dir.path() / "vaults")) {
    if (entry.path() != file()) fs::remove(entry.path());
  }
  EXPECT_EQ(value_of("KEY"), "example-value-1");
  const Seq seq = ledger.tags.at("vault:demo").last_seq;
  EXPECT_EQ(ledger.rows[seq].draft.outcome, Outcome::Failed);
  EXPECT_EQ(ledger.rows[seq].draft.reason, Reason::Interrupted);
  VaultProcess process(ledger, dir.path());
  EXPECT_TRUE(process.open()->change("add", put_change("KEY", "example-value-3")).ok());
  EXPECT_EQ(value_of("KEY"), "example-value-3");
  expect_sound_history();
}

TEST_F(VaultCrashTest, AFailedAppendChangesNothing) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ledger.before_append = [](const Draft&) { return Error{Code::kLimit, "disk full"}; };
  EXPECT_EQ(vault->change("add", put_change("KEY", "example-value-2")).error().code, Code::kLimit);
  disarm(ledger);
  EXPECT_EQ(count_files(), 1U);
  EXPECT_EQ(value_of("KEY"), "example-value-1");
  ASSERT_TRUE(vault->change("add", put_change("KEY", "example-value-3")).ok());
  EXPECT_EQ(value_of("KEY"), "example-value-3");
}

TEST_F(VaultCrashTest, AnIndeterminateAppendKeepsTheNewFileForWhoeverLooksNext) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ledger.after_append = [](const Draft&) { return Error{Code::kIndeterminate, "lost answer"}; };
  EXPECT_EQ(vault->change("add", put_change("KEY", "example-value-2")).error().code,
            Code::kIndeterminate);
  disarm(ledger);
  EXPECT_EQ(value_of("KEY"), "example-value-2");
  ASSERT_TRUE(vault->change("add", put_change("OTHER", "example-other")).ok());
  EXPECT_EQ(value_of("KEY"), "example-value-2");
  expect_sound_history();
}

TEST_F(VaultCrashTest, AFailedRenameIsRecordedAsFailed) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  const std::string good = read_text(file());
  // A directory in the place of the file cannot be replaced by a rename.
  ledger.after_append = [&](const Draft& draft) -> Status {
    if (draft.type == event_no<schema::VaultChangeRequested>()) {
      fs::remove(file());
      fs::create_directories(file() / "x");
    }
    return {};
  };
  EXPECT_FALSE(vault->change("add", put_change("KEY", "example-value-2")).ok());
  disarm(ledger);
  EXPECT_EQ(ledger.names().back(), "vault.change.completed");
  EXPECT_EQ(ledger.last().outcome, Outcome::Failed);
  EXPECT_EQ(ledger.last().reason, Reason::IoError);
  fs::remove_all(file());
  write_text(file(), good);
  EXPECT_EQ(value_of("KEY"), "example-value-1");
  ASSERT_TRUE(vault->change("add", put_change("KEY", "example-value-3")).ok());
  EXPECT_EQ(value_of("KEY"), "example-value-3");
  expect_sound_history();
}

// ---- two processes

TEST_F(VaultCrashTest, TheSecondOfTwoChangesBuildsOnTheFirst) {
  make_vault();
  VaultProcess one(ledger, dir.path());
  VaultProcess two(ledger, dir.path());
  auto first = one.open();
  auto second = two.open();
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(first->change("add", put_change("ONE", "example-one")).ok());
  const Status done = second->change("add", put_change("TWO", "example-two"));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(value_of("ONE"), "example-one");
  EXPECT_EQ(value_of("TWO"), "example-two");
  EXPECT_TRUE(first->change("add", put_change("THREE", "example-three")).ok());
  EXPECT_EQ(first->list().size(), 4U);
  EXPECT_EQ(count_files(), 1U);
  expect_sound_history();
}

TEST_F(VaultCrashTest, AnotherProcessMayFinishTheChangeOfOneThatStillLives) {
  make_vault();
  VaultProcess slow(ledger, dir.path());
  auto vault = slow.open();
  ASSERT_TRUE(vault.ok());
  bool entered = false;
  ledger.after_append = [&](const Draft& draft) -> Status {
    if (draft.type != event_no<schema::VaultChangeRequested>() || entered) return {};
    entered = true;
    // Between the request and the rename a quick process opens the vault and changes it again.
    VaultProcess quick(ledger, dir.path());
    auto other = quick.open();
    EXPECT_TRUE(other.ok()) << other.error().message;
    if (other.ok()) {
      EXPECT_TRUE(other->change("add", put_change("QUICK", "example-quick")).ok());
    }
    return {};
  };
  const Status done = vault->change("add", put_change("SLOW", "example-slow"));
  disarm(ledger);
  EXPECT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(value_of("SLOW"), "example-slow");
  EXPECT_EQ(value_of("QUICK"), "example-quick");
  EXPECT_TRUE(vault->change("add", put_change("LAST", "example-last")).ok());
  EXPECT_EQ(vault->list().size(), 4U);
  expect_sound_history();
}

TEST_F(VaultCrashTest, AFileNewerThanTheHistoryThatWasReadIsLookedAtAgain) {
  make_vault();
  VaultProcess reading(ledger, dir.path());
  VaultProcess writing(ledger, dir.path());
  auto writer = writing.open();
  ASSERT_TRUE(writer.ok());
  int rounds = 0;
  reading.reader.after_catch_up = [&] {
    if (++rounds == 1) {
      ASSERT_TRUE(writer->change("add", put_change("KEY", "example-value-2")).ok());
    }
  };
  auto vault = reading.open();
  ASSERT_TRUE(vault.ok()) << vault.error().message;
  EXPECT_EQ(vault->open_secret("KEY", "test")->value.text(), "example-value-2");
}

TEST_F(VaultCrashTest, EndlessConflictsEndWithBusy) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ledger.before_append = [](const Draft&) { return Error{Code::kConflict, "somebody was first"}; };
  EXPECT_EQ(vault->change("add", put_change("KEY", "example-value-2")).error().code, Code::kBusy);
  disarm(ledger);
  EXPECT_EQ(count_files(), 1U);
}

// ---- the real ledger

TEST(VaultOnLedger, ProcessesChangeOneVaultAtTheSameTime) {
  test::LedgerHome place;
  place.create();
  const auto appender = place.open();
  ASSERT_NE(appender, nullptr);
  constexpr int kThreads = 3;
  constexpr int kChanges = 5;
  const auto options_with = [&](LedgerReader& reader, Unlocker& unlocker) {
    VaultOptions options;
    options.home = place.home();
    options.context.component = "cli";
    options.context.project = "demo";
    options.appender = appender.get();
    options.reader = &reader;
    options.unlocker = &unlocker;
    options.kdf = {1, 8};
    return options;
  };
  {
    ScriptedInput input;
    Unlocker unlocker(place.home(), input);
    auto reader = open_reader(place.home().ledger());
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    const auto vault = Vault::create(options_with(**reader, unlocker), UnlockMethod::kPassphrase);
    ASSERT_TRUE(vault.ok()) << vault.error().message;
  }
  std::vector<std::thread> threads;
  std::array<int, kThreads> done{};
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ScriptedInput input;
      Unlocker unlocker(place.home(), input);
      auto reader = open_reader(place.home().ledger());
      if (!reader.ok()) return;
      auto vault = Vault::open(options_with(**reader, unlocker));
      if (!vault.ok()) return;
      for (int i = 0; i < kChanges; ++i) {
        const std::string name = "T" + std::to_string(t) + "_" + std::to_string(i);
        Status changed = vault->change("add", put_change(name, "example-" + name));
        for (int again = 0; !changed.ok() && changed.error().code == Code::kBusy && again < 20;
             ++again) {
          changed = vault->change("add", put_change(name, "example-" + name));
        }
        if (changed.ok()) {
          ++done[t];
        } else {
          ADD_FAILURE() << name << ": " << changed.error().message;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : done) EXPECT_EQ(count, kChanges);
  ScriptedInput input;
  Unlocker unlocker(place.home(), input);
  auto reader = open_reader(place.home().ledger());
  ASSERT_TRUE(reader.ok());
  auto vault = Vault::open(options_with(**reader, unlocker));
  ASSERT_TRUE(vault.ok()) << vault.error().message;
  EXPECT_EQ(vault->list().size(), static_cast<std::size_t>(kThreads * kChanges));
  EXPECT_EQ(vault->version(), static_cast<std::uint64_t>(kThreads * kChanges + 1));
  EXPECT_EQ(vault->open_secret("T1_2", "test")->value.text(), "example-T1_2");
  EXPECT_TRUE(appender->close().ok());
}

}  // namespace
}  // namespace phantom
