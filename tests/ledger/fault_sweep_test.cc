// Goal: whichever operation on a file fails, however, and wherever the power goes, the ledger
// keeps its word: what it acknowledged is there once, what it refused is not, and it verifies.
// Method: one short life of a ledger is run again and again; each time another file operation of
// the storage engine is made to fail, to tear, to lie, or to be the last before a power loss.
//
// PHANTOM_SWEEP_STEP=1 takes every operation; the default takes every 41st of each kind of fault,
// beginning at another one for each.

#include "ledger/appender.h"
#include "ledger/layout.h"
#include "tests/support/ledger_fault_fs.h"
#include "tests/support/ledger_home.h"
#include "tests/support/ledger_promises.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace phantom::test {
namespace {

// Ends the process with the name of what hangs.
class Watchdog {
 public:
  explicit Watchdog(std::string what)
      : thread_([this, what = std::move(what)] {
          std::unique_lock lock(mutex_);
          // In short waits, since a virtual machine that stood still makes one long one.
          for (int i = 0; i < 90; ++i) {
            if (done_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; })) return;
          }
          std::fprintf(stderr, "no end: %s\n", what.c_str());
          std::abort();
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    done_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool over_ = false;
  std::thread thread_;
};

// A ledger's life above a disk that may fail. Goes on where it can after a failure, as a user
// would who starts the command again.
class Life {
 public:
  Home home() const { return home_.home(); }
  // Where it is made until it is complete, then where it is.
  std::filesystem::path db() const {
    return LedgerFiles{created() ? home().ledger() : home().root / "ledger.new"}.db();
  }

  // Everything; the operations it takes are what a sweep goes through.
  void run() {
    create();
    session(2, 20);
    session(2, 240);  // fills a bundle, and the epoch key's share
    // Short runs leave logs behind; one of these openings moves them into a table.
    for (int i = 0; i < 9; ++i) session(1, 0);
  }

  bool create() {
    AppenderOptions options;
    options.store.env = disk.env();
    Context context;
    context.component = "test";
    const auto created = create_ledger(home(), context, options);
    if (created.ok()) key = parse_verifier_key(created->vkey).value();
    if (!created.ok()) note(created.error());
    return created.ok() || created.error().code == Code::kExists;
  }

  // Sends again what is open, then `singles` events one by one and `batch` at once.
  bool session(int singles, int batch) {
    WriterOptions options;
    options.store.env = disk.env();
    options.epoch_events_max = 100;
    auto writer = open_writer(home(), options);
    if (!writer.ok()) {
      note(writer.error());
      return false;
    }
    send(**writer, promises.open_drafts());
    for (int i = 0; i < singles; ++i) send(**writer, {identified_draft(++sent_)});
    std::vector<Draft> drafts;
    for (int i = 0; i < batch; ++i) drafts.push_back(identified_draft(++sent_));
    send(**writer, drafts);
    if (const Status closed = (*writer)->close(); !closed.ok()) note(closed.error());
    return promises.open_drafts().empty();
  }

  VerifyReport verify() const {
    VerifyOptions options;
    options.ledger = home().ledger();
    options.key = key;
    return verify_ledger(options);
  }
  bool created() const { return std::filesystem::exists(home().ledger()); }

  FaultFs disk;
  Promises promises;
  std::optional<VerifierKey> key;
  std::string last_error;

 private:
  void send(Writer& writer, const std::vector<Draft>& drafts) {
    const auto answers = submit_all(writer, drafts);
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      promises.answered(drafts[i], answers[i]);
      if (!answers[i].ok()) note(answers[i].error());
    }
  }
  // An error must name what happened and never be our own fault.
  void note(const Error& error) {
    last_error = error.message;
    EXPECT_FALSE(error.message.empty());
    EXPECT_NE(error.code, Code::kInternal) << error.message;
  }

  LedgerHome home_;
  std::uint64_t sent_ = 0;
};

std::string verdict_of(const VerifyReport& report) {
  std::string text = report.verdict == Verdict::kVerified ? "verified" : "not verified";
  for (const Check& check : report.checks) {
    if (check.state == CheckState::kFail || check.state == CheckState::kIndeterminate) {
      text += "; " + check.id + ": " + check.reason;
    }
  }
  return text;
}

// The same, but for a manifest whose last record a power loss tore: nothing contradicts, and the
// next opening writes a new one.
std::string verdict_after_power_loss(const VerifyReport& report) {
  const std::string text = verdict_of(report);
  const bool torn = text.find("; files: ") == std::string("not verified").size() &&
                    text.ends_with("after a power loss the next append repairs it");
  return torn && report.exit_code == 3 ? "verified" : text;
}

// The disk works again: everything must be as promised, stay so, and survive a power loss too.
void expect_recovery(Life& life, Unsynced unsynced) {
  ASSERT_TRUE(life.created() || life.create()) << life.last_error;
  ASSERT_TRUE(life.key || life.create()) << life.last_error;
  ASSERT_TRUE(life.session(1, 0)) << life.last_error;
  EXPECT_EQ(life.promises.broken(life.home()), "");
  EXPECT_EQ(verdict_of(life.verify()), "verified");

  life.disk.lose_power(life.db(), unsynced);
  EXPECT_EQ(life.promises.broken(life.home()), "") << "after a power loss";
  EXPECT_EQ(verdict_after_power_loss(life.verify()), "verified") << "after a power loss";
  ASSERT_TRUE(life.session(1, 0)) << life.last_error;
  EXPECT_EQ(life.promises.broken(life.home()), "");
  EXPECT_EQ(verdict_of(life.verify()), "verified");
}

struct Kind {
  const char* name;
  Fault fault;
  Unsynced unsynced = Unsynced::kLost;
};

std::vector<Kind> kinds() {
  std::vector<Kind> all;
  for (const bool lasting : {false, true}) {
    for (const FaultBytes bytes : {FaultBytes::kKept, FaultBytes::kLost, FaultBytes::kTorn}) {
      const Unsynced unsynced = bytes == FaultBytes::kTorn ? Unsynced::kTorn : Unsynced::kLost;
      all.push_back({"EIO", {FaultKind::kIoError, bytes, 1, lasting}, unsynced});
      all.push_back({"ENOSPC", {FaultKind::kNoSpace, bytes, 1, lasting}, unsynced});
    }
  }
  all.push_back({"power loss", {FaultKind::kPowerLoss}, Unsynced::kLost});
  all.push_back({"power loss, torn", {FaultKind::kPowerLoss}, Unsynced::kTorn});
  return all;
}

std::uint64_t step() {
  const char* text = std::getenv("PHANTOM_SWEEP_STEP");
  const std::uint64_t wanted = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  return wanted == 0 ? 41 : wanted;
}

std::string describe(const Kind& kind) {
  const char* const bytes[] = {"kept", "lost", "torn"};
  return std::string(kind.name) + ", bytes " + bytes[static_cast<int>(kind.fault.bytes)] +
         (kind.fault.lasting ? ", from" : ", at") + " operation " + std::to_string(kind.fault.at);
}

std::uint64_t operations_of_a_life() {
  Life life;
  life.run();
  EXPECT_EQ(life.last_error, "");
  EXPECT_EQ(verdict_of(life.verify()), "verified");
  for (const FileOp op : {FileOp::kCreate, FileOp::kOpen, FileOp::kAppend, FileOp::kSync,
                          FileOp::kDirectorySync, FileOp::kRename, FileOp::kDelete}) {
    EXPECT_GT(life.disk.operations(op), 0U) << "kind of operation " << static_cast<int>(op);
  }
  return life.disk.operations();
}

TEST(FaultSweep, EveryFailureAndPowerLossKeepsWhatWasPromised) {
  const TemporaryFilesInMemory memory;
  const std::uint64_t operations = operations_of_a_life();
  std::uint64_t runs = 0;
  std::uint64_t doubts = 0;
  std::uint64_t offset = 0;
  for (Kind kind : kinds()) {
    for (std::uint64_t at = 1 + offset++ * 5 % step(); at <= operations; at += step()) {
      kind.fault.at = at;
      SCOPED_TRACE(describe(kind));
      const Watchdog watchdog(describe(kind));
      Life life;
      life.disk.arm(kind.fault);
      life.run();
      SCOPED_TRACE(life.disk.hit());
      doubts += life.promises.in_doubt();
      if (kind.fault.kind == FaultKind::kPowerLoss) {
        life.disk.lose_power(life.db(), kind.unsynced);
        if (life.created()) {
          EXPECT_EQ(life.promises.broken(life.home()), "");
          EXPECT_EQ(verdict_after_power_loss(life.verify()), "verified");
        }
      }
      life.disk.disarm();
      expect_recovery(life, kind.unsynced);
      ++runs;
      if (testing::Test::HasFailure()) return;
    }
  }
  std::printf("%llu runs over %llu operations, %llu events in doubt\n",
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(operations),
              static_cast<unsigned long long>(doubts));
}

TEST(FaultSweep, DiskThatLiesAboutSyncsIsFoundOut) {
  const TemporaryFilesInMemory memory;
  const std::uint64_t operations = operations_of_a_life();
  int found_out = 0;
  for (std::uint64_t at = 1; at <= operations; at += step()) {
    Kind kind{"lie", {FaultKind::kLie, FaultBytes::kLost, at, true}};
    SCOPED_TRACE(describe(kind));
    const Watchdog watchdog(describe(kind));
    Life life;
    life.disk.arm(kind.fault);
    life.run();
    EXPECT_EQ(life.last_error, "") << "a lie is not noticed when it is told";
    life.disk.lose_power(life.db(), Unsynced::kLost);
    const bool kept = life.promises.broken(life.home()).empty();
    if (kept) continue;
    ++found_out;
    EXPECT_NE(life.verify().verdict, Verdict::kVerified);
    // Nor may a writer go on as if nothing had happened.
    const auto writer = open_writer(life.home());
    if (writer.ok()) {
      EXPECT_TRUE((*writer)->close().ok());
      EXPECT_NE(life.verify().verdict, Verdict::kVerified);
    } else {
      EXPECT_NE(writer.error().code, Code::kInternal) << writer.error().message;
      EXPECT_FALSE(writer.error().message.empty());
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(found_out, 0);
}

// A process dies between the write of a commit and its sync. Its successor reads the commit from
// the page cache, tells the submitter who sends it again that it is recorded, and goes on in a
// log of its own. The power loss then takes the dead process's page, and nothing else.
TEST(FaultSweep, CommitThatADeadProcessNeverSyncedIsDurableBeforeItIsBuiltOn) {
  const TemporaryFilesInMemory memory;
  for (const FaultBytes bytes : {FaultBytes::kKept, FaultBytes::kLost, FaultBytes::kTorn}) {
    Life life;
    ASSERT_TRUE(life.create());
    Fault fault;
    fault.op = FileOp::kSync;
    fault.name_end = ".log";
    fault.bytes = bytes;
    life.disk.arm(fault);
    EXPECT_FALSE(life.session(1, 0));
    ASSERT_EQ(life.promises.in_doubt(), 1U);
    life.disk.disarm();
    ASSERT_TRUE(life.session(1, 0)) << life.last_error;
    life.disk.lose_power(life.db(), Unsynced::kLost);
    EXPECT_EQ(life.promises.broken(life.home()), "");
    EXPECT_EQ(verdict_of(life.verify()), "verified");
  }
}

}  // namespace
}  // namespace phantom::test
