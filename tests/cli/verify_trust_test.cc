#include "cli/verify_trust.h"

#include "ledger/signer.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

constexpr const char* kOrigin = "phantom.local/0";

class ChooseTrust : public testing::Test {
 protected:
  // A checkpoint over so many events, signed by each.
  std::string note(std::uint64_t size, const std::vector<const Signer*>& signers,
                   const char* origin = kOrigin) const {
    Checkpoint checkpoint;
    checkpoint.origin = origin;
    checkpoint.size = size;
    const std::string text = checkpoint.text();
    std::string all = text + "\n";
    for (const Signer* signer : signers) {
      all += signature_line(signer->verifier_key(), signer->sign(as_bytes(text)));
    }
    return all;
  }

  Trust choose(std::optional<Result<std::string>> cache, FirstRun first = FirstRun::kNo) const {
    auto chosen = choose_trust(floor, std::move(cache), log.verifier_key(), first);
    EXPECT_TRUE(chosen.ok());
    return chosen.ok() ? *chosen : Trust{};
  }
  Code error_of(std::optional<Result<std::string>> cache) const {
    const auto chosen = choose_trust(floor, std::move(cache), log.verifier_key(), FirstRun::kNo);
    EXPECT_FALSE(chosen.ok());
    return chosen.ok() ? Code::kInternal : chosen.error().code;
  }

  SeededRandom random{1};
  Signer log = Signer::generate(kOrigin, random);
  Signer other = Signer::generate(kOrigin, random);
  Signer epoch = Signer::generate("phantom.local/0/epoch/1", random);
  std::optional<SignedCheckpoint> floor = parse_checkpoint(note(20, {&log, &epoch})).value();
};

TEST_F(ChooseTrust, CacheBeyondTheFloorIsUsedWithThePinnedKeysLineOnly) {
  for (const std::uint64_t size : {20U, 21U, 4'000'000U}) {
    const Trust trust = choose(note(size, {&epoch, &log}));
    EXPECT_EQ(trust.from, "cache");
    EXPECT_EQ(trust.note, note(size, {&log}));
    EXPECT_TRUE(trust.why.empty());
  }
}

TEST_F(ChooseTrust, FloorTakesThePlaceOfACacheThatProvesNothing) {
  const std::string changed = [&] {
    std::string text = note(30, {&log});
    text[text.find("30")] = '4';
    return text;
  }();
  const Result<std::string> caches[] = {
      note(19, {&log}),
      note(30, {&other}),
      note(30, {&epoch}),
      note(30, {&log}, "phantom.local/1"),
      changed,
      std::string("nonsense"),
      Error{Code::kNotFound, "no such file"},
      Error{Code::kInvalid, "not a note"},
      Error{Code::kLimit, "too long"},
  };
  for (const auto& cache : caches) {
    const Trust trust = choose(cache);
    EXPECT_EQ(trust.from, "floor");
    EXPECT_EQ(trust.note, floor->note);
    EXPECT_NE(trust.why, "");
  }
}

TEST_F(ChooseTrust, UnreadableCacheIsAnErrorOfTheMachine) {
  EXPECT_EQ(error_of(Result<std::string>(Error{Code::kDenied, ""})), Code::kDenied);
  EXPECT_EQ(error_of(Result<std::string>(Error{Code::kIo, ""})), Code::kIo);
}

TEST_F(ChooseTrust, WithoutAFloorTheCacheIsAllThereIs) {
  floor.reset();
  EXPECT_EQ(choose(note(3, {&other})).note, note(3, {&other}));
  EXPECT_EQ(choose(note(3, {&other})).from, "cache");
  EXPECT_EQ(error_of(Result<std::string>(Error{Code::kInvalid, ""})), Code::kInvalid);
  const Result<std::string> missing = Error{Code::kNotFound, ""};
  EXPECT_EQ(error_of(missing), Code::kNotFound);
  EXPECT_EQ(choose(missing, FirstRun::kYes).from, "none");
  EXPECT_EQ(choose(std::nullopt).from, "none");
}

TEST_F(ChooseTrust, WithoutACacheTheFloorIsTrusted) {
  EXPECT_EQ(choose(std::nullopt).from, "floor");
  EXPECT_EQ(choose(std::nullopt).note, floor->note);
}

}  // namespace
}  // namespace phantom::test
