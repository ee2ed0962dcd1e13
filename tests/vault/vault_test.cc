#include "vault/vault.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "schema/events_generated.h"
#include "tests/support/golden.h"
#include "tests/vault/vault_fixture.h"
#include "vault/placeholder.h"
#include "vault/scanner.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;
using VaultTest = VaultFixture;

TEST_F(VaultTest, KeepsSecretsAcrossProcesses) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok()) << vault.error().message;
  ASSERT_EQ(vault->list().size(), 1U);
  const SecretInfo info = vault->list().front();
  EXPECT_EQ(info.name, "KEY");
  EXPECT_EQ(info.version, 1U);
  EXPECT_TRUE(is_placeholder(info.placeholder));
  EXPECT_EQ(vault->open_secret("KEY", "reveal")->value.text(), "example-value-1");
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(count_files(), 1U);
}

TEST_F(VaultTest, RecordsEveryStep) {
  make_vault();
  EXPECT_EQ(ledger.names(), (Names{"vault.change.requested", "vault.change.completed",
                                   "vault.change.requested", "vault.change.completed"}));
  const Draft& request = ledger.rows[2].draft;
  EXPECT_NE(std::find(request.tags.begin(), request.tags.end(), "vault:demo"), request.tags.end());
  EXPECT_NE(std::find(request.tags.begin(), request.tags.end(), "secret:demo/KEY"),
            request.tags.end());
  EXPECT_EQ(ledger.rows[3].draft.cause_seq, Seq{2});
  const auto* change = flatbuffers::GetRoot<schema::VaultChangeRequested>(request.payload.data());
  EXPECT_EQ(change->vault_version(), 2U);
  EXPECT_EQ(change->changes()->Get(0)->action()->str(), "created");
  EXPECT_NE(change->digest_before(), nullptr);
  value_of("KEY");
  EXPECT_EQ(ledger.names()[4], "vault.unlocked");
  EXPECT_EQ(ledger.names()[5], "secret.opened");
}

TEST_F(VaultTest, NoEventHoldsAValue) {
  const SecretBytes value = SecretBytes::copy_of("example-value-1");
  ledger.guard = make_draft_guard(
      std::make_shared<const SecretScanner>(std::vector<LoadedSecret>{{"KEY", &value}}));
  make_vault();
  EXPECT_EQ(value_of("KEY"), "example-value-1");
}

TEST_F(VaultTest, ChangingKeepsThePlaceholderAndRaisesTheVersion) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  const SecretInfo before = *vault->find("KEY");
  ASSERT_TRUE(vault->change("add", put_change("KEY", "example-value-2")).ok());
  const SecretInfo after = *vault->find("KEY");
  EXPECT_EQ(after.placeholder, before.placeholder);
  EXPECT_EQ(after.created_ns, before.created_ns);
  EXPECT_GT(after.changed_ns, before.changed_ns);
  EXPECT_EQ(after.version, 2U);
  EXPECT_EQ(value_of("KEY"), "example-value-2");
  ASSERT_TRUE(vault->change("remove", delete_change("KEY")).ok());
  EXPECT_FALSE(vault->find("KEY"));
  EXPECT_EQ(vault->change("remove", delete_change("KEY")).error().code, Code::kNotFound);
  EXPECT_EQ(vault->version(), 4U);
  expect_sound_history();
}

TEST_F(VaultTest, RefusesBadChangesBeforeAnythingIsRecorded) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  const std::size_t events = ledger.rows.size();
  EXPECT_EQ(vault->change("add", put_change("not a name", "x")).error().code, Code::kInvalid);
  EXPECT_EQ(vault->change("add", put_change("EMPTY", "")).error().code, Code::kInvalid);
  EXPECT_EQ(vault->change("add", put_change("P", vault->find("KEY")->placeholder)).error().code,
            Code::kInvalid);
  EXPECT_EQ(vault->change("add", put_change("example-value-9", "example-value-9")).error().code,
            Code::kDenied);
  auto twice = put_change("A", "one-value");
  twice.push_back(std::move(put_change("A", "other-value").front()));
  EXPECT_EQ(vault->change("add", std::move(twice)).error().code, Code::kInvalid);
  EXPECT_EQ(vault->open_secret("MISSING", "test").error().code, Code::kNotFound);
  EXPECT_EQ(ledger.rows.size(), events);
}

TEST_F(VaultTest, ValuesComeOutOnlyOnceThatIsRecorded) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ledger.before_append = [](const Draft&) { return Error{Code::kLimit, "disk full"}; };
  EXPECT_EQ(vault->open_secret("KEY", "test").error().code, Code::kLimit);
}

TEST_F(VaultTest, ManyChangesAreRecordedInSteps) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  std::vector<VaultChange> changes;
  for (int i = 0; i < 250; ++i) {
    changes.push_back(
        std::move(put_change(std::string(100, 'N') + std::to_string(i), "example").front()));
  }
  const Status done = vault->change("init", std::move(changes));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(vault->list().size(), 251U);
  EXPECT_EQ(vault->version(), 4U);
  Names names;
  for (const SecretInfo& info : vault->list()) names.push_back(info.name);
  EXPECT_EQ(vault->open_secrets(names, "exec")->size(), 251U);
}

TEST_F(VaultTest, CreateAndOpenAreDifferentCalls) {
  VaultProcess process(ledger, dir.path());
  EXPECT_EQ(process.open().error().code, Code::kNotFound);
  make_vault();
  EXPECT_EQ(process.create().error().code, Code::kExists);
  process.options.context.project = "../demo";
  EXPECT_EQ(process.open().error().code, Code::kInvalid);
}

TEST_F(VaultTest, WrongPassphraseIsRefusedAndRecorded) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  process.input.passphrase = "wrong horse";
  const auto vault = process.open();
  ASSERT_FALSE(vault.ok());
  EXPECT_EQ(vault.error().code, Code::kDenied);
  EXPECT_EQ(vault.error().message, "wrong passphrase for the vault of project demo");
  EXPECT_EQ(ledger.names().back(), "vault.unlock_failed");
  EXPECT_EQ(ledger.last().reason, Reason::WrongPassphrase);
  EXPECT_EQ(ledger.last().outcome, Outcome::Failed);
}

TEST_F(VaultTest, PromptAsksThreeTimes) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  process.input.passphrase.clear();
  process.input.answers = {"wrong", "correct horse"};
  EXPECT_TRUE(process.open().ok());
  EXPECT_EQ(process.input.questions.size(), 2U);
  process.input.answers = {"wrong", "wrong", "wrong", "correct horse"};
  EXPECT_EQ(process.open().error().code, Code::kDenied);
  EXPECT_EQ(process.input.answers.size(), 1U);
  process.input.answers.clear();
  const auto vault = process.open();
  ASSERT_FALSE(vault.ok());
  EXPECT_EQ(vault.error().code, Code::kDenied);
  EXPECT_NE(vault.error().hint.find("PHANTOM_VAULT_PASSPHRASE"), std::string::npos);
}

TEST_F(VaultTest, KeyFileVaultNeedsItsKeyFile) {
  VaultProcess process(ledger, dir.path());
  {
    auto vault = Vault::create(process.options, UnlockMethod::kKeyFile);
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    ASSERT_TRUE(vault->change("add", put_change("KEY", "example-value-1")).ok());
  }
  const fs::path key = dir.path() / "keys" / "vault.key";
  EXPECT_EQ(fs::status(key).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(value_of("KEY"), "example-value-1");
  write_text(key, std::string(64, 'a') + "\n");
  EXPECT_EQ(process.open().error().message, "the key file does not open the vault of project demo");
  fs::remove(key);
  EXPECT_EQ(process.open().error().code, Code::kDenied);
}

TEST_F(VaultTest, ListingNeedsNoPassphrase) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  process.options.unlocker = nullptr;
  const auto list = Vault::list_locked(process.options);
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->front().name, "KEY");
}

// ---- the actions (what each does to a record: vault_change_test.cc)

TEST_F(VaultTest, ARenameIsFiledUnderBothNames) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ASSERT_TRUE(vault->change("rename", rename_change("KEY", "prod/NEW_KEY")).ok());
  EXPECT_FALSE(vault->find("KEY"));
  EXPECT_EQ(value_of("prod/NEW_KEY"), "example-value-1");
  const auto request = std::find_if(ledger.rows.rbegin(), ledger.rows.rend(), [](const auto& row) {
    return row.draft.type == event_no<schema::VaultChangeRequested>();
  });
  for (const char* tag : {"secret:demo/KEY", "secret:demo/prod/NEW_KEY"}) {
    const auto& tags = request->draft.tags;
    EXPECT_NE(std::find(tags.begin(), tags.end(), tag), tags.end()) << tag;
  }
  const auto* change =
      flatbuffers::GetRoot<schema::VaultChangeRequested>(request->draft.payload.data());
  EXPECT_EQ(change->changes()->Get(0)->action()->str(), "renamed");
  EXPECT_EQ(change->changes()->Get(0)->former_name()->str(), "KEY");
  EXPECT_EQ(change->changes()->Get(0)->secret_name()->str(), "prod/NEW_KEY");
}

TEST_F(VaultTest, TheTimeOfASecretEndsForEveryUseButLookingAtIt) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ASSERT_TRUE(vault->change("add", put_change("OTHER", "example-other")).ok());
  const std::int64_t end = ledger.clock.wall_ns() + 1'000'000'000;
  ASSERT_TRUE(vault->change("expire", expiry_change("KEY", end)).ok());
  EXPECT_EQ(vault->find("KEY")->expires_ns, end);
  EXPECT_TRUE(vault->open_secrets({"KEY", "OTHER"}, "exec").ok());

  ledger.clock.set_wall_ns(end);
  for (const char* purpose : {"exec", "sync", "anything"}) {
    const std::size_t events = ledger.rows.size();
    const auto refused = vault->open_secrets({"OTHER", "KEY"}, purpose);
    ASSERT_FALSE(refused.ok()) << purpose;
    EXPECT_EQ(refused.error().code, Code::kDenied);
    EXPECT_NE(refused.error().message.find("KEY (20"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("OTHER"), std::string::npos);
    EXPECT_NE(refused.error().hint.find("phantom rotate KEY"), std::string::npos);
    ASSERT_EQ(ledger.rows.size(), events + 1) << "all or nothing: nothing was opened";
    EXPECT_EQ(ledger.names().back(), "secret.expired");
    EXPECT_EQ(ledger.last().reason, Reason::SecretExpired);
    EXPECT_EQ(ledger.last().outcome, Outcome::Denied);
  }
  for (const char* purpose : {"reveal", "rotate", "export", "keep from child"}) {
    EXPECT_TRUE(vault->open_secret("KEY", purpose).ok()) << purpose;
  }
  // The predecessor's expiry theatre: a renewed placeholder gives no secret more time.
  ASSERT_TRUE(vault->change("rotate", one_change("KEY", Action::kRenewPlaceholder)).ok());
  EXPECT_EQ(vault->open_secret("KEY", "exec").error().code, Code::kDenied);
  // A new real value does, and the old one put back does not.
  ASSERT_TRUE(vault->change("rotate", put_change("KEY", "example-value-2")).ok());
  EXPECT_TRUE(vault->open_secret("KEY", "exec").ok());
  ASSERT_TRUE(vault->change("rotate", restore_change("KEY", 1)).ok());
  EXPECT_EQ(vault->open_secret("KEY", "exec").error().code, Code::kDenied);
}

TEST_F(VaultTest, AnExpiredSecretStaysClosedWhenThatCannotBeRecorded) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault->change("expire", expiry_change("KEY", 1)).ok());
  ledger.before_append = [](const Draft&) { return Error{Code::kLimit, "disk full"}; };
  EXPECT_EQ(vault->open_secret("KEY", "exec").error().code, Code::kLimit);
}

TEST_F(VaultTest, OlderValuesOpenByTheirVersion) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ASSERT_TRUE(vault->change("rotate", put_change("KEY", "example-value-2")).ok());
  const auto older = vault->open_older("KEY", 1, "reveal");
  ASSERT_TRUE(older.ok()) << older.error().message;
  EXPECT_EQ(older->value.text(), "example-value-1");
  EXPECT_EQ(older->info.version, 1U);
  EXPECT_EQ(ledger.names().back(), "secret.opened");
  EXPECT_EQ(vault->open_older("KEY", 7, "reveal").error().code, Code::kNotFound);
  EXPECT_EQ(vault->open_older("NONE", 1, "reveal").error().code, Code::kNotFound);
}

TEST_F(VaultTest, AVaultOfFormat1BecomesFormat2AtItsNextChange) {
  std::string hex = read_golden("vault_format_1_passphrase.hex");
  std::erase(hex, '\n');
  const Bytes old = *from_hex(hex);
  VaultProcess process(ledger, dir.path());
  // As the program that knew only format 1 left it: the file, and the ledger's word for it.
  PH_CHECK(make_private_directory(dir.path() / "vaults").ok(), "directory");
  PH_CHECK(write_file_durably(file(), old, 0600).ok(), "write");
  VaultChangeNote note;
  note.source = "init";
  note.vault_version = 5;
  note.digest_after = sha256(old);
  const auto requested = ledger.append(vault_change_requested(process.options.context, note));
  ASSERT_TRUE(requested.ok());
  ASSERT_TRUE(
      ledger.append(vault_change_completed(process.options.context, requested->seq, note, {}))
          .ok());

  EXPECT_EQ(value_of("DEMO_TWO"), "example-value-of-DEMO_TWO");
  EXPECT_EQ(to_bytes(read_text(file())), old) << "reading it changes nothing";
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ASSERT_TRUE(vault->change("rotate", put_change("DEMO_TWO", "example-new")).ok());
  EXPECT_EQ(parse_vault(to_bytes(read_text(file())))->header.format, 2);
  EXPECT_EQ(value_of("DEMO_ONE"), "example-value-of-DEMO_ONE");
  EXPECT_EQ(value_of("DEMO_TWO"), "example-new");
  EXPECT_EQ(process.open()->open_older("DEMO_TWO", 4, "reveal")->value.text(),
            "example-value-of-DEMO_TWO");
}

TEST_F(VaultTest, ApprovalSealsNeedTheVaultsKey) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  const Digest seal = vault->approval_seal("text");
  EXPECT_EQ(seal, process.open()->approval_seal("text"));
  EXPECT_NE(seal, vault->approval_seal("texT"));
  process.options.context.project = "other";
  auto other = process.create();
  ASSERT_TRUE(other.ok());
  EXPECT_NE(seal, other->approval_seal("text"));
}

TEST_F(VaultTest, HoldsFourThousandSecrets) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  std::vector<VaultChange> changes;
  for (std::size_t i = 1; i < kVaultSecretsMax; ++i) {
    changes.push_back(std::move(put_change("NAME_" + std::to_string(i), "example-value").front()));
  }
  const Status done = vault->change("import", std::move(changes));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(vault->list().size(), kVaultSecretsMax);
  EXPECT_EQ(vault->change("add", put_change("ONE_MORE", "example-value")).error().code,
            Code::kLimit);
  Names names;
  for (const SecretInfo& info : vault->list()) names.push_back(info.name);
  const auto opened = process.open()->open_secrets(names, "exec");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->size(), kVaultSecretsMax);
  expect_sound_history();
}

// ---- files the ledger does not know

TEST_F(VaultTest, AnOldCopyPutBackIsRefused) {
  make_vault();
  const std::string old = read_text(file());
  {
    VaultProcess process(ledger, dir.path());
    ASSERT_TRUE(process.open()->change("add", put_change("KEY", "example-value-2")).ok());
  }
  write_text(file(), old);
  VaultProcess process(ledger, dir.path());
  const auto vault = process.open();
  ASSERT_FALSE(vault.ok());
  EXPECT_EQ(vault.error().code, Code::kCorrupt);
  EXPECT_NE(vault.error().message.find("is not the one the ledger knows"), std::string::npos);
  EXPECT_EQ(process.create().error().code, Code::kCorrupt);
}

TEST_F(VaultTest, EveryFlippedByteIsRefused) {
  make_vault();
  const std::string good = read_text(file());
  VaultProcess process(ledger, dir.path());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write_text(file(), bad);
    EXPECT_EQ(process.open().error().code, Code::kCorrupt) << i;
  }
}

TEST_F(VaultTest, AMissingFileIsRefused) {
  make_vault();
  fs::remove(file());
  VaultProcess process(ledger, dir.path());
  EXPECT_EQ(process.open().error().code, Code::kCorrupt);
  EXPECT_EQ(process.create().error().code, Code::kCorrupt);
}

TEST_F(VaultTest, AFileWithoutHistoryIsRefused) {
  make_vault();
  MemoryLedger other;
  VaultProcess process(other, dir.path());
  EXPECT_EQ(process.open().error().code, Code::kCorrupt);
  EXPECT_EQ(process.create().error().code, Code::kCorrupt);
}

TEST_F(VaultTest, AnotherProjectsFileIsRefused) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  process.options.context.project = "other";
  ASSERT_TRUE(process.create().ok());
  fs::copy_file(file(), vault_path(Home{dir.path()}, "other"),
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(process.open().error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace phantom
