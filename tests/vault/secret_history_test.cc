#include "vault/secret_history.h"

#include "events/envelope.h"
#include "tests/vault/vault_fixture.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

class SecretHistoryTest : public VaultFixture {
 protected:
  // As phantom history walks it.
  SecretHistory history_of(const std::string& name) {
    MemoryReader reader(ledger);
    EXPECT_TRUE(reader.catch_up().ok());
    SecretHistoryFold fold(name);
    Seq before = ledger.rows.size();
    for (bool renamed = true; renamed;) {
      renamed = false;
      const Status walked =
          reader.history("secret:demo/" + fold.name(), [&](Seq seq, const Bytes& bytes) {
            if (seq >= before) return true;
            const auto next = fold.add(**parse_entry(bytes));
            EXPECT_TRUE(next.ok());
            renamed = next.ok() && *next == SecretHistoryFold::Next::kNameChanged;
            before = seq;
            return !renamed;
          });
      EXPECT_TRUE(walked.ok());
    }
    return fold.take();
  }
  static std::vector<std::string> actions(const SecretHistory& history) {
    std::vector<std::string> out;
    for (const SecretChangeRow& row : history.changes) out.push_back(row.action);
    return out;
  }
};

TEST_F(SecretHistoryTest, TellsVersionsAndUsesAndFollowsRenames) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  ASSERT_TRUE(vault->open_secret("KEY", "exec").ok());
  ASSERT_TRUE(vault->change("rotate", put_change("KEY", "example-value-2")).ok());
  ASSERT_TRUE(vault->change("rename", rename_change("KEY", "NEW")).ok());
  // Somebody else's secret under the name from before.
  ASSERT_TRUE(vault->change("add", put_change("KEY", "example-stranger")).ok());
  ASSERT_TRUE(vault->open_secrets({"NEW", "KEY"}, "exec").ok());
  ASSERT_TRUE(vault->change("rotate", one_change("NEW", Action::kRenewPlaceholder)).ok());
  ASSERT_TRUE(vault->change("expire", expiry_change("NEW", 5)).ok());
  EXPECT_FALSE(vault->open_secret("NEW", "exec").ok());

  const SecretHistory renamed = history_of("NEW");
  EXPECT_EQ(actions(renamed), (std::vector<std::string>{"expiry-set", "placeholder-renewed",
                                                        "renamed", "updated", "created"}));
  EXPECT_EQ(renamed.former_names, (std::vector<std::string>{"KEY"}));
  EXPECT_EQ(renamed.opened.at("exec").count, 2U);
  EXPECT_EQ(renamed.expired.count, 1U);
  EXPECT_EQ(renamed.changes_count, 5U);
  EXPECT_EQ(renamed.changes[3].version, 2U);
  EXPECT_EQ(renamed.changes[0].expires_ns, 5);

  // Under the old name: the new secret, the rename that freed the name, and what was before.
  const SecretHistory old = history_of("KEY");
  EXPECT_EQ(actions(old), (std::vector<std::string>{"created", "renamed", "updated", "created"}));
  EXPECT_EQ(old.opened.at("exec").count, 2U);
}

TEST_F(SecretHistoryTest, AChangeThatDidNotTakePlaceIsNoVersion) {
  make_vault();
  VaultProcess process(ledger, dir.path());
  auto vault = process.open();
  ASSERT_TRUE(vault.ok());
  const std::string good = read_text(file());
  ledger.after_append = [&](const Draft& draft) -> Status {
    if (draft.type == event_no<schema::VaultChangeRequested>()) {
      std::filesystem::remove(file());
      std::filesystem::create_directories(file() / "x");
    }
    return {};
  };
  EXPECT_FALSE(vault->change("rotate", put_change("KEY", "example-value-2")).ok());
  ledger.after_append = nullptr;
  EXPECT_EQ(actions(history_of("KEY")), (std::vector<std::string>{"created"}));
}

}  // namespace
}  // namespace phantom
