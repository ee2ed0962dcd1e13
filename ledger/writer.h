#pragma once
// The one process that appends. Holds the lease, opens the store, commits in groups on one thread.
//
// Invariants: a checkpoint is signed once per commit and released only after its commit is synced;
// after a failed or uncertain sync nothing more is written until the ledger is reopened (latched).

#include "events/clock.h"
#include "events/random.h"
#include "ledger/head_guard.h"
#include "ledger/home.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/sequencer.h"
#include "ledger/signer.h"
#include "ledger/store.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
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
  rocksdb::Env* env = nullptr;  // fault injection below the store
};

class Writer {
 public:
  // Opens the ledger for writing and repairs the head copy. kCorrupt with both notes as evidence
  // when store and head copy contradict; kNotFound when a key is missing.
  static Result<std::unique_ptr<Writer>> open(const Home& home, Lease lease,
                                              const WriterOptions& options);

  // Never blocks. `done` is called once: at once with kLimit or kClosed, else on the commit thread.
  void submit(Submission submission);

  // The newest published checkpoint.
  SignedCheckpoint head() const;
  const std::string& origin() const { return sequencer_.origin(); }
  bool broken() const;

  // Commits what was accepted, then closes the store and lets the lease go.
  Status close();
  ~Writer();

 private:
  Writer(const Home& home, Lease lease, const WriterOptions& options, std::unique_ptr<Store> store,
         Sequencer sequencer, HeadGuard guard, Signer log_key, Signer epoch_key);

  void run();
  void commit(std::vector<Submission> batch);
  Status try_commit(std::vector<Submission>& batch, std::vector<Result<Receipt>>& results);
  Status check_surroundings() const;
  void rotate_epoch_when_due();
  Status start_epoch();
  std::string sign(const Checkpoint& checkpoint) const;

  Home home_;
  LedgerFiles files_;
  WriterOptions options_;
  std::optional<Lease> lease_;
  std::unique_ptr<Store> store_;
  Sequencer sequencer_;  // commit thread only
  HeadGuard guard_;      // commit thread only
  Signer log_key_;
  Signer epoch_key_;         // commit thread only
  std::uint64_t epoch_ = 1;  // commit thread only
  Seq epoch_since_ = 0;      // commit thread only

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Submission> queue_;          // guarded by mutex_
  std::optional<SignedCheckpoint> head_;  // guarded by mutex_
  std::optional<Error> latched_;          // guarded by mutex_
  bool stopping_ = false;                 // guarded by mutex_
  std::thread thread_;
};

// Signs a checkpoint: log key first, epoch key second.
std::string sign_checkpoint(const Checkpoint& checkpoint, const Signer& log_key,
                            const Signer& epoch_key);

// The newest checkpoint in the store; none when it holds no commit.
Result<std::optional<SignedCheckpoint>> read_head(const Store& store);

}  // namespace phantom
