#include "vault/vault_change.h"

#include "events/envelope.h"
#include "tests/support/seeded_random.h"
#include "vault/placeholder.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

using Action = VaultChange::Action;

class VaultChanges : public testing::Test {
 protected:
  VaultChanges() {
    image.header.kdf = {1, 8};
    image.header.version = 1;
    image.header.project = "demo";
    random.fill(image.header.salt);
    auto derived =
        derive_vault_keys(image.header, SecretBytes::copy_of(std::string_view("correct horse")));
    PH_CHECK(derived.ok(), "keys");
    keys = std::move(*derived);
    image.header.key_check = keys.check;
  }

  static VaultChange change(Action action, const std::string& name) {
    VaultChange made;
    made.name = name;
    made.action = action;
    return made;
  }
  static VaultChange put(const std::string& name, std::string_view value) {
    VaultChange made = change(Action::kPut, name);
    made.value = SecretBytes::copy_of(value);
    return made;
  }

  Status apply(VaultChange made) {
    PH_TRY(check_changes({&made, 1}));
    now_ns += 10;
    PH_ASSIGN(ChangedVault next, apply_changes(image, {&made, 1}, keys, now_ns, random));
    image = std::move(next.image);
    note = std::move(next.notes.back());
    return {};
  }
  const VaultRecord& record(const std::string& name) {
    const VaultRecord* found = find_record(image, name);
    PH_CHECK(found != nullptr, "no such record");
    return *found;
  }
  std::string value(const std::string& name) {
    auto opened = open_record("demo", record(name), keys);
    return opened.ok() ? std::string(opened->text()) : opened.error().message;
  }
  std::string older(const std::string& name, std::size_t index) {
    const VaultRecord& of = record(name);
    auto opened = open_value(place_of("demo", of, of.older.at(index)), of.older[index].value, keys);
    return opened.ok() ? std::string(opened->text()) : opened.error().message;
  }

  SeededRandom random{31};
  VaultImage image;
  VaultKeys keys;
  std::int64_t now_ns = 1'000;
  SecretChangeNote note;
};

TEST_F(VaultChanges, ANewRealValueKeepsThePlaceholderAndTheValueBefore) {
  ASSERT_TRUE(apply(put("KEY", "value-1")).ok());
  EXPECT_EQ(note.action, "created");
  const std::string placeholder = record("KEY").placeholder;
  for (int i = 2; i <= 6; ++i) ASSERT_TRUE(apply(put("KEY", "value-" + std::to_string(i))).ok());
  EXPECT_EQ(note.action, "updated");
  EXPECT_EQ(note.version, 6U);
  const VaultRecord& now = record("KEY");
  EXPECT_EQ(now.placeholder, placeholder);
  EXPECT_EQ(now.created_ns, 1'010);
  EXPECT_EQ(now.changed_ns, 1'060);
  EXPECT_EQ(value("KEY"), "value-6");
  ASSERT_EQ(now.older.size(), kOlderVersionsMax);
  EXPECT_EQ(now.older[0].version, 5U);
  EXPECT_EQ(now.older[0].changed_ns, 1'050);
  EXPECT_EQ(older("KEY", 0), "value-5");
  EXPECT_EQ(older("KEY", 2), "value-3");
}

TEST_F(VaultChanges, ARenewedPlaceholderKeepsValueVersionAndTimes) {
  ASSERT_TRUE(apply(put("KEY", "value-1")).ok());
  ASSERT_TRUE(apply(put("KEY", "value-2")).ok());
  VaultChange end = change(Action::kSetExpiry, "KEY");
  end.expires_ns = 5'000;
  ASSERT_TRUE(apply(std::move(end)).ok());
  const VaultRecord before = record("KEY");
  ASSERT_TRUE(apply(change(Action::kRenewPlaceholder, "KEY")).ok());
  const VaultRecord& after = record("KEY");
  EXPECT_EQ(note.action, "placeholder-renewed");
  EXPECT_TRUE(is_placeholder(after.placeholder));
  EXPECT_NE(after.placeholder, before.placeholder);
  EXPECT_EQ(after.former_placeholder, before.placeholder);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.changed_ns, before.changed_ns) << "the value is as old as it was";
  EXPECT_EQ(after.expires_ns, 5'000) << "no more time than it had";
  EXPECT_EQ(value("KEY"), "value-2");
  EXPECT_EQ(older("KEY", 0), "value-1");
}

TEST_F(VaultChanges, ARenameKeepsEverythingButTheName) {
  ASSERT_TRUE(apply(put("KEY", "value-1")).ok());
  ASSERT_TRUE(apply(put("KEY", "value-2")).ok());
  ASSERT_TRUE(apply(put("OTHER", "value-o")).ok());
  const VaultRecord before = record("KEY");
  VaultChange taken = change(Action::kRename, "KEY");
  taken.new_name = "OTHER";
  EXPECT_EQ(apply(std::move(taken)).error().code, Code::kExists);
  VaultChange rename = change(Action::kRename, "KEY");
  rename.new_name = "prod/KEY";
  ASSERT_TRUE(apply(std::move(rename)).ok());
  EXPECT_EQ(note.action, "renamed");
  EXPECT_EQ(note.former_name, "KEY");
  EXPECT_EQ(find_record(image, "KEY"), nullptr);
  const VaultRecord& after = record("prod/KEY");
  EXPECT_EQ(after.placeholder, before.placeholder);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.created_ns, before.created_ns);
  EXPECT_EQ(after.changed_ns, before.changed_ns);
  EXPECT_EQ(value("prod/KEY"), "value-2");
  EXPECT_EQ(older("prod/KEY", 0), "value-1");
  EXPECT_TRUE(encode_vault(image, keys).ok()) << "still in order";
}

TEST_F(VaultChanges, ARenameToANameThatHoldsTheValueIsRefused) {
  ASSERT_TRUE(apply(put("KEY", "first-example-value")).ok());
  ASSERT_TRUE(apply(put("KEY", "second-example-value")).ok());
  for (const char* name : {"second-example-value", "first-example-value"}) {
    VaultChange rename = change(Action::kRename, "KEY");
    rename.new_name = name;
    EXPECT_EQ(apply(std::move(rename)).error().code, Code::kDenied);
    EXPECT_EQ(value("KEY"), "second-example-value");
  }
}

TEST_F(VaultChanges, ARestoredValueIsANewVersionAndCanBeUndoneAgain) {
  ASSERT_TRUE(apply(put("KEY", "value-1")).ok());
  ASSERT_TRUE(apply(put("KEY", "value-2")).ok());
  ASSERT_TRUE(apply(change(Action::kRenewPlaceholder, "KEY")).ok());
  const std::string placeholder = record("KEY").placeholder;
  VaultChange restore = change(Action::kRestore, "KEY");
  restore.version = 1;
  ASSERT_TRUE(apply(std::move(restore)).ok());
  EXPECT_EQ(note.action, "restored");
  EXPECT_EQ(record("KEY").version, 3U);
  EXPECT_EQ(record("KEY").placeholder, placeholder);
  EXPECT_EQ(value("KEY"), "value-1");
  EXPECT_EQ(older("KEY", 0), "value-2");
  VaultChange again = change(Action::kRestore, "KEY");
  again.version = 2;
  ASSERT_TRUE(apply(std::move(again)).ok());
  EXPECT_EQ(value("KEY"), "value-2");
  EXPECT_EQ(record("KEY").version, 4U);
  VaultChange missing = change(Action::kRestore, "KEY");
  missing.version = 9;
  EXPECT_EQ(apply(std::move(missing)).error().code, Code::kNotFound);
}

TEST_F(VaultChanges, AnOldValuePutBackHasTheTimeItHad) {
  VaultChange first = put("KEY", "value-1");
  first.expires_ns = 2'000;
  ASSERT_TRUE(apply(std::move(first)).ok());
  EXPECT_EQ(note.expires_ns, 2'000);
  ASSERT_TRUE(apply(put("KEY", "value-2")).ok());
  EXPECT_EQ(record("KEY").expires_ns, 0);
  VaultChange restore = change(Action::kRestore, "KEY");
  restore.version = 1;
  ASSERT_TRUE(apply(std::move(restore)).ok());
  EXPECT_EQ(record("KEY").expires_ns, 2'000);
}

TEST_F(VaultChanges, OnlyAPutMakesASecret) {
  for (const Action action : {Action::kDelete, Action::kRename, Action::kRenewPlaceholder,
                              Action::kSetExpiry, Action::kRestore}) {
    VaultChange made = change(action, "MISSING");
    made.new_name = "OTHER";
    EXPECT_EQ(apply(std::move(made)).error().code, Code::kNotFound);
  }
}

TEST_F(VaultChanges, NoTwoChangesTouchOneName) {
  std::vector<VaultChange> changes(2);
  changes[0].action = Action::kRename;
  changes[0].name = "A";
  changes[0].new_name = "B";
  changes[1].action = Action::kDelete;
  changes[1].name = "B";
  EXPECT_EQ(check_changes(changes).error().code, Code::kInvalid);
  changes[1].name = "C";
  EXPECT_TRUE(check_changes(changes).ok());
  changes[0].new_name = "dev/B";
  EXPECT_EQ(check_changes(changes).error().code, Code::kInvalid);
  changes[0].new_name = "A";
  EXPECT_EQ(check_changes(changes).error().code, Code::kInvalid);
}

TEST_F(VaultChanges, AnEventHasRoomForSomeTwoHundredChanges) {
  std::vector<VaultChange> changes;
  for (int i = 0; i < 300; ++i) changes.push_back(put("NAME_" + std::to_string(i), "value"));
  EXPECT_GE(changes_in_one_event("demo", changes), 200U);
  // Of the longest names, each renamed, fewer.
  for (VaultChange& each : changes) {
    each.action = Action::kRename;
    each.name = std::string(128, 'A');
    each.new_name = std::string(128, 'B');
  }
  const std::size_t count = changes_in_one_event(std::string(64, 'p'), changes);
  EXPECT_GE(count, 50U);
  VaultChangeNote whole;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = std::string(124, 'B') + std::to_string(1000 + i);
    std::string former = std::string(124, 'A') + std::to_string(1000 + i);
    whole.changes.push_back({name, "placeholder-renewed", i, former, 9});
  }
  Context context;
  context.project = std::string(64, 'p');
  Draft draft = vault_change_requested(context, whole);
  draft.id.fill(1);
  const Status sound = check_draft(draft);
  EXPECT_TRUE(sound.ok()) << sound.error().message;
}

TEST_F(VaultChanges, UnderOtherKeysEveryValueIsTheSame) {
  ASSERT_TRUE(apply(put("KEY", "value-1")).ok());
  ASSERT_TRUE(apply(put("KEY", "value-2")).ok());
  ASSERT_TRUE(apply(put("prod/KEY", "value-p")).ok());
  VaultImage next = image;
  random.fill(next.header.salt);
  const VaultKeys under =
      *derive_vault_keys(next.header, SecretBytes::copy_of(std::string_view("another horse")));
  ASSERT_TRUE(rewrap_image(next, keys, under, random).ok());
  EXPECT_FALSE(open_record("demo", next.records[0], keys).ok());
  EXPECT_EQ(rewrap_image(next, keys, under, random).error().code, Code::kCorrupt);
  next = image;
  ASSERT_TRUE(rewrap_image(next, keys, under, random).ok());
  image = next;
  EXPECT_EQ(open_record("demo", record("KEY"), under)->text(), "value-2");
  const VaultRecord& of = record("KEY");
  EXPECT_EQ(open_value(place_of("demo", of, of.older[0]), of.older[0].value, under)->text(),
            "value-1");
  EXPECT_EQ(open_record("demo", record("prod/KEY"), under)->text(), "value-p");
}

}  // namespace
}  // namespace phantom
