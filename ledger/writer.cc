#include "ledger/writer.h"

#include "events/diag.h"
#include "events/encoding.h"
#include "ledger/lifecycle_events.h"
#include "ledger/point.h"
#include "ledger/quiet_threads.h"
#include "ledger/rows.h"

#include <future>
#include <iterator>

namespace phantom {
namespace {

// What the store and the copy of its head say together; anything but an error may be opened.
Status decide(const HeadComparison& comparison) {
  const char* const kKeep = "keep the directory as evidence and run 'phantom audit verify'";
  switch (comparison.verdict) {
    case HeadVerdict::kEqual:
    case HeadVerdict::kStoreAhead:
    case HeadVerdict::kOnlyStore:
      return {};
    case HeadVerdict::kStoreBehind:
      return Error{Code::kCorrupt,
                   "the ledger was rolled back: the store is older than its head copy\n" +
                       comparison.evidence,
                   kKeep};
    case HeadVerdict::kForked:
      return Error{Code::kCorrupt, "the ledger has two histories\n" + comparison.evidence, kKeep};
    case HeadVerdict::kOnlyHead:
      return Error{Code::kCorrupt,
                   "the store is empty, but its head copy is not\n" + comparison.evidence, kKeep};
    case HeadVerdict::kNeither:
      return Error{Code::kNotFound, "there is no ledger here", "run 'phantom ledger init'"};
  }
  return Error{Code::kInternal, "head comparison"};
}

Status compare_with_copy(const Store& store, const std::optional<SignedCheckpoint>& head,
                         const HeadFile& copy) {
  std::optional<Digest> root;
  if (head && copy.newest && copy.newest->checkpoint.size <= head->checkpoint.size &&
      copy.newest->checkpoint.size > 0) {
    const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
      return read_node(store, head->checkpoint.size, height, index);
    };
    PH_ASSIGN(root, root_at(nodes, copy.newest->checkpoint.size));
  }
  return decide(compare_heads(head, copy.newest, root));
}

}  // namespace

std::string sign_checkpoint(const Checkpoint& checkpoint, const Signer& log_key,
                            const Signer& epoch_key) {
  const std::string text = checkpoint.text();
  std::string note = text + "\n";
  for (const Signer* signer : {&log_key, &epoch_key}) {
    note += signature_line(signer->verifier_key(), signer->sign(as_bytes(text)));
  }
  return note;
}

Result<std::optional<SignedCheckpoint>> read_head(const Store& store) {
  PH_ASSIGN(const auto row, last_row(store, rows::kCommit));
  if (!row) return std::optional<SignedCheckpoint>();
  PH_ASSIGN(SignedCheckpoint head, parse_checkpoint(row->second));
  if (rows::commit(head.checkpoint.size) != row->first) {
    return Error{Code::kCorrupt, "the newest commit row has the wrong key"};
  }
  return std::optional(std::move(head));
}

Result<std::unique_ptr<Writer>> Writer::open(const Home& home, Lease lease,
                                             const WriterOptions& options) {
  const LedgerFiles files{home.ledger()};
  PH_ASSIGN(std::unique_ptr<Store> store, Store::open(files.db(), options.store));
  PH_POINT("open.store_opened");
  PH_ASSIGN(const auto format, store->get(rows::meta("format")));
  if (format && !rows::is_known_format(*format)) {
    return Error{Code::kUnsupported,
                 "the ledger has format " + escape_terminal(*format) + ", this phantom writes " +
                     std::string(rows::kFormat) + " and " + std::string(rows::kPrunedFormat),
                 "an older one: run 'phantom ledger upgrade'; a newer one: use a newer phantom"};
  }
  PH_ASSIGN(std::optional<SignedCheckpoint> head, read_head(*store));

  HeadFile copy;
  auto read = read_head_file(files.head());
  if (read.ok()) {
    copy = std::move(*read);
  } else if (read.error().code != Code::kNotFound) {
    return std::move(read.error());
  }
  PH_TRY(compare_with_copy(*store, head, copy));
  PH_ASSIGN(Sequencer sequencer, Sequencer::load(*store, head->checkpoint));

  const auto missing_key = [](Error error) {
    if (error.code == Code::kNotFound)
      error.hint = "restore the keys directory; events cannot be signed without it";
    return error;
  };
  KeyFiles keys(home.keys(), options.unlock);
  PH_TRY(keys.finish_replacing());
  auto log_key = keys.load(log_key_file(home.keys()));
  if (!log_key.ok()) return missing_key(std::move(log_key.error()));
  if (log_key->verifier_key().name != head->checkpoint.origin ||
      check_note(head->note, log_key->verifier_key()) != NoteCheck::kGood) {
    return Error{Code::kCorrupt, "keys/log.key did not sign this ledger's newest checkpoint",
                 "the ledger or the keys directory belongs to another installation"};
  }
  auto epoch = open_epoch(*store, head->checkpoint.size, keys);
  if (!epoch.ok()) return missing_key(std::move(epoch.error()));

  const bool head_file_there = read.ok() && !(copy.damaged && !copy.newest);
  PH_ASSIGN(HeadGuard guard, head_file_there ? HeadGuard::open(files.head(), copy.generation)
                                             : HeadGuard::create(files.head()));
  const bool current = copy.newest && copy.newest->checkpoint == head->checkpoint && !copy.damaged;
  if (!current) {
    // The copy is written after the sync. What it does not know may have been read from memory
    // only, and a power loss would take it from under what is built on it now.
    PH_TRY(store->flush());
    // Both slots, so that a damaged one is mended.
    PH_TRY(guard.publish(head->note));
    PH_TRY(guard.publish(head->note));
    PH_TRY(guard.sync());
    PH_POINT("open.head_repaired");
    diag::info("repaired the head copy");
  }

  std::unique_ptr<Writer> writer(new Writer(home, std::move(lease), options, std::move(store),
                                            std::move(sequencer), std::move(guard), std::move(keys),
                                            std::move(*log_key), std::move(*epoch)));
  writer->head_ = std::move(head);
  const QuietThreads quiet;
  writer->thread_ = std::thread([raw = writer.get()] { raw->run(); });
  return writer;
}

Writer::Writer(const Home& home, Lease lease, const WriterOptions& options,
               std::unique_ptr<Store> store, Sequencer sequencer, HeadGuard guard, KeyFiles keys,
               Signer log_key, SigningEpoch epoch)
    : home_(home),
      files_{home.ledger()},
      options_(options),
      lease_(std::move(lease)),
      store_(std::move(store)),
      sequencer_(std::move(sequencer)),
      guard_(std::move(guard)),
      keys_(std::move(keys)),
      log_key_(std::move(log_key)),
      epoch_(std::move(epoch)),
      reserve_(DiskReserve::open(files_.reserve(), options_.free_bytes_min)) {}

Writer::~Writer() {
  if (const Status closed = close(); !closed.ok()) diag::warn(closed.error().message);
}

void Writer::submit(Submission submission) {
  std::optional<Error> refusal;
  {
    const std::lock_guard lock(mutex_);
    if (latched_) {
      refusal = *latched_;
    } else if (stopping_) {
      refusal = Error{Code::kClosed, "the ledger is closing"};
    } else if (queue_.size() >= options_.queue_events_max) {
      refusal = Error{Code::kLimit, "too many events are waiting to be recorded", "try again"};
    } else {
      queue_.push_back(std::move(submission));
    }
  }
  if (refusal) {
    submission.done(std::move(*refusal));
  } else {
    wake_.notify_one();
  }
}

bool Writer::take_queued(std::vector<Submission>& all, std::vector<Submission>& batch) {
  const std::lock_guard lock(mutex_);
  if (stopping_ && !batch.empty()) return false;
  if (queue_.empty()) {
    all = std::move(batch);
    return true;
  }
  all.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
  queue_.clear();
  all.insert(all.end(), std::make_move_iterator(batch.begin()),
             std::make_move_iterator(batch.end()));
  return true;
}

Writer::CommitLock Writer::wait_for_commit() {
  ++committers_waiting_;
  CommitLock committing(commit_mutex_);
  --committers_waiting_;
  return committing;
}

void Writer::commit_now(std::vector<Submission> batch) {
  std::vector<Submission> all;
  CommitLock committing = wait_for_commit();
  if (take_queued(all, batch)) return commit_all(std::move(all), committing);
  for (const Submission& late : batch) late.done(Error{Code::kClosed, "the ledger is closing"});
}

Result<Receipt> Writer::append(Draft draft) {
  std::promise<Result<Receipt>> promise;
  auto receipt = promise.get_future();
  std::vector<Submission> batch(1);
  batch[0] = {std::move(draft), std::nullopt,
              [&promise](Result<Receipt> result) { promise.set_value(std::move(result)); }};
  CommitLock committing(commit_mutex_, std::defer_lock);
  std::vector<Submission> all;
  // Whoever waits goes first and takes this event along: a caller that appends without a pause
  // would otherwise keep everybody out.
  if (committers_waiting_ > 0 || !committing.try_lock()) {
    submit(std::move(batch[0]));
  } else if (take_queued(all, batch)) {
    commit_all(std::move(all), committing);
  } else {
    return Error{Code::kClosed, "the ledger is closing"};
  }
  return receipt.get();
}

Result<Receipt> Writer::append_own(Draft draft) {
  draft.id = make_event_id(*options_.clock, *options_.random);
  draft.occurred_ns = options_.clock->wall_ns();
  draft.mono_ns = options_.clock->mono_ns();
  draft.boot_id = options_.clock->boot_id();
  Submission own{std::move(draft), std::nullopt, nullptr};
  std::vector<Result<Receipt>> results;
  CommitLock committing = wait_for_commit();
  PH_TRY(try_commit(std::span(&own, 1), results, nullptr));
  Result<Receipt> receipt = std::move(results[0]);
  rotate_epoch_when_due();
  return receipt;
}

Status Writer::rewrite(const MakeChanges& next) {
  const CommitLock committing = wait_for_commit();
  const std::lock_guard writing(write_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (latched_) return *latched_;
  }
  PH_TRY(check_surroundings());
  PH_ASSIGN(const RowChanges changes, next(*store_, sequencer_.size()));
  Status written = store_->commit(changes);
  if (written.ok()) return {};
  const std::lock_guard lock(mutex_);
  latched_ =
      Error{Code::kClosed, "the ledger stopped after a failed write: " + written.error().message,
            "end the process that holds the ledger; the next one starts it again"};
  return written;
}

Status Writer::compact() {
  const CommitLock committing = wait_for_commit();
  const std::lock_guard writing(write_mutex_);
  return store_->compact();
}

SignedCheckpoint Writer::head() const {
  const std::lock_guard lock(mutex_);
  return *head_;
}

bool Writer::broken() const {
  const std::lock_guard lock(mutex_);
  return latched_.has_value();
}

Status Writer::close() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  const std::scoped_lock all(commit_mutex_, write_mutex_);
  if (!store_) return {};
  Status synced = guard_.sync();
  Status closed = store_->close();
  PH_POINT("close.store_closed");
  store_.reset();
  lease_.reset();
  PH_TRY(std::move(closed));
  return synced;
}

// Commits what was submitted. It takes what is there and never waits for more, so that a single
// caller pays one sync and many callers share one.
void Writer::run() {
  {
    const std::lock_guard committing(commit_mutex_);
    rotate_epoch_when_due();  // a request that a crash left open
  }
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
    }
    CommitLock committing = wait_for_commit();
    std::vector<Submission> batch;
    std::vector<Submission> none;
    take_queued(batch, none);
    commit_all(std::move(batch), committing);
  }
}

// In commits of bounded size, so that no log record and no wait becomes long.
void Writer::commit_all(std::vector<Submission> batch, CommitLock& committing) {
  std::erase_if(batch, [](const Submission& submission) {
    Status allowed = check_not_reserved(submission.draft);
    if (!allowed.ok()) submission.done(std::move(allowed.error()));
    return !allowed.ok();
  });
  std::span<Submission> rest(batch);
  while (!rest.empty()) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (count < rest.size() && count < options_.batch_events_max &&
           bytes < options_.batch_bytes_max) {
      bytes += rest[count].draft.payload.size();
      ++count;
    }
    commit(rest.first(count), committing);
    rest = rest.subspan(count);
    if (!committing) committing.lock();
    rotate_epoch_when_due();
  }
}

void Writer::commit(std::span<Submission> batch, CommitLock& committing) {
  std::vector<Result<Receipt>> results;
  const Status status = try_commit(batch, results, &committing);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].done(status.ok() ? std::move(results[i]) : Result<Receipt>(status.error()));
  }
  PH_POINT("commit.acknowledged");
}

// With `committing` the lock is let go of while a big commit is written.
Status Writer::try_commit(std::span<Submission> batch, std::vector<Result<Receipt>>& results,
                          CommitLock* committing) {
  {
    const std::lock_guard lock(mutex_);
    if (latched_) return *latched_;
  }
  PH_TRY(check_surroundings());
  return commit_checked(batch, results, committing);
}

Status Writer::commit_checked(std::span<Submission> batch, std::vector<Result<Receipt>>& results,
                              CommitLock* committing) {
  const auto settle = [this] { const std::lock_guard writing(write_mutex_); };
  auto prepared = sequencer_.prepare(*store_, batch, options_.clock->wall_ns(), settle);
  if (!prepared.ok()) {
    sequencer_.abandon();
    return std::move(prepared.error());
  }
  results = std::move(prepared->results);
  if (prepared->added == 0) {
    settle();  // what a draft repeats may be in the commit that is being written
    const std::lock_guard lock(mutex_);
    return latched_ ? Status(*latched_) : Status();
  }
  PH_POINT("commit.prepared");

  auto note = sign(prepared->checkpoint);
  if (!note.ok()) {
    sequencer_.abandon();
    return std::move(note.error());
  }
  PH_POINT("commit.signed");
  sequencer_.adopt(*prepared);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (results[i].ok() && results[i]->durability == Durability::kSynced &&
        asks_to_end(batch[i].draft.type, batch[i].draft.payload, epoch_.number)) {
      epoch_.rotation_pending = true;
    }
  }

  const std::lock_guard writing(write_mutex_);
  // Small commits are worked out in no time, and waiting lets them become one.
  constexpr std::uint64_t kBigEvents = 512;
  if (committing != nullptr && prepared->added >= kBigEvents) committing->unlock();
  return write(*prepared, std::move(*note));
}

Status Writer::write(Sequencer::Prepared& prepared, std::string note) {
  {
    const std::lock_guard lock(mutex_);
    if (latched_) return *latched_;  // the commit before this one failed
  }
  prepared.changes.puts.emplace_back(rows::commit(prepared.checkpoint.size), note);

  // The commit point: entries, tree, tags and the signed checkpoint become durable together.
  if (Status written = store_->commit(prepared.changes); !written.ok()) {
    Error error = std::move(written.error());
    const std::lock_guard lock(mutex_);
    latched_ = Error{Code::kClosed,
                     "the ledger stopped after a failed write, and this event was not recorded: " +
                         error.message,
                     "end the process that holds the ledger; the next one starts it again"};
    error.message = "the event may or may not be recorded: " + error.message;
    if (error.hint.empty()) {
      error.hint = "start the command again; the ledger decides at its next start";
    }
    return error;
  }
  PH_POINT("commit.written");

  SignedCheckpoint head{prepared.checkpoint, std::move(note)};
  // The events are durable whatever happens to the copy; it is mended at the next start.
  if (const Status published = guard_.publish(head.note); !published.ok()) {
    diag::warn(published.error().message);
  }
  PH_POINT("commit.head_published");
  const std::lock_guard lock(mutex_);
  head_ = std::move(head);
  return {};
}

// A key whose signatures do not verify would be found by every reader, but too late.
Result<std::string> Writer::sign(const Checkpoint& checkpoint) {
  std::string note = sign_checkpoint(checkpoint, log_key_, epoch_.key);
  if (keys_proven_) return note;
  for (const Signer* signer : {&log_key_, &epoch_.key}) {
    if (check_note(note, signer->verifier_key()) != NoteCheck::kGood) {
      return Error{Code::kInternal, "a fresh signature does not verify; nothing was recorded"};
    }
  }
  keys_proven_ = true;
  return note;
}

// Nothing is accepted that could not be kept: a full disk, or a ledger somebody moved away under
// the open files, would take the record and lose it.
Status Writer::check_surroundings() {
  if (!lease_->still_there()) {
    return Error{Code::kIo,
                 "the ledger at " + files_.directory.string() + " was removed or replaced",
                 "put it back, then start the command again"};
  }
  const auto space = disk_space(files_.directory);
  if (!space) return {};
  switch (
      next_step(space->free_bytes, options_.free_bytes_min, DiskReserve::kBytes, reserve_.held())) {
    case ReserveStep::kAccept:
      return {};
    case ReserveStep::kRefill:
      if (const Status filled = reserve_.fill(); !filled.ok()) diag::warn(filled.error().message);
      return {};
    case ReserveStep::kLastWords:
      say_last_words(space->free_bytes);
      break;
    case ReserveStep::kRefuse:
      break;
  }
  return Error{
      Code::kLimit, "the disk of " + files_.directory.string() + " is full; nothing was recorded",
      "free at least " + std::to_string((options_.free_bytes_min + DiskReserve::kBytes) >> 20) +
          " MiB, then try again"};
}

// The record ends with why it ends.
void Writer::say_last_words(std::uint64_t free_bytes) {
  Status said = reserve_.release();
  if (said.ok()) {
    Submission words{ledger_disk_low(writer_context(), free_bytes, options_.free_bytes_min),
                     std::nullopt, nullptr};
    words.draft.id = make_event_id(*options_.clock, *options_.random);
    words.draft.occurred_ns = options_.clock->wall_ns();
    words.draft.mono_ns = options_.clock->mono_ns();
    words.draft.boot_id = options_.clock->boot_id();
    std::vector<Result<Receipt>> results;
    said = commit_checked(std::span(&words, 1), results, nullptr);
    if (said.ok() && !results[0].ok()) said = std::move(results[0].error());
  }
  if (!said.ok()) diag::warn("the full disk is not on record: " + said.error().message);
}

void Writer::rotate_epoch_when_due() {
  const bool full = sequencer_.size() - epoch_.first_seq >= options_.epoch_events_max;
  if (broken() || (!full && !epoch_.rotation_pending)) return;
  const EpochChange change{
      sequencer_.origin(),
      sequencer_.size(),
      epoch_.rotation_pending ? CloseReason::kRequested : CloseReason::kScheduled,
      options_.clock,
      options_.random,
      [this](Draft draft) -> Result<Receipt> {
        Submission announcement{std::move(draft), std::nullopt, nullptr};
        std::vector<Result<Receipt>> results;
        PH_TRY(try_commit(std::span(&announcement, 1), results, nullptr));
        return std::move(results[0]);
      }};
  const Status started = start_epoch(epoch_, keys_, change);
  keys_proven_ = false;
  if (!started.ok()) diag::warn("epoch key was not changed: " + started.error().message);
}

}  // namespace phantom
