// The append contract: numbers without gaps, receipts that hold, exactly once, conditions, groups.

#include "ledger/appender.h"

#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/prove.h"
#include "ledger/reader.h"
#include "ledger/rows.h"
#include "ledger/tree.h"
#include "schema/events_generated.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace phantom::test {
namespace {

std::uint64_t number_in(const Bytes& entry) {
  const schema::Entry* parsed = *parse_entry(entry);
  const Bytes payload(parsed->payload()->begin(), parsed->payload()->end());
  return flatbuffers::GetRoot<schema::AuditRead>(payload.data())->first_seq();
}

TEST(Appender, NumbersEventsWithoutGapsAndReadsThemBack) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const auto receipt = appender->append(note_draft(100 + i));
    ASSERT_TRUE(receipt.ok()) << receipt.error().message;
    EXPECT_EQ(receipt->seq, i);
    EXPECT_EQ(receipt->checkpoint_size, i + 1);
    EXPECT_EQ(receipt->durability, Durability::kSynced);
  }
  ASSERT_TRUE(appender->close().ok());
  auto reader = open_reader(home.home().ledger());
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ((*reader)->head().checkpoint.size, 6U);
  std::vector<std::uint64_t> numbers;
  ASSERT_TRUE((*reader)
                  ->scan(1, 100,
                         [&](Seq, const Bytes& entry) {
                           numbers.push_back(number_in(entry));
                           return true;
                         })
                  .ok());
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{101, 102, 103, 104, 105}));
}

TEST(Appender, RefusesToOpenWhatWasNeverCreated) {
  LedgerHome home;
  const auto appender = open_appender(home.home(), {});
  ASSERT_FALSE(appender.ok());
  EXPECT_EQ(appender.error().code, Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(home.home().ledger()));
}

TEST(Appender, SecondCreateIsRefused) {
  LedgerHome home;
  home.create();
  const auto again = create_ledger(home.home(), {}, {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kExists);
}

TEST(Appender, WipedLedgerDoesNotStartASecondHistory) {
  LedgerHome home;
  home.create();
  std::filesystem::remove_all(home.home().ledger());
  const auto again = create_ledger(home.home(), {}, {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kDenied);
  std::filesystem::remove_all(home.home().trust());
  const auto without_pins = create_ledger(home.home(), {}, {});
  ASSERT_FALSE(without_pins.ok());
  EXPECT_EQ(without_pins.error().code, Code::kDenied);
}

TEST(Appender, LedgerWhoseStoreIsGoneIsNamedAsLost) {
  LedgerHome home;
  home.create();
  const auto db = LedgerFiles{home.home().ledger()}.db();
  std::filesystem::remove_all(db);
  const auto again = create_ledger(home.home(), {}, {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kDenied);
  EXPECT_NE(again.error().message.find(db.string() + " is gone"), std::string::npos);
}

TEST(Appender, UnfinishedCreationIsDoneAgain) {
  LedgerHome home;
  home.create();
  // As after a crash before the rename: marker, keys and the directory aside, no ledger, no pin.
  std::filesystem::rename(home.home().ledger(), home.home().root / "ledger.new");
  std::filesystem::remove_all(home.home().trust());
  ASSERT_TRUE(write_file_durably(home.home().keys() / "creating", {}, 0600).ok());
  ASSERT_TRUE(create_ledger(home.home(), {}, {}).ok());
  EXPECT_TRUE(home.open()->append(note_draft(1)).ok());
}

TEST(Appender, CreationCutOffAfterTheRenameIsFinished) {
  LedgerHome home;
  const CreatedLedger first = home.create();
  std::filesystem::remove_all(home.home().trust());
  ASSERT_TRUE(write_file_durably(home.home().keys() / "creating", {}, 0600).ok());
  const auto again = create_ledger(home.home(), {}, {});
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->vkey, first.vkey);
}

TEST(Appender, ContinuesAcrossReopensAndBundleEdges) {
  LedgerHome home;
  home.create();
  std::uint64_t expected = 1;
  for (const std::uint64_t count : {3U, 251U, 1U, 1U, 260U, 2U}) {
    auto appender = home.open();
    std::vector<std::future<Result<Receipt>>> receipts;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto promise = std::make_shared<std::promise<Result<Receipt>>>();
      receipts.push_back(promise->get_future());
      appender->append_async(note_draft(expected + i), [promise](Result<Receipt> result) {
        promise->set_value(std::move(result));
      });
    }
    for (auto& receipt : receipts) {
      const auto result = receipt.get();
      ASSERT_TRUE(result.ok()) << result.error().message;
      EXPECT_EQ(result->seq, expected++);
    }
  }
  auto reader = open_reader(home.home().ledger());
  ASSERT_TRUE(reader.ok());
  const std::uint64_t size = (*reader)->head().checkpoint.size;
  ASSERT_EQ(size, expected);
  CompactRange range;
  ASSERT_TRUE((*reader)
                  ->scan(0, size,
                         [&](Seq seq, const Bytes& entry) {
                           if (seq > 0) {
                             EXPECT_EQ(number_in(entry), seq);
                           }
                           range.append(leaf_hash(entry));
                           return true;
                         })
                  .ok());
  EXPECT_EQ(range.root(), (*reader)->head().checkpoint.root);
  // Every complete subtree the tiles can give is the one the leaves give.
  for (const auto& [height, index] :
       {std::pair{8U, 0U}, {8U, 1U}, {0U, 511U}, {4U, 17U}, {9U, 0U}}) {
    CompactRange subtree;
    for (Seq seq = std::uint64_t{index} << height; seq < (std::uint64_t{index} + 1) << height;
         ++seq) {
      subtree.append(leaf_hash(*(*reader)->entry(seq)));
    }
    const auto node = (*reader)->node(height, index);
    ASSERT_TRUE(node.ok()) << node.error().message;
    EXPECT_EQ(*node, subtree.root()) << height << "/" << index;
  }
}

TEST(Appender, SameIdIsRecordedOnce) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  Draft draft = note_draft(7);
  draft.id = make_event_id(system_clock(), system_random());
  const auto first = appender->append(draft);
  const auto second = appender->append(draft);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->seq, first->seq);
  EXPECT_EQ(second->leaf_hash, first->leaf_hash);
  EXPECT_EQ(second->durability, Durability::kDuplicate);
  Draft other = note_draft(8);
  other.id = draft.id;
  const auto conflict = appender->append(other);
  ASSERT_FALSE(conflict.ok());
  EXPECT_EQ(conflict.error().code, Code::kConflict);
}

TEST(Appender, BusyHolderDoesNotKeepSubmittersOut) {
  LedgerHome home;
  home.create();
  auto holder = home.open();
  auto submitter = home.open();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> own{0};
  std::jthread busy([&] {
    for (std::uint64_t i = 0; !stop; ++i) {
      ASSERT_TRUE(holder->append(note_draft(i)).ok());
      ++own;
    }
  });
  constexpr std::uint64_t kEvents = 50;
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    const std::uint64_t before = own;
    ASSERT_TRUE(submitter->append(note_draft(1'000'000 + i)).ok());
    // In the commit that is running the holder may have one event, and the next one is ours too.
    EXPECT_LE(own - before, 100U) << "event " << i << " was passed by";
  }
  stop = true;
}

TEST(Appender, IdsFromTheFutureAreRefused) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  Draft draft = note_draft(7);
  draft.id = make_event_id(system_clock(), system_random());
  draft.id[0] = 0x7f;
  const auto answer = appender->append(draft);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kInvalid);
  EXPECT_FALSE(answer.error().hint.empty());
}

TEST(Appender, OldIdIsFoundAcrossBundlesAndReopening) {
  LedgerHome home;
  home.create();
  Draft draft = note_draft(7);
  draft.id = make_event_id(system_clock(), system_random());
  Seq seq = 0;
  {
    auto appender = home.open();
    seq = appender->append(draft)->seq;
    std::vector<Draft> more;
    for (std::uint64_t i = 0; i < 700; ++i) more.push_back(note_draft(i));
    for (const auto& receipt : appender->append_all(std::move(more))) ASSERT_TRUE(receipt.ok());
  }
  auto appender = home.open();
  const auto again = appender->append(draft);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->seq, seq);
  EXPECT_EQ(again->durability, Durability::kDuplicate);
}

TEST(Appender, ManyAtOnceKeepTheirOrderAndEachItsOwnAnswer) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  std::vector<Draft> drafts;
  for (std::uint64_t i = 0; i < 5'000; ++i) drafts.push_back(note_draft(i));
  drafts[10].tags = {"not a tag"};
  drafts[20].conditions = {{"session:test", 3}};
  const auto receipts = appender->append_all(std::move(drafts));
  ASSERT_EQ(receipts.size(), 5'000U);
  Seq next = 1;
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    if (i == 10 || i == 20) {
      EXPECT_EQ(receipts[i].error().code, i == 10 ? Code::kInvalid : Code::kConflict);
      continue;
    }
    ASSERT_TRUE(receipts[i].ok()) << receipts[i].error().message;
    EXPECT_EQ(receipts[i]->seq, next++);
  }
  ASSERT_TRUE(appender->close().ok());
  EXPECT_EQ(home.verify().exit_code, 0);
}

TEST(Appender, ConditionHoldsOnlyWhileNothingNewHappened) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  Draft first = note_draft(1, "approval:x");
  first.conditions.push_back({"approval:x", std::nullopt});
  const auto used = appender->append(first);
  ASSERT_TRUE(used.ok());
  Draft again = note_draft(2, "approval:x");
  again.conditions.push_back({"approval:x", std::nullopt});
  const auto refused = appender->append(again);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  again.conditions[0].last_seq = used->seq;
  EXPECT_TRUE(appender->append(again).ok());
}

TEST(Appender, OnlyOneOfManyRacingConditionsWins) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  std::vector<std::future<Result<Receipt>>> answers;
  for (std::uint64_t i = 0; i < 32; ++i) {
    answers.push_back(std::async(std::launch::async, [&, i] {
      Draft draft = note_draft(i, "approval:race");
      draft.conditions.push_back({"approval:race", std::nullopt});
      return appender->append(draft);
    }));
  }
  int won = 0;
  for (auto& answer : answers) won += answer.get().ok() ? 1 : 0;
  EXPECT_EQ(won, 1);
}

TEST(Appender, TagHistoryWalksBackWithoutGaps) {
  LedgerHome home;
  home.create();
  {
    auto appender = home.open();
    for (std::uint64_t i = 0; i < 300; ++i) {
      ASSERT_TRUE(appender->append(note_draft(i, i % 3 == 0 ? "session:a" : "session:b")).ok());
    }
  }
  auto reader = open_reader(home.home().ledger());
  std::vector<std::uint64_t> numbers;
  ASSERT_TRUE((*reader)
                  ->history("session:a",
                            [&](Seq, const Bytes& entry) {
                              numbers.push_back(number_in(entry));
                              return true;
                            })
                  .ok());
  ASSERT_EQ(numbers.size(), 100U);
  EXPECT_EQ(numbers.front(), 297U);
  EXPECT_EQ(numbers.back(), 0U);
}

TEST(Appender, SecondProcessSubmitsWhileTheFirstWrites) {
  LedgerHome home;
  home.create();
  auto writer = home.open();
  const int status = std::system(
      (std::string(PHANTOM_APPEND_CHILD) + " " + home.home().root.string() + " 1 50 >/dev/null")
          .c_str());
  EXPECT_EQ(status, 0);
  ASSERT_TRUE(writer->append(note_draft(1)).ok());
  auto reader = open_reader(home.home().ledger());
  EXPECT_EQ((*reader)->head().checkpoint.size, 52U);
  const auto entry = (*reader)->entry(1);
  ASSERT_TRUE(entry.ok());
  EXPECT_TRUE((*parse_entry(*entry))->peer_uid().has_value());
}

TEST(Appender, GuardRefusesBeforeAnythingIsWritten) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  appender->set_guard([](ByteView bytes) -> Status {
    if (as_text(bytes).find("forbidden-word") != std::string_view::npos) {
      return Error{Code::kDenied, "no"};
    }
    return {};
  });
  Draft sealed = note_draft(1);
  sealed.to_seal.push_back({"argv", "tool --x forbidden-word"});
  EXPECT_EQ(appender->append(sealed).error().code, Code::kDenied);
  EXPECT_EQ(appender->append(note_draft(1, "session:forbidden-word")).error().code, Code::kDenied);
  ASSERT_TRUE(appender->append(note_draft(2)).ok());
  ASSERT_TRUE(appender->close().ok());
  EXPECT_EQ((*open_reader(home.home().ledger()))->head().checkpoint.size, 2U);
}

TEST(Appender, ReaderFollowsALiveWriter) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  auto reader = open_reader(home.home().ledger());
  ASSERT_TRUE(reader.ok());
  for (std::uint64_t i = 1; i < 40; ++i) {
    ASSERT_TRUE(appender->append(note_draft(i)).ok());
    const auto moved = (*reader)->catch_up();
    ASSERT_TRUE(moved.ok()) << moved.error().message;
    ASSERT_EQ((*reader)->head().checkpoint.size, i + 1);
    ASSERT_EQ(number_in(*(*reader)->entry(i)), i);
  }
}

TEST(Appender, ClosedAppenderRefuses) {
  LedgerHome home;
  home.create();
  auto appender = home.open();
  ASSERT_TRUE(appender->close().ok());
  EXPECT_EQ(appender->append(note_draft(1)).error().code, Code::kClosed);
}

}  // namespace
}  // namespace phantom::test
