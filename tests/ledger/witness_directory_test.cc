#include "ledger/witness_directory.h"

#include "events/encoding.h"
#include "ledger/home.h"
#include "tests/support/child_process.h"
#include "tests/support/fake_clock.h"
#include "tests/support/ledger_test_log.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

std::string body_of(const TestLog& log, std::uint64_t old_size, std::uint64_t size) {
  std::string body = "old " + std::to_string(old_size) + "\n";
  for (const Digest& hash : log.proof(old_size, size)) body += to_base64(hash) + "\n";
  return body + "\n" + log.note(size);
}

class WitnessOnDisk : public ::testing::Test {
 protected:
  WitnessOnDisk() : directory_(scratch_ / "w"), log_("example.com/log") {
    SeededRandom random(9);
    key_ = create_witness(directory_, "witness.example/w1", random).value();
    PH_CHECK(add(log_).ok(), "add");
    open();
  }

  Status add(const TestLog& log, const std::optional<std::string>& resume = {}) {
    return add_witnessed_log(directory_, log.key(), log.origin(), resume);
  }
  void open() {
    witness_.reset();
    auto opened = ServingWitness::open(directory_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    witness_ = std::move(*opened);
  }
  WitnessAnswer ask(std::uint64_t old_size, std::uint64_t size) {
    return witness_->add_checkpoint(body_of(log_, old_size, size));
  }
  fs::path state_file() const { return directory_ / origin_digest(log_.origin()); }
  std::string newest() { return witness_->newest(origin_digest(log_.origin())).body; }

  TempDir scratch_;
  fs::path directory_;
  FakeClock clock_;
  TestLog log_;
  CosignerKey key_;
  std::unique_ptr<ServingWitness> witness_;
};

TEST_F(WitnessOnDisk, WhatWasCosignedIsOnDiskAndServed) {
  EXPECT_EQ(witness_->newest(origin_digest(log_.origin())).status, 404);
  const WitnessAnswer answer = ask(0, 5);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(newest(), log_.note(5) + answer.body);
  EXPECT_EQ(read_text(state_file()),
            "phantom-witness-state/1\ncosigned\n" + log_.note(5) + answer.body);
  open();
  EXPECT_EQ(ask(0, 6).body, "5\n");
  EXPECT_EQ(ask(5, 9).status, 200);
  EXPECT_EQ(list_witness(directory_)->logs[0].state->newest->checkpoint.size, 9U);
}

TEST_F(WitnessOnDisk, UnknownLogsAre404AndAreAddedAndRemovedWhileItServes) {
  const TestLog other("example.com/other");
  EXPECT_EQ(witness_->add_checkpoint(body_of(other, 0, 3)).status, 404);
  ASSERT_TRUE(add(other).ok());
  EXPECT_EQ(witness_->add_checkpoint(body_of(other, 0, 3)).status, 200);
  ASSERT_TRUE(remove_witnessed_log(directory_, other.origin()).ok());
  EXPECT_EQ(witness_->add_checkpoint(body_of(other, 3, 4)).status, 404);
  EXPECT_EQ(witness_->newest(origin_digest(other.origin())).status, 404);
  EXPECT_EQ(remove_witnessed_log(directory_, other.origin()).error().code, Code::kNotFound);
  // Added again it has not forgotten.
  ASSERT_TRUE(add(other).ok());
  EXPECT_EQ(witness_->add_checkpoint(body_of(other, 0, 3)).body, "3\n");
}

TEST_F(WitnessOnDisk, ALogIsAddedOnceAndMayGetASecondKey) {
  EXPECT_EQ(add(log_).error().code, Code::kExists);
  const TestLog next_key("example.com/log", 2);
  ASSERT_EQ(ask(0, 5).status, 200);
  EXPECT_EQ(witness_->add_checkpoint(body_of(next_key, 5, 6)).status, 403);
  ASSERT_TRUE(add(next_key).ok());
  EXPECT_EQ(witness_->add_checkpoint(body_of(next_key, 5, 6)).status, 200);
  EXPECT_EQ(ask(6, 7).status, 200);
}

TEST_F(WitnessOnDisk, LostOrDamagedStateIsNeverSizeZero) {
  const std::string note = log_.note(5) + ask(0, 5).body;
  const std::string good = read_text(state_file());
  const std::string other = "phantom-witness-state/1\nnothing cosigned\nexample.com/other\n";
  for (const std::string& damage : {std::string(), good.substr(0, good.size() / 2), other}) {
    write_text(state_file(), damage);
    EXPECT_EQ(ask(0, 5).status, 500);
    EXPECT_EQ(ask(5, 6).status, 500);
    EXPECT_EQ(witness_->newest(origin_digest(log_.origin())).status, 500);
    EXPECT_EQ(list_witness(directory_)->logs[0].state.error().code, Code::kCorrupt);
  }
  fs::remove(state_file());
  EXPECT_EQ(ask(0, 5).status, 500);
  EXPECT_EQ(add(log_).error().code, Code::kCorrupt);
  const TestLog next_key("example.com/log", 2);
  EXPECT_EQ(add(next_key).error().code, Code::kCorrupt);
  open();
  EXPECT_EQ(ask(0, 5).status, 500);
  // Back from a checkpoint that somebody kept, and only from one of ours.
  EXPECT_EQ(add(log_, log_.note(9)).error().code, Code::kInvalid);
  const TestLog stranger("example.com/log", 3);
  EXPECT_EQ(add(stranger, note).error().code, Code::kInvalid);
  const std::string grease = NoteSignature{"grease.example", 7, Bytes(9, 1)}.line();
  ASSERT_TRUE(add(log_, note + grease).ok());
  EXPECT_EQ(read_text(state_file()), good);
  EXPECT_EQ(ask(0, 5).body, "5\n");
  EXPECT_EQ(ask(5, 8).status, 200);
  // A state that is there is not put back.
  EXPECT_EQ(add(log_, note).error().code, Code::kExists);
}

TEST_F(WitnessOnDisk, ALostStateOfARemovedLogDoesNotBeginAnew) {
  ASSERT_EQ(ask(0, 5).status, 200);
  ASSERT_TRUE(remove_witnessed_log(directory_, log_.origin()).ok());
  EXPECT_TRUE(list_witness(directory_)->logs.empty());
  write_text(state_file(), "");
  EXPECT_EQ(add(log_).error().code, Code::kCorrupt);
  fs::remove(state_file());
  EXPECT_EQ(add(log_).error().code, Code::kCorrupt);
  EXPECT_EQ(ask(0, 5).status, 404);
}

TEST_F(WitnessOnDisk, OneProcessServesADirectory) {
  EXPECT_EQ(ServingWitness::open(directory_, clock_).error().code, Code::kBusy);
  witness_.reset();
  EXPECT_TRUE(ServingWitness::open(directory_, clock_).ok());
}

TEST_F(WitnessOnDisk, AWitnessWhoseLockFileWasReplacedSignsNothing) {
  fs::remove(directory_ / "LOCK");
  write_text(directory_ / "LOCK", "");
  EXPECT_EQ(ask(0, 5).status, 500);
  EXPECT_NE(read_text(state_file()).find("nothing cosigned"), std::string::npos);
}

TEST_F(WitnessOnDisk, AFailedWriteIsNoCosignatureAndEndsTheService) {
  ASSERT_EQ(ask(0, 5).status, 200);
  const std::string before = read_text(state_file());
  // A directory in the way of the file makes the rename fail, also for root.
  fs::rename(state_file(), scratch_ / "aside");
  fs::create_directory(state_file());
  EXPECT_EQ(ask(5, 6).status, 500);
  fs::remove(state_file());
  fs::rename(scratch_ / "aside", state_file());
  open();
  EXPECT_EQ(read_text(state_file()), before);
  EXPECT_EQ(ask(5, 6).status, 200);
}

TEST_F(WitnessOnDisk, BothRootsOfAForkAreKept) {
  const std::string note = log_.note(5) + ask(0, 5).body;
  const TestLog forked("example.com/log", 1, 3);
  EXPECT_EQ(witness_->add_checkpoint(body_of(forked, 5, 5)).status, 422);
  EXPECT_EQ(witness_->add_checkpoint(body_of(forked, 5, 5)).status, 422);
  std::vector<std::string> kept;
  for (const auto& each : fs::directory_iterator(directory_ / "evidence")) {
    kept.push_back(read_text(each.path()));
  }
  EXPECT_EQ(std::set<std::string>(kept.begin(), kept.end()),
            (std::set<std::string>{note, forked.note(5)}));
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(ask(5, 6).status, 200);
}

TEST_F(WitnessOnDisk, SizesNeverGoBackWhoeverWritesLast) {
  // The race of the specification: both are sent from 5, the smaller one arrives last.
  ASSERT_EQ(ask(0, 5).status, 200);
  const std::string smaller = body_of(log_, 5, 6);
  const std::string larger = body_of(log_, 5, 9);
  EXPECT_EQ(witness_->add_checkpoint(larger).status, 200);
  const WitnessAnswer late = witness_->add_checkpoint(smaller);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.body, "9\n");
  EXPECT_EQ(parse_checkpoint(newest())->checkpoint.size, 9U);
}

TEST_F(WitnessOnDisk, SixteenClientsOnOneOriginSeeOneHistory) {
  constexpr unsigned kClients = 16;
  constexpr std::uint64_t kSizeMax = 60;
  std::mutex mutex;
  std::vector<std::uint64_t> cosigned;  // in the order in which the answers came
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> seen{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned client = 0; client < kClients; ++client) {
      threads.emplace_back([&, client] {
        SeededRandom random(client);
        std::uint64_t known = 0;
        while (known < kSizeMax) {
          const std::uint64_t size = std::min(kSizeMax, known + 1 + random.below(4));
          const std::uint64_t floor = seen;
          const WitnessAnswer answer = ask(known, size);
          if (answer.status == 200) {
            const CosignatureCheck check = check_cosignature(log_.note(size) + answer.body, key_);
            if (check.found != NoteCheck::kGood || size < floor) ++wrong;
            const std::lock_guard lock(mutex);
            cosigned.push_back(size);
            seen = std::max<std::uint64_t>(seen, size);
            known = size;
          } else if (answer.status == 409) {
            const std::uint64_t told = std::stoull(answer.body);
            if (told < floor || told < known) ++wrong;
            known = told;
          } else {
            ++wrong;
            return;
          }
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0U);
  // Each size was reached from the one before, by one client.
  EXPECT_EQ(std::set<std::uint64_t>(cosigned.begin(), cosigned.end()).size(), cosigned.size());
  EXPECT_EQ(parse_checkpoint(newest())->checkpoint.size, kSizeMax);
}

TEST(WitnessInit, MakesAWitnessOnceAndNotOverTheRemainsOfOne) {
  TempDir scratch;
  SeededRandom random(1);
  const fs::path directory = scratch / "w";
  EXPECT_EQ(create_witness(directory, "a name", random).error().code, Code::kInvalid);
  ASSERT_TRUE(create_witness(directory, "w", random).ok());
  EXPECT_EQ(create_witness(directory, "w", random).error().code, Code::kExists);
  EXPECT_EQ(fs::status(directory).permissions(), fs::perms::owner_all);
  // What a crash before the key left is taken up; a witness that lost its key is not.
  fs::remove(directory / "witness.key");
  ASSERT_TRUE(create_witness(directory, "w", random).ok());
  ASSERT_TRUE(
      add_witnessed_log(directory, TestLog("example.com/x").key(), "example.com/x", {}).ok());
  fs::remove(directory / "witness.key");
  EXPECT_EQ(create_witness(directory, "w", random).error().code, Code::kExists);
  const FakeClock clock;
  EXPECT_EQ(ServingWitness::open(directory, clock).error().code, Code::kNotFound);
  EXPECT_EQ(ServingWitness::open(scratch / "none", clock).error().code, Code::kNotFound);
  EXPECT_FALSE(fs::exists(scratch / "none"));
}

}  // namespace
}  // namespace phantom::test
