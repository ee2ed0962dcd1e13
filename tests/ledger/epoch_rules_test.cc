// The rule of epochs by itself: who signs what, and every way an announcement can be wrong.

#include "ledger/epoch_rules.h"

#include "ledger/layout.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

constexpr const char* kOrigin = "phantom.local/rules";

VerifierKey key_named(const std::string& name, std::uint8_t mark) {
  PublicKey key{};
  key.fill(mark);
  return make_verifier_key(name, key);
}

KeyNews creation() {
  KeyNews news;
  news.origin = kOrigin;
  news.log = key_named(kOrigin, 200);
  news.epoch = 1;
  news.epoch_key = key_named(epoch_name(kOrigin, 1), 1);
  return news;
}

// Epoch `number` after one that began at `first_seq`, announced at `seq`.
KeyNews announcement(std::uint64_t number, Seq first_seq, Seq seq) {
  KeyNews news;
  news.epoch = number;
  news.epoch_key = key_named(epoch_name(kOrigin, number), static_cast<std::uint8_t>(number));
  news.closed_epoch = number - 1;
  news.closed_first_seq = first_seq;
  news.closed_events = seq + 1 - first_seq;
  return news;
}

// Epoch 1 over events 0 to 9, epoch 2 over its closing event 10 alone, epoch 3 from 11 on.
EpochRules three_epochs() {
  EpochRules rules(kOrigin);
  EXPECT_EQ(rules.take(creation(), 0, 0), std::nullopt);
  EXPECT_EQ(rules.take(announcement(2, 0, 9), 9, 4), std::nullopt);
  EXPECT_EQ(rules.take(announcement(3, 10, 10), 10, 10), std::nullopt);
  return rules;
}

std::string signer_of(const EpochRules& rules, Seq first_seq, std::uint64_t size) {
  const auto epoch = rules.epoch_of_commit(first_seq, size);
  return epoch.ok() ? (*epoch)->key.name : "nobody: " + epoch.error().message;
}

TEST(EpochRules, EachCommitHasTheSignerOfItsEvents) {
  const EpochRules rules = three_epochs();
  EXPECT_EQ(rules.log_key()->name, kOrigin);
  ASSERT_EQ(rules.epochs().size(), 3U);
  EXPECT_EQ(signer_of(rules, 0, 1), epoch_name(kOrigin, 1));
  EXPECT_EQ(signer_of(rules, 1, 4), epoch_name(kOrigin, 1));
  EXPECT_EQ(signer_of(rules, 4, 10), epoch_name(kOrigin, 1)) << "the commit that closes it";
  EXPECT_EQ(signer_of(rules, 10, 11), epoch_name(kOrigin, 2)) << "an epoch of one event";
  EXPECT_EQ(signer_of(rules, 11, 12), epoch_name(kOrigin, 3));
  EXPECT_EQ(signer_of(rules, 500, 900), epoch_name(kOrigin, 3));
}

TEST(EpochRules, NobodySignsACommitAcrossAnEnd) {
  const EpochRules rules = three_epochs();
  EXPECT_NE(signer_of(rules, 4, 11).find("goes on after the announcement of epoch 2 at event 9"),
            std::string::npos);
  EXPECT_NE(signer_of(rules, 10, 12).find("nobody"), std::string::npos);
  EXPECT_NE(signer_of(rules, 5, 5).find("nobody"), std::string::npos);
  EXPECT_NE(signer_of(EpochRules(kOrigin), 0, 1).find("no epoch key"), std::string::npos);
}

TEST(EpochRules, TheOrderOfAskingDoesNotMatter) {
  EpochRules growing(kOrigin);
  ASSERT_EQ(growing.take(creation(), 0, 0), std::nullopt);
  EXPECT_EQ(signer_of(growing, 1, 4), epoch_name(kOrigin, 1)) << "before the announcement is seen";
  ASSERT_EQ(growing.take(announcement(2, 0, 9), 9, 4), std::nullopt);
  EXPECT_EQ(signer_of(growing, 1, 4), epoch_name(kOrigin, 1));
  EXPECT_EQ(signer_of(growing, 10, 11), epoch_name(kOrigin, 2));
}

struct WrongNews {
  const char* says;
  Seq seq;
  Seq commit_first_seq;
  void (*change)(KeyNews&);
};

// All but the last column would be right for epoch 4, which closes epoch 3 of events 11 to 19.
const WrongNews kWrong[] = {
    {"announces epoch 5 after epoch 3", 19, 15, [](KeyNews& n) { n = announcement(5, 11, 19); }},
    {"announces epoch 3 after epoch 3", 19, 15, [](KeyNews& n) { n = announcement(3, 11, 19); }},
    {"under another name", 19, 15,
     [](KeyNews& n) { n.epoch_key = key_named(epoch_name(kOrigin, 5), 4); }},
    {"under another name", 19, 15,
     [](KeyNews& n) { n.epoch_key = key_named("phantom.local/other/epoch/4", 4); }},
    {"a key that was used before", 19, 15,
     [](KeyNews& n) { n.epoch_key = key_named(epoch_name(kOrigin, 4), 2); }},
    {"a key that was used before", 19, 15,
     [](KeyNews& n) { n.epoch_key = key_named(epoch_name(kOrigin, 4), 200); }},
    {"does not say which epoch it closes", 19, 15,
     [](KeyNews& n) { n.closed_epoch = n.closed_first_seq = n.closed_events = 0; }},
    {"closes epoch 2, epoch 3 is in force", 19, 15, [](KeyNews& n) { n.closed_epoch = 2; }},
    {"found 9 from event 11 on", 19, 15, [](KeyNews& n) { n.closed_events = 8; }},
    {"found 9 from event 11 on", 19, 15, [](KeyNews& n) { n.closed_events = 10; }},
    {"found 9 from event 11 on", 19, 15,
     [](KeyNews& n) {
       n.closed_first_seq = 10;
       n.closed_events = 10;
     }},
    {"found 10 from event 11 on", 20, 15, [](KeyNews&) {}},
    {"in the same commit", 19, 10, [](KeyNews&) {}},
    {"in the same commit", 19, 20, [](KeyNews&) {}},
    {"a second ledger.created", 19, 15, [](KeyNews& n) { n = creation(); }},
};

TEST(EpochRules, EveryWrongAnnouncementIsNamedAndLeavesNoTrace) {
  EpochRules rules = three_epochs();
  for (const WrongNews& wrong : kWrong) {
    KeyNews news = announcement(4, 11, 19);
    wrong.change(news);
    const auto answer = rules.take(news, wrong.seq, wrong.commit_first_seq);
    ASSERT_TRUE(answer) << wrong.says;
    EXPECT_NE(answer->find(wrong.says), std::string::npos) << *answer;
    EXPECT_EQ(rules.epochs().size(), 3U);
    EXPECT_EQ(signer_of(rules, 11, 99), epoch_name(kOrigin, 3));
  }
  EXPECT_EQ(rules.take(announcement(4, 11, 19), 19, 15), std::nullopt) << "the right one";
}

TEST(EpochRules, OnlyCreationMayComeFirst) {
  EpochRules rules(kOrigin);
  EXPECT_NE(rules.take(announcement(2, 0, 0), 0, 0), std::nullopt);
  EXPECT_NE(rules.take(creation(), 1, 1), std::nullopt);
  KeyNews foreign = creation();
  foreign.origin = "phantom.local/other";
  EXPECT_NE(rules.take(foreign, 0, 0), std::nullopt);
  foreign = creation();
  foreign.log->name = "phantom.local/other";
  EXPECT_NE(rules.take(foreign, 0, 0), std::nullopt);
  foreign = creation();
  foreign.log->key = foreign.epoch_key.key;
  EXPECT_NE(rules.take(foreign, 0, 0), std::nullopt) << "one secret for both";
  EXPECT_EQ(rules.take(creation(), 0, 0), std::nullopt);
  EXPECT_NE(rules.take(creation(), 0, 0), std::nullopt);
}

}  // namespace
}  // namespace phantom::test
