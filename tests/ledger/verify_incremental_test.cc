// Verification from a trusted checkpoint on: the same verdicts as a full run for what it reads, and
// it says what it did not.

#include "events/encoding.h"
#include "ledger/rows.h"
#include "ledger/verify.h"
#include "ledger/verify_span.h"
#include "tests/support/ledger_fixture.h"

#include <gtest/gtest.h>

namespace phantom::test {
namespace {

// A bit more than one span, so that there is one to skip; epochs before and after its end.
MemoryLedger long_ledger() {
  MemoryLedger ledger;
  ledger.start_epoch(10);
  for (int i = 0; i < 16; ++i) ledger.commit(4'096);
  ledger.start_epoch(3);
  ledger.commit(300);
  return ledger;
}

class Incremental : public testing::Test {
 protected:
  Incremental() : ledger_(long_ledger()), trusted_(ledger_.head_note()) {
    PH_CHECK(ledger_.size() > kSpanEvents + 256, "a span to skip");
    ledger_.commit(100);  // fills the bundle that was open when it was trusted
    ledger_.start_epoch(700);
    ledger_.commit(1);
  }

  VerifyReport run() const {
    VerifyOptions options;
    options.key = ledger_.key();
    options.trust = trusted_;
    options.depth = VerifyDepth::kIncremental;
    return ledger_.verify(options);
  }

  MemoryLedger ledger_;
  std::string trusted_;
};

TEST_F(Incremental, GoodLedgerIsVerifiedAndSaysWhatWasNotRead) {
  const VerifyReport report = run();
  EXPECT_EQ(report.exit_code, 0) << verdict_text(report);
  EXPECT_EQ(report.rung, 3);
  EXPECT_EQ(report.trusted_events, kSpanEvents);
  EXPECT_EQ(report.events, ledger_.size() - kSpanEvents);
  EXPECT_EQ(report.epochs, 4U);
  EXPECT_FALSE(report.not_checked.empty());
  EXPECT_NE(report.not_checked.front().find(std::to_string(kSpanEvents)), std::string::npos);
}

TEST_F(Incremental, WithoutUsableTrustEverythingIsRead) {
  VerifyOptions options;
  options.key = ledger_.key();
  options.depth = VerifyDepth::kIncremental;
  EXPECT_EQ(ledger_.verify(options).events, ledger_.size());
  options.trust = ledger_.note(1);  // in the first span
  EXPECT_EQ(ledger_.verify(options).events, ledger_.size());
  options.trust = trusted_;
  options.key.reset();
  EXPECT_EQ(ledger_.verify(options).events, ledger_.size()) << "nobody vouches for the note";
}

TEST_F(Incremental, ForgedTrustFails) {
  Checkpoint other = parse_checkpoint(trusted_)->checkpoint;
  other.root[3] ^= 1;
  trusted_ = ledger_.sign(other, 3);
  const VerifyReport report = run();
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(check_of(report, "trust").state, CheckState::kFail) << verdict_text(report);
}

TEST_F(Incremental, ChangesInWhatItReadsFail) {
  const auto good = ledger_.rows;
  const Seq newest = ledger_.size() - 1;
  const std::vector<std::pair<const char*, std::function<void()>>> changes = {
      {"entry", [&] { ledger_.rows[rows::tail(newest)][40] ^= 1; }},
      {"bundle", [&] { ledger_.rows[rows::bundle(kSpanEvents / 256)][700] ^= 1; }},
      {"missing bundle", [&] { ledger_.rows.erase(rows::bundle(kSpanEvents / 256 + 1)); }},
      {"checkpoint", [&] { ledger_.rows[rows::commit(newest + 1)][80] ^= 1; }},
      {"missing checkpoint", [&] { ledger_.rows.erase(rows::commit(newest)); }},
      {"tile of the span", [&] { ledger_.rows[rows::tile(1, 1)][3] ^= 1; }},
      {"tile above", [&] { ledger_.rows[rows::tile(2, 0)][3] ^= 1; }},
      {"tag row", [&] { ledger_.rows[rows::tag("session:test")] = rows::tag_value(1, 1); }},
      {"foreign row", [&] { ledger_.rows["z"] = "x"; }},
  };
  for (const auto& [name, change] : changes) {
    ledger_.rows = good;
    change();
    EXPECT_EQ(run().exit_code, 1) << name << ": " << verdict_text(run());
  }
}

TEST_F(Incremental, EventBeforeItThatATagLeadsToIsTiedToTheTrustedRoot) {
  // The newest event with the tag before the walk is the last of the first span.
  std::string& bundle = ledger_.rows[rows::bundle(kSpanEvents / 256 - 1)];
  const auto entries = *rows::split_entries(as_bytes(bundle));
  const auto at = static_cast<std::size_t>(as_text(entries.back()).data() - bundle.data());
  const std::size_t text = bundle.find("test", at + 100);
  ASSERT_NE(text, std::string::npos);
  bundle[text] = 'b';
  const VerifyReport report = run();
  EXPECT_EQ(report.exit_code, 1) << verdict_text(report);
}

}  // namespace
}  // namespace phantom::test
