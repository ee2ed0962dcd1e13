#include "tests/support/ledger_fixture.h"

#include "events/encoding.h"
#include "events/random.h"
#include "ledger/epochs.h"
#include "ledger/layout.h"
#include "ledger/rows.h"
#include "ledger/verify_rows.h"
#include "ledger/writer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/ledger_home.h"

namespace phantom::test {
namespace {

constexpr std::string_view kIdentity = "memory-store-identity";

class MemoryCursor final : public RowCursor {
 public:
  MemoryCursor(const MemoryLedger::Rows& rows, std::string_view prefix, std::string_view from)
      : rows_(rows), prefix_(prefix), at_(rows.lower_bound(from.empty() ? prefix : from)) {}
  bool valid() const override { return at_ != rows_.end() && at_->first.starts_with(prefix_); }
  void next() override { ++at_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  Status status() const override { return {}; }

 private:
  const MemoryLedger::Rows& rows_;
  std::string prefix_;
  MemoryLedger::Rows::const_iterator at_;
};

std::string origin_of(std::uint64_t seed) {
  Bytes id(8, 0xab);
  put_be64(id, seed);
  return std::string(kOriginPrefix) + to_hex(id);
}

Signer epoch_signer(std::uint64_t seed, std::uint64_t epoch, SeededRandom& random) {
  return Signer::generate(epoch_name(origin_of(seed), epoch), random);
}

}  // namespace

MemoryLedger::MemoryLedger(std::uint64_t seed, Epochs epochs)
    : random_(seed),
      sequencer_(Sequencer::empty(origin_of(seed))),
      log_key_(Signer::generate(origin_of(seed), random_)) {
  if (epochs == Epochs::kOther) epoch_signer(seed, 1, random_);  // another draw
  epoch_keys_.push_back(epoch_signer(seed, 1, random_));
  rows.emplace(rows::meta("format"), rows::kFormat);
  rows.emplace(rows::meta("store"), kIdentity);
  commit(std::vector<Draft>{ledger_created({}, origin(), origin().substr(kOriginPrefix.size()),
                                           key().text(), epoch_keys_[0].verifier_key().text())});
}

// Made at the time of the commit it goes into.
EventId MemoryLedger::next_id() {
  FakeClock clock;
  clock.set_wall_ns(now_ns_);
  return make_event_id(clock, random_);
}

Draft MemoryLedger::next_draft() { return note_draft(drafts_++, "session:test"); }

void MemoryLedger::commit(std::size_t count) {
  std::vector<Draft> drafts;
  for (std::size_t i = 0; i < count; ++i) drafts.push_back(next_draft());
  commit(std::move(drafts));
}

void MemoryLedger::commit(std::vector<Draft> drafts) {
  std::vector<Submission> batch(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    batch[i].draft = std::move(drafts[i]);
    if (batch[i].draft.id == EventId{}) batch[i].draft.id = next_id();
  }
  auto prepared = sequencer_.prepare(*this, batch, now_ns_ += 1'000'000);
  PH_CHECK(prepared.ok(), prepared.ok() ? "" : prepared.error().message.c_str());
  for (const auto& result : prepared->results) {
    PH_CHECK(result.ok(), result.ok() ? "" : result.error().message.c_str());
  }
  const Checkpoint checkpoint = prepared->checkpoint;
  const std::string note = sign(checkpoint, signing_epoch_);
  for (auto& [key, value] : prepared->changes.puts) rows[key] = std::move(value);
  for (const std::string& key : prepared->changes.deletes) rows.erase(key);
  rows[rows::commit(checkpoint.size)] = note;
  notes_[checkpoint.size] = note;
  head_copy = {head_copy.generation + 1, SignedCheckpoint{checkpoint, note}, false};
  sequencer_.adopt(*prepared);
}

std::size_t MemoryLedger::add_epoch_key() {
  const std::uint64_t number = epoch_keys_.size() + 1;
  epoch_keys_.push_back(Signer::generate(epoch_name(origin(), number), random_));
  return number;
}

Draft MemoryLedger::announcement(std::size_t count) {
  const std::uint64_t number = add_epoch_key();
  const std::uint64_t events = size() + count + 1 - epoch_first_seq_;
  return epoch_announced({}, number, epoch_keys_.back().verifier_key().text(),
                         {number - 1, epoch_first_seq_, events, CloseReason::kScheduled});
}

void MemoryLedger::start_epoch(std::size_t count) {
  std::vector<Draft> drafts;
  drafts.reserve(count + 1);
  Draft closing = announcement(count);
  for (std::size_t i = 0; i < count; ++i) drafts.push_back(next_draft());
  drafts.push_back(std::move(closing));
  commit(std::move(drafts));
  signing_epoch_ = epoch_keys_.size();
  epoch_first_seq_ = size();
}

std::string MemoryLedger::sign(const Checkpoint& checkpoint, std::size_t epoch) const {
  return sign_checkpoint(checkpoint, log_key_, epoch_keys_.at(epoch - 1));
}

VerifyReport MemoryLedger::verify(const VerifyOptions& options) const {
  return verify_rows(*this, {head_copy, std::string(kIdentity)}, options);
}

VerifyReport MemoryLedger::verify_own() const {
  VerifyOptions options;
  options.key = key();
  return verify(options);
}

std::unique_ptr<RowCursor> MemoryLedger::cursor(std::string_view prefix,
                                                std::string_view from) const {
  return std::make_unique<MemoryCursor>(rows, prefix, from);
}

Result<std::optional<std::string>> MemoryLedger::get(std::string_view key) const {
  const auto found = rows.find(key);
  if (found == rows.end()) return std::optional<std::string>();
  return std::optional(found->second);
}

Result<std::optional<RowSource::Row>> MemoryLedger::floor(std::string_view key) const {
  auto after = rows.upper_bound(key);
  if (after == rows.begin()) return std::optional<Row>();
  --after;
  if (after->first.empty() || after->first[0] != key[0]) return std::optional<Row>();
  return std::optional(Row{*after});
}

Result<std::optional<std::string>> MemoryLedger::foreign_key(std::string_view known) const {
  for (const auto& [key, value] : rows) {
    if (key.empty() || known.find(key[0]) == std::string_view::npos) return std::optional(key);
  }
  return std::optional<std::string>();
}

const Check& check_of(const VerifyReport& report, std::string_view id) {
  for (const Check& check : report.checks) {
    if (check.id == id) return check;
  }
  PH_CHECK(false, "the report has no such check");
  return report.checks.front();
}

std::string verdict_text(const VerifyReport& report) {
  for (const CheckState state : {CheckState::kFail, CheckState::kIndeterminate}) {
    for (const Check& check : report.checks) {
      if (check.state == state) return check.id + ": " + check.reason;
    }
  }
  return "verified";
}

}  // namespace phantom::test
