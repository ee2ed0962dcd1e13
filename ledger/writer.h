#pragma once
// The one process that appends. Holds the lease, opens the store, commits in groups. A commit runs
// on the thread that asks for it, when none is running; what comes meanwhile waits for the next
// one.
//
// Invariants: a checkpoint is signed once per commit and released only after its commit is synced;
// after a failed or uncertain sync nothing more is written until the ledger is reopened (latched).

#include "events/clock.h"
#include "events/random.h"
#include "ledger/epoch_change.h"
#include "ledger/head_guard.h"
#include "ledger/home.h"
#include "ledger/key_files.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/reserve.h"
#include "ledger/sequencer.h"
#include "ledger/signer.h"
#include "ledger/store.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

namespace phantom {

struct WriterOptions {
  const Clock* clock = &system_clock();
  Random* random = &system_random();
  std::size_t queue_events_max = 8'192;
  std::size_t batch_events_max = 4'096;
  std::size_t batch_bytes_max = 1 << 20;
  // Events an epoch key signs for before the next one takes over.
  std::uint64_t epoch_events_max = 65'536;
  // Below this much free space nothing is accepted: RocksDB needs room to stay whole.
  std::uint64_t free_bytes_min = 16 << 20;
  // Opens sealed key files; without one they give kDenied. Outlives the writer.
  KeyUnlock* unlock = nullptr;
  StoreOptions store;
};

class Writer {
 public:
  // Opens the ledger for writing and repairs the head copy. kCorrupt with both notes as evidence
  // when store and head copy contradict; kNotFound when a key is missing.
  static Result<std::unique_ptr<Writer>> open(const Home& home, Lease lease,
                                              const WriterOptions& options);

  // Never blocks. `done` is called once: at once with kLimit or kClosed, else on a thread that
  // commits. It must not call the writer.
  void submit(Submission submission);
  // Commits these, together with what was submitted before, on this thread. Every `done` has been
  // called when it returns.
  void commit_now(std::vector<Submission> batch);
  // One event, durable or refused when it returns; on this thread if no commit is running.
  Result<Receipt> append(Draft draft);

  // One event that only the writer itself may record; as append() otherwise.
  Result<Receipt> append_own(Draft draft);
  // Writes rows that no commit makes, as one synced batch. No commit runs meanwhile. An error of
  // `next` changes nothing; one of the write latches, as a failed commit does.
  using MakeChanges = std::function<Result<RowChanges>(const RowSource& rows, std::uint64_t size)>;
  Status rewrite(const MakeChanges& next);
  // Lets the store drop what was deleted. Long, and no commit runs meanwhile.
  Status compact();

  // The newest published checkpoint.
  SignedCheckpoint head() const;
  const std::string& origin() const { return sequencer_.origin(); }
  bool broken() const;

  // Commits what was accepted, then closes the store and lets the lease go.
  Status close();
  ~Writer();

 private:
  Writer(const Home& home, Lease lease, const WriterOptions& options, std::unique_ptr<Store> store,
         Sequencer sequencer, HeadGuard guard, KeyFiles keys, Signer log_key, SigningEpoch epoch);

  using CommitLock = std::unique_lock<std::mutex>;  // of commit_mutex_

  void run();
  CommitLock wait_for_commit();
  // Queued submissions, then `batch`. False when the writer is stopping: `batch` is as it was.
  bool take_queued(std::vector<Submission>& all, std::vector<Submission>& batch);
  void commit_all(std::vector<Submission> batch, CommitLock& committing);
  void commit(std::span<Submission> batch, CommitLock& committing);
  Status try_commit(std::span<Submission> batch, std::vector<Result<Receipt>>& results,
                    CommitLock* committing);
  Status commit_checked(std::span<Submission> batch, std::vector<Result<Receipt>>& results,
                        CommitLock* committing);
  Status write(Sequencer::Prepared& prepared, std::string note);
  Status check_surroundings();
  void say_last_words(std::uint64_t free_bytes);
  Result<std::string> sign(const Checkpoint& checkpoint);
  void rotate_epoch_when_due();

  Home home_;
  LedgerFiles files_;
  WriterOptions options_;
  std::optional<Lease> lease_;
  std::unique_ptr<Store> store_;

  // A commit is worked out under commit_mutex_ and written under write_mutex_, which it takes
  // before it lets go of the first: commits are written in the order of their numbers. While a big
  // one is written the next one is worked out. Order: commit_mutex_, write_mutex_, mutex_.
  std::mutex commit_mutex_;
  std::mutex write_mutex_;
  std::atomic<int> committers_waiting_{0};  // for commit_mutex_, and willing to take others' events
  Sequencer sequencer_;                     // guarded by commit_mutex_, but for origin()
  HeadGuard guard_;                         // guarded by write_mutex_
  KeyFiles keys_;                           // guarded by commit_mutex_
  Signer log_key_;                          // guarded by commit_mutex_
  SigningEpoch epoch_;                      // guarded by commit_mutex_
  DiskReserve reserve_;                     // guarded by commit_mutex_
  bool keys_proven_ = false;  // guarded by commit_mutex_; a signature of each has been checked

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Submission> queue_;          // guarded by mutex_
  std::optional<SignedCheckpoint> head_;  // guarded by mutex_
  std::optional<Error> latched_;          // guarded by mutex_
  bool stopping_ = false;                 // guarded by mutex_
  std::thread thread_;                    // commits what was submitted
};

// Signs a checkpoint: log key first, epoch key second.
std::string sign_checkpoint(const Checkpoint& checkpoint, const Signer& log_key,
                            const Signer& epoch_key);

// The newest checkpoint in the store; none when it holds no commit.
Result<std::optional<SignedCheckpoint>> read_head(const Store& store);

}  // namespace phantom
