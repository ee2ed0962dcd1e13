// How a vault is opened: one derivation, kept keys, and another way to open it.

#include "schema/events_generated.h"
#include "tests/vault/vault_fixture.h"
#include "vault/vault.h"
#include "vault/vault_history.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

class VaultUnlock : public VaultFixture {
 protected:
  VaultUnlock() { make_vault(); }

  // How the vault opened last, as it is on record.
  std::string method_on_record() const {
    for (auto row = ledger.rows.rbegin(); row != ledger.rows.rend(); ++row) {
      if (row->draft.type != event_no<schema::VaultUnlocked>()) continue;
      return flatbuffers::GetRoot<schema::VaultUnlocked>(row->draft.payload.data())
          ->method()
          ->str();
    }
    return "never";
  }
  std::size_t count(std::string_view name) const {
    const auto names = ledger.names();
    return static_cast<std::size_t>(std::count(names.begin(), names.end(), name));
  }
  fs::path mark() const { return dir.path() / "vaults" / "demo.kept"; }

  FakeKeeper keeper;
};

TEST_F(VaultUnlock, OneDerivationWhateverIsDoneWithIt) {
  {
    VaultProcess process(ledger, dir.path());
    auto vault = process.open();
    std::vector<VaultChange> changes;
    for (int i = 0; i < 50; ++i) {
      changes.push_back(std::move(put_change("NAME_" + std::to_string(i), "example").front()));
    }
    ASSERT_TRUE(vault->change("import", std::move(changes)).ok());
    EXPECT_EQ(process.derivations, 1);
  }
  // The predecessor derived twice for each secret.
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  std::vector<std::string> names;
  for (const SecretInfo& info : vault->list()) names.push_back(info.name);
  ASSERT_EQ(names.size(), 51U);
  EXPECT_TRUE(vault->open_secrets(names, "exec").ok());
  EXPECT_TRUE(vault->open_secret("KEY", "reveal").ok());
  ASSERT_TRUE(vault->change("rotate", put_change("KEY", "example-value-2")).ok());
  EXPECT_TRUE(vault->open_older("KEY", 1, "reveal").ok());
  EXPECT_EQ(process.derivations, 1);
  VaultProcess looking(ledger, dir.path());
  EXPECT_TRUE(Vault::list_locked(looking.options).ok());
  EXPECT_EQ(looking.derivations, 0);
}

TEST_F(VaultUnlock, AKeptKeyOpensWithoutPassphraseAndDerivation) {
  VaultProcess process(ledger, dir.path(), keeper);
  auto vault = process.open();
  ASSERT_TRUE(vault->keep_key().ok());
  EXPECT_EQ(ledger.names().back(), "vault.key_kept");
  EXPECT_EQ(keeper.items.size(), 1U);

  VaultProcess next(ledger, dir.path(), keeper);
  next.input.passphrase.clear();
  auto opened = next.open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(next.derivations, 0);
  EXPECT_EQ(method_on_record(), "kept-key");
  EXPECT_TRUE(opened->key_is_in_session());
  EXPECT_EQ(opened->open_secret("KEY", "test")->value.text(), "example-value-1");

  const auto forgotten = Vault::forget_key(next.options);
  ASSERT_TRUE(forgotten.ok());
  EXPECT_TRUE(*forgotten);
  EXPECT_TRUE(keeper.items.empty());
  EXPECT_FALSE(fs::exists(mark()));
  EXPECT_EQ(ledger.names().back(), "vault.key_forgotten");
  EXPECT_FALSE(*Vault::forget_key(next.options));
  VaultProcess after(ledger, dir.path(), keeper);
  after.input.passphrase.clear();
  EXPECT_EQ(after.open().error().code, Code::kDenied);
}

TEST_F(VaultUnlock, WhoKeepsNothingNeverAsksTheService) {
  VaultProcess process(ledger, dir.path(), keeper);
  EXPECT_TRUE(process.open().ok());
  EXPECT_EQ(keeper.asked, 0);
  EXPECT_FALSE(process.open()->key_is_in_session());
}

TEST_F(VaultUnlock, AKeptKeyThatCannotBeHadMeansThePassphraseAgain) {
  {
    VaultProcess process(ledger, dir.path(), keeper);
    ASSERT_TRUE(process.open()->keep_key().ok());
  }
  keeper.failure = Error{Code::kDenied, "the keyring of the Secret Service is locked", "unlock it"};
  VaultProcess with(ledger, dir.path(), keeper);
  EXPECT_TRUE(with.open().ok());
  EXPECT_EQ(method_on_record(), "passphrase-env");
  VaultProcess without(ledger, dir.path(), keeper);
  without.input.passphrase.clear();
  const auto refused = without.open();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("the keyring of the Secret Service is locked"),
            std::string::npos);
  // It is not forgotten as long as nobody can say that it is gone.
  EXPECT_EQ(Vault::forget_key(without.options).error().code, Code::kDenied);
  EXPECT_TRUE(fs::exists(mark()));
  keeper.failure.reset();
  keeper.items.clear();
  EXPECT_EQ(without.open().error().code, Code::kDenied);
  // A key of something else opens nothing.
  for (auto& [name, key] : keeper.items) key = SecretBytes::zeros(32);
  EXPECT_TRUE(with.open().ok());
}

TEST_F(VaultUnlock, WhatAPersonHasToStandBehindTakesNoKeptKeyAndNoVariable) {
  {
    VaultProcess process(ledger, dir.path(), keeper);
    ASSERT_TRUE(process.open()->keep_key().ok());
  }
  VaultProcess process(ledger, dir.path(), keeper);
  process.unlocker.ask_a_person();
  EXPECT_EQ(process.open().error().code, Code::kDenied) << "there is no terminal";
  process.input.answers = {"correct horse"};
  EXPECT_TRUE(process.open().ok());
  EXPECT_EQ(method_on_record(), "passphrase-prompt");
  // An input that does not say otherwise takes none either.
  VaultProcess silent(ledger, dir.path(), keeper);
  silent.input.kept_keys = false;
  const int asked = keeper.asked;
  EXPECT_TRUE(silent.open().ok());
  EXPECT_EQ(method_on_record(), "passphrase-env");
  EXPECT_EQ(keeper.asked, asked);
}

TEST_F(VaultUnlock, OnlyAPassphraseVaultKeepsItsKey) {
  VaultProcess process(ledger, dir.path(), keeper);
  process.options.context.project = "other";
  auto vault = Vault::create(process.options, UnlockMethod::kKeyFile);
  ASSERT_TRUE(vault.ok());
  EXPECT_EQ(vault->keep_key().error().code, Code::kInvalid);
}

TEST_F(VaultUnlock, AKeyThatCouldNotBeKeptIsOnRecordAsForgotten) {
  VaultProcess process(ledger, dir.path(), keeper);
  auto vault = process.open();
  keeper.failure = Error{Code::kNotFound, "the Secret Service does not answer"};
  EXPECT_EQ(vault->keep_key().error().code, Code::kNotFound);
  EXPECT_EQ(ledger.names().back(), "vault.key_forgotten");
  EXPECT_FALSE(fs::exists(mark()));
}

// ---- a vault whose key is in the Secret Service

TEST_F(VaultUnlock, TheSecretServiceHoldsARandomKeyOfItsOwn) {
  VaultProcess process(ledger, dir.path(), keeper);
  process.options.context.project = "other";
  process.input.passphrase.clear();
  {
    auto vault = Vault::create(process.options, UnlockMethod::kSecretService);
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    ASSERT_TRUE(vault->change("add", put_change("KEY", "example-value-1")).ok());
    EXPECT_TRUE(vault->key_is_in_session());
  }
  ASSERT_EQ(keeper.items.size(), 1U);
  EXPECT_EQ(keeper.items.begin()->second.size(), 32U);
  EXPECT_TRUE(process.open().ok());
  EXPECT_EQ(method_on_record(), "secret-service");

  // Never a fallback: not to a passphrase, not to a file.
  process.input.passphrase = "correct horse";
  process.input.answers = {"correct horse"};
  keeper.failure = Error{Code::kDenied, "the keyring of the Secret Service is locked", "unlock it"};
  const auto locked = process.open();
  ASSERT_FALSE(locked.ok());
  EXPECT_EQ(locked.error().code, Code::kDenied);
  EXPECT_EQ(locked.error().hint, "unlock it");
  keeper.failure.reset();
  auto key = std::move(keeper.items.begin()->second);
  keeper.items.begin()->second = SecretBytes::zeros(32);
  EXPECT_EQ(process.open().error().code, Code::kDenied);
  EXPECT_EQ(ledger.names().back(), "vault.unlock_failed");
  keeper.items.clear();
  EXPECT_EQ(process.open().error().code, Code::kDenied);
  EXPECT_EQ(process.input.answers.size(), 1U) << "nobody was asked";
}

TEST_F(VaultUnlock, AVaultIsNotMadeWhenItsKeyIsNotKept) {
  VaultProcess process(ledger, dir.path(), keeper);
  process.options.context.project = "other";
  keeper.failure = Error{Code::kNotFound, "the Secret Service does not answer"};
  EXPECT_EQ(Vault::create(process.options, UnlockMethod::kSecretService).error().code,
            Code::kNotFound);
  EXPECT_EQ(process.open().error().code, Code::kNotFound);
}

// ---- another way to open it

TEST_F(VaultUnlock, AnotherPassphraseOpensEverythingAndTheOldOneNothing) {
  {
    VaultProcess process(ledger, dir.path(), keeper);
    auto vault = process.open();
    ASSERT_TRUE(vault->change("rotate", put_change("KEY", "example-value-2")).ok());
    ASSERT_TRUE(vault->keep_key().ok());
    const Digest seal = vault->approval_seal("text");
    process.input.new_passphrase = "another horse";
    const Status changed = vault->change_unlock(UnlockMethod::kPassphrase);
    ASSERT_TRUE(changed.ok()) << changed.error().message;
    EXPECT_EQ(process.derivations, 2) << "one for each passphrase";
    EXPECT_TRUE(keeper.items.empty()) << "the kept key is dropped";
    EXPECT_NE(vault->approval_seal("text"), seal);
    // The vault that is open goes on.
    EXPECT_EQ(vault->open_secret("KEY", "test")->value.text(), "example-value-2");
    ASSERT_TRUE(vault->change("add", put_change("OTHER", "example-other")).ok());
  }
  expect_sound_history();
  VaultProcess process(ledger, dir.path(), keeper);
  EXPECT_EQ(process.open().error().code, Code::kDenied);
  VaultProcess next(ledger, dir.path(), keeper);
  next.input.passphrase = "another horse";
  auto vault = next.open();
  ASSERT_TRUE(vault.ok()) << vault.error().message;
  EXPECT_EQ(vault->open_secret("KEY", "test")->value.text(), "example-value-2");
  EXPECT_EQ(vault->open_older("KEY", 1, "test")->value.text(), "example-value-1");
  EXPECT_EQ(vault->find("KEY")->version, 2U) << "no value is new";
}

TEST_F(VaultUnlock, EveryWayToOpenItCanFollowEveryOther) {
  std::vector<UnlockMethod> path = {UnlockMethod::kKeyFile,    UnlockMethod::kSecretService,
                                    UnlockMethod::kPassphrase, UnlockMethod::kSecretService,
                                    UnlockMethod::kKeyFile,    UnlockMethod::kPassphrase};
  std::string passphrase = "correct horse";
  for (const UnlockMethod to : path) {
    VaultProcess process(ledger, dir.path(), keeper);
    process.input.passphrase = passphrase;
    process.input.new_passphrase = "horse number " + std::to_string(ledger.rows.size());
    if (to == UnlockMethod::kPassphrase) passphrase = process.input.new_passphrase;
    auto vault = process.open();
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    const Status changed = vault->change_unlock(to);
    ASSERT_TRUE(changed.ok()) << changed.error().message;
    EXPECT_EQ(keeper.items.size(), to == UnlockMethod::kSecretService ? 1U : 0U)
        << "a key that opens nothing any more is not left in the keyring";
    VaultProcess next(ledger, dir.path(), keeper);
    next.input.passphrase = passphrase;
    auto opened = next.open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(opened->open_secret("KEY", "test")->value.text(), "example-value-1");
    if (to != UnlockMethod::kPassphrase) {
      EXPECT_EQ(opened->change_unlock(to).error().code, Code::kInvalid);
    }
  }
  expect_sound_history();
}

TEST_F(VaultUnlock, ANewPassphraseIsNeverTheOneFromTheOldVariable) {
  VaultProcess process(ledger, dir.path(), keeper);
  auto vault = process.open();
  // PHANTOM_VAULT_PASSPHRASE opened it; without a new one there is a question, and no terminal.
  EXPECT_EQ(vault->change_unlock(UnlockMethod::kPassphrase).error().code, Code::kDenied);
  process.input.answers = {"short"};
  EXPECT_EQ(vault->change_unlock(UnlockMethod::kPassphrase).error().code, Code::kInvalid);
  process.input.answers = {"another horse", "another house"};
  EXPECT_EQ(vault->change_unlock(UnlockMethod::kPassphrase).error().code, Code::kInvalid);
  EXPECT_EQ(value_of("KEY"), "example-value-1");
}

TEST_F(VaultUnlock, KilledWhileThePassphraseChangesOneOfTheTwoOpensIt) {
  const auto requested = event_no<schema::VaultChangeRequested>();
  const auto completed = event_no<schema::VaultChangeCompleted>();
  for (const auto& [type, before] : {std::pair(requested, true), std::pair(requested, false),
                                     std::pair(completed, true), std::pair(completed, false)}) {
    MemoryLedger fresh;
    fresh.clock.set_wall_ns(FakeClock::kStartNs);
    const TempDir place;
    {
      VaultProcess process(fresh, place.path(), keeper);
      auto vault = process.create();
      ASSERT_TRUE(vault.ok());
      ASSERT_TRUE(vault->change("init", put_change("KEY", "example-value-1")).ok());
      process.input.new_passphrase = "another horse";
      const auto kill = [type = type](const Draft& draft) -> Status {
        if (draft.type == type) throw Killed{};
        return {};
      };
      (before ? fresh.before_append : fresh.after_append) = kill;
      EXPECT_THROW((void)vault->change_unlock(UnlockMethod::kPassphrase), Killed);
      fresh.before_append = nullptr;
      fresh.after_append = nullptr;
    }
    const bool changed = !(type == requested && before);
    VaultProcess next(fresh, place.path(), keeper);
    next.input.passphrase = changed ? "another horse" : "correct horse";
    auto vault = next.open();
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    EXPECT_EQ(vault->open_secret("KEY", "test")->value.text(), "example-value-1");
    VaultProcess other(fresh, place.path(), keeper);
    other.input.passphrase = changed ? "correct horse" : "another horse";
    EXPECT_EQ(other.open().error().code, Code::kDenied);
  }
}

TEST_F(VaultUnlock, AProcessWithTheOldKeysStopsAndOneThatChangedValuesIsFollowed) {
  VaultProcess old(ledger, dir.path(), keeper);
  auto before = old.open();
  VaultProcess process(ledger, dir.path(), keeper);
  auto vault = process.open();
  // Somebody changes a value first: the new passphrase seals that one.
  ASSERT_TRUE(before->change("rotate", put_change("KEY", "example-value-2")).ok());
  process.input.new_passphrase = "another horse";
  ASSERT_TRUE(vault->change_unlock(UnlockMethod::kPassphrase).ok());
  EXPECT_EQ(vault->open_secret("KEY", "test")->value.text(), "example-value-2");
  const Status late = before->change("rotate", put_change("KEY", "example-value-3"));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::kDenied);
  EXPECT_EQ(late.error().message, "the passphrase of the vault was changed meanwhile");
  expect_sound_history();
}

TEST_F(VaultUnlock, WhatCanBeSeenFromOutsideNeedsNoKey) {
  VaultProcess process(ledger, dir.path(), keeper);
  const auto vault = Vault::look_locked(process.options);
  ASSERT_TRUE(vault.ok());
  EXPECT_EQ(vault->header.method, UnlockMethod::kPassphrase);
  EXPECT_EQ(vault->header.format, kVaultFormat);
  EXPECT_EQ(vault->secrets.size(), 1U);
  EXPECT_EQ(count("vault.unlocked"), 0U);
}

}  // namespace
}  // namespace phantom
