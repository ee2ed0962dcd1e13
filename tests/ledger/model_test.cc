// Goal: whatever callers, crashes and a failing disk do one after the other, the ledger and a
// model of a few lines agree on every event, tag and answer.
// Method: random operations from a seed against both. Each kind of operation and outcome has to be
// met a number of times, or the run proved less than it says and fails.
//
// PHANTOM_MODEL_SECONDS=3600 goes on that long, from PHANTOM_MODEL_SEED or a seed of its own.

#include "events/catalog.h"
#include "events/envelope.h"
#include "ledger/appender.h"
#include "ledger/layout.h"
#include "ledger/reader.h"
#include "schema/events_generated.h"
#include "tests/support/ledger_fault_fs.h"
#include "tests/support/ledger_home.h"
#include "tests/support/ledger_promises.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

// What the ledger should be: its events in order, filed by tag.
class Model {
 public:
  struct Event {
    bool own = false;  // false: made by the ledger itself
    Draft draft = {};
  };

  Seq size() const { return events_.size(); }
  const Event& at(Seq seq) const { return events_[seq]; }

  // A receipt, in any order within a batch. What lies between is the ledger's own.
  void place(Seq seq, const Draft& draft) {
    if (events_.size() <= seq) events_.resize(seq + 1);
    events_[seq] = {true, draft};
    for (const std::string& tag : draft.tags) {
      std::vector<Seq>& filed = by_tag_[tag];
      filed.insert(std::upper_bound(filed.begin(), filed.end(), seq), seq);
    }
  }
  void place_ledgers_own() { events_.push_back({}); }

  std::vector<Seq> tagged(const std::string& tag) const {
    const auto found = by_tag_.find(tag);
    return found == by_tag_.end() ? std::vector<Seq>() : found->second;
  }

 private:
  std::vector<Event> events_;
  std::map<std::string, std::vector<Seq>> by_tag_;
};

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed) : random_(seed) {
    AppenderOptions options;
    options.store.env = disk_.env();
    Context context;
    context.component = "test";
    const auto created = create_ledger(home_.home(), context, options);
    PH_CHECK(created.ok(), created.ok() ? "" : created.error().message.c_str());
    key_ = parse_verifier_key(created->vkey).value();
    model_.place_ledgers_own();
    open();
  }

  void step() {
    using Operation = void (ModelRun::*)();
    static constexpr Operation kOperations[] = {
        &ModelRun::append,         &ModelRun::append,
        &ModelRun::append,         &ModelRun::append_if,
        &ModelRun::append_if,      &ModelRun::batch,
        &ModelRun::send_again,     &ModelRun::same_id_other_event,
        &ModelRun::reopen,         &ModelRun::fail_disk,
        &ModelRun::fail_disk,      &ModelRun::lose_power,
        &ModelRun::lose_power,     &ModelRun::read_some,
        &ModelRun::lose_head_copy, &ModelRun::take_over,
        &ModelRun::compare_whole,  &ModelRun::fill,
    };
    (this->*kOperations[random_.below(std::size(kOperations))])();
  }

  void compare_whole() {
    close();
    adopt();
    EXPECT_EQ(promises_.broken(home_.home()), "");
    VerifyOptions options;
    options.ledger = home_.home().ledger();
    options.key = key_;
    const VerifyReport report = verify_ledger(options);
    for (const Check& check : report.checks) {
      EXPECT_NE(check.state, CheckState::kFail) << check.id << ": " << check.reason;
    }
    EXPECT_EQ(report.verdict, Verdict::kVerified);
    if (report.epochs > 1) hit("several epochs");
    hit("verified");
    open();
  }

  const std::map<std::string, int>& hits() const { return hits_; }
  Seq size() const { return model_.size(); }

 private:
  fs::path db() const { return LedgerFiles{home_.home().ledger()}.db(); }
  fs::path head() const { return LedgerFiles{home_.home().ledger()}.head(); }
  void hit(const std::string& what) { ++hits_[what]; }

  Draft draft() {
    Draft made = note_draft(++number_, tag());
    if (random_.below(3) == 0) made.tags.push_back("secret:" + std::to_string(random_.below(4)));
    made.id = make_event_id(system_clock(), random_);
    return made;
  }
  std::string tag() { return "session:" + std::to_string(random_.below(12)); }

  WriterOptions options() {
    WriterOptions options;
    options.store.env = disk_.env();
    options.epoch_events_max = 5 + random_.below(200);
    return options;
  }
  void open() {
    auto writer = open_writer(home_.home(), options());
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    writer_ = std::move(*writer);
  }
  void close() {
    if (writer_ == nullptr) return;
    EXPECT_TRUE(writer_->close().ok());
    writer_.reset();
  }

  // Sends, and files the answers.
  std::vector<Result<Receipt>> send(const std::vector<Draft>& drafts) {
    auto answers = submit_all(*writer_, drafts);
    for (std::size_t i = 0; i < drafts.size(); ++i) file(drafts[i], answers[i]);
    return answers;
  }
  void file(const Draft& draft, const Result<Receipt>& answer) {
    promises_.answered(draft, answer);
    if (!answer.ok() || answer->durability != Durability::kSynced) return;
    EXPECT_LT(answer->seq, answer->checkpoint_size);
    model_.place(answer->seq, draft);
  }

  void append() {
    const auto answers = send({draft()});
    EXPECT_TRUE(answers[0].ok());
    hit("appended");
  }

  void batch() {
    std::vector<Draft> drafts(2 + random_.below(30));
    for (Draft& one : drafts) one = draft();
    Seq last = 0;
    for (const auto& answer : send(drafts)) {
      ASSERT_TRUE(answer.ok()) << answer.error().message;
      EXPECT_GT(answer->seq, last) << "the order of one caller";
      last = answer->seq;
    }
    hit("batch");
  }

  // To the next bundle and beyond.
  void fill() {
    if (random_.below(4) != 0) return;
    std::vector<Draft> drafts(200);
    for (Draft& one : drafts) one = draft();
    for (const auto& answer : send(drafts)) EXPECT_TRUE(answer.ok());
    hit("filled a bundle");
  }

  void append_if() {
    Draft made = draft();
    const std::string condition_tag = tag();
    const std::vector<Seq> filed = model_.tagged(condition_tag);
    Condition condition{condition_tag, std::nullopt};
    const std::uint64_t choice = random_.below(4);
    if (choice >= 2 && !filed.empty()) condition.last_seq = filed.back();
    if (choice == 1 && filed.size() > 1) condition.last_seq = filed[filed.size() - 2];
    const bool holds = filed.empty() || (condition.last_seq && *condition.last_seq == filed.back());
    made.conditions.push_back(condition);
    const auto answers = send({made});
    EXPECT_EQ(answers[0].ok(), holds);
    if (!answers[0].ok()) {
      EXPECT_EQ(answers[0].error().code, Code::kConflict);
    }
    hit(holds ? "condition held" : "condition refused");
  }

  std::optional<Seq> some_event() {
    for (int i = 0; i < 20; ++i) {
      const Seq seq = random_.below(model_.size());
      if (model_.at(seq).own) return seq;
    }
    return std::nullopt;
  }

  void send_again() {
    const auto seq = some_event();
    if (!seq) return;
    const auto answer = send({model_.at(*seq).draft}).front();
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->seq, *seq);
    EXPECT_EQ(answer->durability, Durability::kDuplicate);
    hit("sent again");
  }

  void same_id_other_event() {
    const auto seq = some_event();
    if (!seq) return;
    Draft other = draft();
    other.id = model_.at(*seq).draft.id;
    const auto answer = submit_and_wait(*writer_, other);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, Code::kConflict);
    hit("id taken");
  }

  void reopen() {
    close();
    open();
    hit("reopened");
  }

  // One or more operations fail while events come in, then the command is started again.
  void fail_disk() {
    Fault fault;
    fault.kind = random_.below(2) == 0 ? FaultKind::kIoError : FaultKind::kNoSpace;
    fault.bytes = static_cast<FaultBytes>(random_.below(3));
    fault.lasting = random_.below(2) == 0;
    fault.at = 1 + random_.below(6);
    break_with(fault, "disk failed");
    disk_.disarm();
    after_break();
  }

  void lose_power() {
    Fault fault;
    fault.kind = FaultKind::kPowerLoss;
    fault.at = 1 + random_.below(6);
    break_with(fault, "power lost");
    writer_.reset();
    disk_.lose_power(db(), random_.below(2) == 0 ? Unsynced::kLost : Unsynced::kTorn);
    if (random_.below(3) == 0 && !old_head_.empty()) restore_old_head();
    after_break();
  }

  void break_with(const Fault& fault, const std::string& what) {
    std::vector<Draft> drafts(1 + random_.below(4));
    for (Draft& one : drafts) one = draft();
    disk_.arm(fault);
    // Sometimes the fault meets an opening and not a commit.
    if (random_.below(4) == 0) {
      writer_.reset();
      auto writer = open_writer(home_.home(), options());
      if (writer.ok()) {
        writer_ = std::move(*writer);
      } else {
        EXPECT_NE(writer.error().code, Code::kInternal) << writer.error().message;
        hit("opening refused");
      }
    }
    for (int i = 0; i < 3 && writer_ != nullptr; ++i) {
      for (const auto& answer : send(drafts)) {
        if (!answer.ok()) {
          EXPECT_NE(answer.error().code, Code::kInternal) << answer.error().message;
        }
      }
    }
    if (!disk_.hit().empty()) hit(what);
    if (writer_ != nullptr && writer_->broken()) hit("stopped in doubt");
  }

  void after_break() {
    writer_.reset();
    open();
    const std::size_t doubts = promises_.in_doubt();
    ASSERT_NE(writer_, nullptr);
    adopt();
    if (doubts > 0 && recorded_in_doubt_ > 0) hit("doubt was recorded");
    if (doubts > recorded_in_doubt_) hit("doubt was not recorded");
    // Whoever is in doubt sends again.
    for (const Draft& open_draft : promises_.open_drafts()) {
      if (!open_draft.conditions.empty()) continue;
      const auto answers = send({open_draft});
      ASSERT_TRUE(answers[0].ok()) << answers[0].error().message;
    }
  }

  // The copy is not synced each time: a power loss may bring an older one back, or spoil a slot.
  void lose_head_copy() {
    close();
    const Bytes now = *read_file(head(), 1 << 20);
    if (random_.below(3) == 0 && !old_head_.empty()) {
      restore_old_head();
    } else if (random_.below(2) == 0) {
      Bytes spoiled = now;
      spoiled[random_.below(spoiled.size())] ^= 0x10;
      ASSERT_TRUE(write_file_durably(head(), spoiled, 0600).ok());
      hit("head copy spoiled");
    }
    old_head_ = now;
    open();
  }
  void restore_old_head() {
    ASSERT_TRUE(write_file_durably(head(), old_head_, 0600).ok());
    hit("head copy older");
  }

  // Reads what the model does not know yet: events in doubt that were recorded, and the
  // ledger's own. Anything else there, or anything less, is wrong.
  void adopt() {
    recorded_in_doubt_ = 0;
    std::map<EventId, Draft> in_doubt;
    for (const Draft& open_draft : promises_.open_drafts()) in_doubt[open_draft.id] = open_draft;
    auto reader = open_reader(home_.home().ledger());
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    const Seq size = (*reader)->head().checkpoint.size;
    ASSERT_GE(size, model_.size()) << "acknowledged events are lost";
    const Status scanned = (*reader)->scan(0, size, [&](Seq seq, const Bytes& bytes) {
      const schema::Entry* entry = *parse_entry(bytes);
      const bool ledgers_own = entry->type() != event_no<schema::AuditRead>();
      const EventId id = event_id_of(*entry);
      if (seq >= model_.size()) {
        if (ledgers_own) {
          model_.place_ledgers_own();
        } else if (in_doubt.count(id) != 0) {
          model_.place(seq, in_doubt[id]);
          ++recorded_in_doubt_;
        } else {
          ADD_FAILURE() << "event " << seq << " came from nowhere";
        }
      } else {
        EXPECT_EQ(ledgers_own, !model_.at(seq).own) << "event " << seq;
        if (model_.at(seq).own) {
          EXPECT_EQ(id, model_.at(seq).draft.id) << "event " << seq;
        }
      }
      return !testing::Test::HasFailure();
    });
    EXPECT_TRUE(scanned.ok());
    hit("scanned");
  }

  void read_some() {
    auto reader = open_reader(home_.home().ledger());
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    if (const auto seq = some_event()) {
      const auto bytes = (*reader)->entry(*seq);
      ASSERT_TRUE(bytes.ok()) << bytes.error().message;
      EXPECT_EQ(event_id_of(**parse_entry(*bytes)), model_.at(*seq).draft.id);
      hit("read one");
    }
    const std::string asked = tag();
    std::vector<Seq> expected = model_.tagged(asked);
    std::vector<Seq> found;
    const Status walked = (*reader)->history(asked, [&](Seq seq, const Bytes&) {
      found.push_back(seq);
      return true;
    });
    EXPECT_TRUE(walked.ok() || expected.empty());
    EXPECT_EQ(found, std::vector<Seq>(expected.rbegin(), expected.rend())) << asked;
    hit("read a tag");
  }

  // Two appenders; the one that writes leaves, the other goes on.
  void take_over() {
    close();
    AppenderOptions shared;
    shared.store.env = disk_.env();
    shared.epoch_events_max = 5 + random_.below(200);
    auto first = open_appender(home_.home(), shared);
    auto second = open_appender(home_.home(), shared);
    ASSERT_TRUE(first.ok() && second.ok());
    for (Appender* appender : {first->get(), second->get()}) {
      const Draft made = draft();
      const auto answer = appender->append(made);
      EXPECT_TRUE(answer.ok());
      file(made, answer);
    }
    EXPECT_TRUE((*first)->close().ok());
    const Draft made = draft();
    const auto answer = (*second)->append(made);
    EXPECT_TRUE(answer.ok());
    file(made, answer);
    EXPECT_TRUE((*second)->close().ok());
    open();
    hit("taken over");
  }

  SeededRandom random_;
  LedgerHome home_;
  FaultFs disk_;
  std::unique_ptr<Writer> writer_;
  std::optional<VerifierKey> key_;
  Model model_;
  Promises promises_;
  Bytes old_head_;
  std::uint64_t number_ = 0;
  std::size_t recorded_in_doubt_ = 0;
  std::map<std::string, int> hits_;
};

constexpr int kSteps = 500;
constexpr int kStepsOfALedger = 250;

struct MustHit {
  const char* what;
  int times;
};
constexpr MustHit kMustHit[] = {
    {"appended", 30},          {"batch", 10},
    {"filled a bundle", 2},    {"condition held", 5},
    {"condition refused", 5},  {"sent again", 8},
    {"id taken", 8},           {"reopened", 8},
    {"disk failed", 10},       {"power lost", 10},
    {"opening refused", 2},    {"stopped in doubt", 10},
    {"doubt was recorded", 2}, {"doubt was not recorded", 2},
    {"head copy older", 3},    {"head copy spoiled", 2},
    {"scanned", 20},           {"read one", 5},
    {"read a tag", 5},         {"taken over", 5},
    {"verified", 5},           {"several epochs", 2},
};

TEST(Model, RandomLivesAgreeWithTheModel) {
  const TemporaryFilesInMemory memory;
  const char* const seconds = std::getenv("PHANTOM_MODEL_SECONDS");
  const char* const chosen = std::getenv("PHANTOM_MODEL_SEED");
  std::uint64_t seed = 1;
  if (seconds != nullptr) system_random().fill({reinterpret_cast<std::uint8_t*>(&seed), 4});
  if (chosen != nullptr) seed = std::strtoull(chosen, nullptr, 10);
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::seconds(seconds == nullptr ? 0 : std::atoll(seconds));
  std::map<std::string, int> hits;
  std::uint64_t steps = 0;
  Seq events = 0;
  while (steps < kSteps || std::chrono::steady_clock::now() < until) {
    SCOPED_TRACE("PHANTOM_MODEL_SEED=" + std::to_string(seed));
    ModelRun run(seed);
    for (int i = 0; i < kStepsOfALedger && !HasFailure(); ++i, ++steps) run.step();
    if (!HasFailure()) run.compare_whole();
    ASSERT_FALSE(HasFailure());
    for (const auto& [what, count] : run.hits()) hits[what] += count;
    events += run.size();
    ++seed;
  }
  for (const MustHit& wanted : kMustHit) {
    EXPECT_GE(hits[wanted.what], wanted.times) << wanted.what;
  }
  std::printf("%llu steps, %llu events, seeds up to %llu\n", static_cast<unsigned long long>(steps),
              static_cast<unsigned long long>(events), static_cast<unsigned long long>(seed));
  if (HasFailure()) {
    for (const auto& [what, count] : hits) std::printf("%6d %s\n", count, what.c_str());
  }
}

}  // namespace
}  // namespace phantom::test
