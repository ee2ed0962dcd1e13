#pragma once
// Vaults on a ledger in memory, opened by "processes" that come and go.

#include "events/catalog.h"
#include "schema/events_generated.h"
#include "tests/support/temp_dir.h"
#include "tests/vault/memory_ledger.h"
#include "vault/vault.h"
#include "vault/vault_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace phantom {

// Answers from a list; an empty one means that there is no terminal.
class ScriptedInput final : public UnlockInput {
 public:
  std::optional<SecretBytes> take_passphrase() override {
    if (passphrase.empty()) return std::nullopt;
    return SecretBytes::copy_of(passphrase);
  }
  std::optional<std::filesystem::path> key_file() override { return std::nullopt; }
  Result<SecretBytes> ask(const std::string& question) override {
    questions.push_back(question);
    if (answers.empty()) return Error{Code::kDenied, "there is no terminal to ask on"};
    SecretBytes answer = SecretBytes::copy_of(answers.front());
    answers.erase(answers.begin());
    return answer;
  }
  std::optional<SecretBytes> take_new_passphrase() override {
    if (new_passphrase.empty()) return std::nullopt;
    return SecretBytes::copy_of(new_passphrase);
  }
  bool takes_kept_keys() const override { return kept_keys; }
  bool kept_keys = true;
  std::string passphrase = "correct horse";
  std::string new_passphrase;
  std::vector<std::string> answers;
  std::vector<std::string> questions;
};

// A Secret Service in memory. Shared by the processes of a test.
class FakeKeeper final : public KeyKeeper {
 public:
  Result<std::optional<SecretBytes>> find(const KeyLabel& label) override {
    ++asked;
    if (failure) return *failure;
    const auto item = items.find(name_of(label));
    if (item == items.end()) return std::optional<SecretBytes>();
    return std::optional<SecretBytes>(item->second.clone());
  }
  Status store(const KeyLabel& label, const SecretBytes& key) override {
    if (failure) return *failure;
    items.insert_or_assign(name_of(label), key.clone());
    return {};
  }
  Status forget(const KeyLabel& label) override {
    if (failure) return *failure;
    items.erase(name_of(label));
    return {};
  }
  static std::string name_of(const KeyLabel& label) {
    return (label.kind == KeyLabel::Kind::kVaultKey ? "key " : "root ") + label.project + " " +
           label.vault;
  }
  std::map<std::string, SecretBytes> items;
  std::optional<Error> failure;
  int asked = 0;
};

// One "process": what it has in memory goes when it does; ledger and home stay.
struct VaultProcess {
  VaultProcess(MemoryLedger& shared, const std::filesystem::path& root, KeyKeeper& keeper)
      : ledger(shared), appender(shared), reader(shared), unlocker(Home{root}, input, keeper) {
    options.derive = [this](UnlockMethod method, const KdfCost& cost, const VaultSalt& salt,
                            const SecretBytes& key) {
      ++derivations;
      return derive_vault_root(method, cost, salt, key);
    };
    options.home = Home{root};
    options.context.component = "cli";
    options.context.actor_kind = ActorKind::Human;
    options.context.actor_id = "a1";
    options.context.project = "demo";
    options.appender = &appender;
    options.reader = &reader;
    options.unlocker = &unlocker;
    options.clock = &shared.clock;
    options.random = &shared.random;
    options.kdf = {1, 8};
  }
  VaultProcess(MemoryLedger& shared, const std::filesystem::path& root)
      : VaultProcess(shared, root, no_keeper) {}
  VaultProcess(const VaultProcess&) = delete;
  VaultProcess& operator=(const VaultProcess&) = delete;
  Result<Vault> create() { return Vault::create(options, UnlockMethod::kPassphrase); }
  Result<Vault> open() { return Vault::open(options); }

  MemoryLedger& ledger;
  FakeKeeper no_keeper;
  int derivations = 0;
  ScriptedInput input;
  MemoryAppender appender;
  MemoryReader reader;
  Unlocker unlocker;
  VaultOptions options;
};

using Action = VaultChange::Action;

inline std::vector<VaultChange> one_change(const std::string& name, Action action) {
  std::vector<VaultChange> changes(1);
  changes[0].name = name;
  changes[0].action = action;
  return changes;
}

inline std::vector<VaultChange> put_change(const std::string& name, std::string_view value) {
  std::vector<VaultChange> changes = one_change(name, Action::kPut);
  changes[0].value = SecretBytes::copy_of(value);
  return changes;
}

inline std::vector<VaultChange> delete_change(const std::string& name) {
  return one_change(name, Action::kDelete);
}

inline std::vector<VaultChange> rename_change(const std::string& name, const std::string& to) {
  std::vector<VaultChange> changes = one_change(name, Action::kRename);
  changes[0].new_name = to;
  return changes;
}

inline std::vector<VaultChange> expiry_change(const std::string& name, std::int64_t expires_ns) {
  std::vector<VaultChange> changes = one_change(name, Action::kSetExpiry);
  changes[0].expires_ns = expires_ns;
  return changes;
}

inline std::vector<VaultChange> restore_change(const std::string& name, std::uint64_t version) {
  std::vector<VaultChange> changes = one_change(name, Action::kRestore);
  changes[0].version = version;
  return changes;
}

class VaultFixture : public testing::Test {
 protected:
  VaultFixture() { ledger.clock.set_wall_ns(FakeClock::kStartNs); }

  // A vault with KEY, made by a process that ended well.
  void make_vault() {
    VaultProcess process(ledger, dir.path());
    auto vault = process.create();
    ASSERT_TRUE(vault.ok()) << vault.error().message;
    const Status put = vault->change("init", put_change("KEY", "example-value-1"));
    ASSERT_TRUE(put.ok()) << put.error().message;
  }
  std::filesystem::path file() const { return vault_path(Home{dir.path()}, "demo"); }
  std::string value_of(const std::string& name) {
    VaultProcess process(ledger, dir.path());
    auto vault = process.open();
    if (!vault.ok()) return "cannot open: " + vault.error().message;
    auto opened = vault->open_secret(name, "test");
    if (!opened.ok()) return "cannot read: " + opened.error().message;
    return std::string(opened->value.text());
  }
  std::size_t count_files() const {
    const std::filesystem::directory_iterator files(dir.path() / "vaults");
    return static_cast<std::size_t>(
        std::distance(std::filesystem::begin(files), std::filesystem::end(files)));
  }
  // Requested and completed events pair up, and every request but a last open one has an ending.
  void expect_sound_history() const {
    std::set<Seq> open;
    for (Seq seq = 0; seq < ledger.rows.size(); ++seq) {
      const Draft& draft = ledger.rows[seq].draft;
      if (draft.type == event_no<schema::VaultChangeRequested>()) {
        EXPECT_TRUE(open.empty()) << "a change began before the one before it had ended";
        open.insert(seq);
      } else if (draft.type == event_no<schema::VaultChangeCompleted>()) {
        ASSERT_TRUE(draft.cause_seq);
        EXPECT_EQ(open.erase(*draft.cause_seq), 1U) << "completed twice, or without a request";
      }
    }
  }

  TempDir dir;
  MemoryLedger ledger;
};

}  // namespace phantom
