#include "ledger/appender.h"

#include "events/diag.h"
#include "events/envelope.h"
#include "events/limits.h"
#include "events/seal.h"
#include "ledger/quiet_threads.h"
#include "ledger/role.h"
#include "ledger/subject.h"

#include <algorithm>
#include <deque>
#include <future>
#include <latch>
#include <mutex>
#include <optional>
#include <poll.h>
#include <thread>

namespace phantom {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Pending {
  Draft draft;
  AppendCallback done;
  SteadyTime accepted;
  enum class State { kWaiting, kQueued, kMaybeSeen } state = State::kWaiting;
};

class RoleAppender final : public Appender {
 public:
  RoleAppender(const Home& home, const AppenderOptions& options, Fd wake)
      : home_(home), options_(options), wake_(std::move(wake)) {}

  ~RoleAppender() override {
    if (const Status closed = close(); !closed.ok()) diag::warn(closed.error().message);
  }

  void start(Role role) {
    writer_ = std::move(role.writer);
    direct_ = std::move(role.submitter);
  }

  Result<Receipt> append(Draft draft) override {
    PH_ASSIGN(const Bytes encoded, prepare(draft));
    if (const auto writer = current_writer()) return writer->writer->append(std::move(draft));
    Seen seen = Seen::kNo;
    if (auto answer = append_directly(draft, encoded, seen)) return std::move(*answer);
    std::promise<Result<Receipt>> promise;
    auto future = promise.get_future();
    hand_over(std::move(draft), seen,
              [&promise](Result<Receipt> result) { promise.set_value(std::move(result)); });
    return future.get();
  }

  std::vector<Result<Receipt>> append_all(std::vector<Draft> drafts) override {
    struct Waiting {
      std::vector<Result<Receipt>> results;
      std::latch open;
    };
    Waiting waiting{std::vector<Result<Receipt>>(drafts.size(), Error{}),
                    std::latch(static_cast<std::ptrdiff_t>(drafts.size()))};
    std::vector<Submission> batch;
    batch.reserve(drafts.size());
    const auto writer = current_writer();
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      // Small enough for the function object to need no memory of its own.
      AppendCallback done = [to = &waiting, i](Result<Receipt> result) {
        to->results[i] = std::move(result);
        to->open.count_down();
      };
      if (auto ready = prepare(drafts[i]); !ready.ok()) {
        done(std::move(ready.error()));
      } else if (writer) {
        batch.push_back({std::move(drafts[i]), std::nullopt, std::move(done)});
      } else {
        hand_over(std::move(drafts[i]), Seen::kNo, std::move(done));
      }
    }
    if (writer) writer->writer->commit_now(std::move(batch));
    waiting.open.wait();
    return std::move(waiting.results);
  }

  void append_async(Draft draft, AppendCallback done) override {
    if (auto ready = prepare(draft); !ready.ok()) return done(std::move(ready.error()));
    if (const auto writer = current_writer()) {
      return writer->writer->submit({std::move(draft), std::nullopt, std::move(done)});
    }
    hand_over(std::move(draft), Seen::kNo, std::move(done));
  }

  void set_guard(DraftGuard guard) override {
    const std::lock_guard lock(mutex_);
    guard_ = std::move(guard);
  }

  Status close() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    signal_event(wake_);
    if (thread_.joinable()) thread_.join();
    std::shared_ptr<WriterRole> writer;
    {
      const std::lock_guard lock(mutex_);
      writer.swap(writer_);
    }
    return writer ? writer->close() : Status();
  }

 private:
  enum class Seen { kNo, kMaybe };

  std::shared_ptr<WriterRole> current_writer() {
    const std::lock_guard lock(mutex_);
    return writer_;
  }

  // One draft over the connection of this process's own, on the caller's thread. None when that is
  // in use or has gone: then the submitter's thread takes over.
  std::optional<Result<Receipt>> append_directly(const Draft& draft, const Bytes& encoded,
                                                 Seen& seen) {
    const std::unique_lock direct(direct_mutex_, std::try_to_lock);
    if (!direct || !direct_) return std::nullopt;
    {
      const std::lock_guard lock(mutex_);
      if (closing_) return Error{Code::kClosed, "the ledger is closed"};
    }
    auto answer = direct_->exchange(encoded, options_.wait_max);
    if (answer.ok() && answer->id == draft.id && !is_closing(answer->result)) {
      return std::move(answer->result);
    }
    direct_.reset();
    seen = Seen::kMaybe;
    if (answer.ok() || answer.error().code != Code::kBusy) return std::nullopt;
    return no_answer();
  }

  // Leaves a draft to the submitter's thread.
  void hand_over(Draft draft, Seen seen, AppendCallback done) {
    std::optional<Error> refusal;
    {
      const std::lock_guard lock(mutex_);
      if (closing_) {
        refusal = Error{Code::kClosed, "the ledger is closed"};
      } else if (writer_) {
        return writer_->writer->submit({std::move(draft), std::nullopt, std::move(done)});
      } else if (waiting_.size() >= options_.queue_events_max) {
        refusal = Error{Code::kLimit, "too many events are waiting to be recorded", "try again"};
      } else {
        waiting_.push_back(
            {std::move(draft), std::move(done), std::chrono::steady_clock::now(),
             seen == Seen::kMaybe ? Pending::State::kMaybeSeen : Pending::State::kWaiting});
        if (!thread_.joinable()) {
          const QuietThreads quiet;
          thread_ = std::thread([this] { run(); });
        }
      }
    }
    if (refusal) return done(std::move(*refusal));
    signal_event(wake_);
  }

  // Stamps, seals, checks and guards a draft, in the process and on the thread that made it.
  // Returns its bytes, if anybody looks at them.
  Result<Bytes> prepare(Draft& draft) {
    if (draft.id == EventId{}) draft.id = make_event_id(*options_.clock, *options_.random);
    if (draft.occurred_ns == 0) {
      draft.occurred_ns = options_.clock->wall_ns();
      draft.mono_ns = options_.clock->mono_ns();
      draft.boot_id = options_.clock->boot_id();
    }
    // The guard sees the text before it is sealed, when it can still be read.
    DraftGuard guard;
    bool writing = false;
    {
      const std::lock_guard lock(mutex_);
      guard = guard_;
      writing = writer_ != nullptr;
    }
    if (guard) {
      for (const SealRequest& request : draft.to_seal) PH_TRY(guard(as_bytes(request.text)));
    }
    PH_TRY(seal(draft));
    PH_TRY(check_draft(draft));
    if (writing && !guard) return Bytes();  // the sequencer bounds the entry
    Bytes encoded = encode_draft(draft);
    if (encoded.size() > kDraftBytesMax) {
      return Error{Code::kLimit,
                   "event of " + std::to_string(encoded.size()) + " bytes is too large"};
    }
    if (guard) PH_TRY(guard(encoded));
    return encoded;
  }

  Status seal(Draft& draft) {
    if (draft.to_seal.empty()) return {};
    PH_ASSIGN(const Subject subject, ensure_subject(home_, *options_.random));
    for (const SealRequest& request : draft.to_seal) {
      draft.sealed.push_back(
          seal_field(subject.key, subject.id, draft.id, request, *options_.random));
    }
    draft.to_seal.clear();
    return {};
  }

  // The submitter's thread: sends drafts, matches replies, and when the writer goes away takes its
  // place or finds its successor.
  void run() {
    for (;;) {
      bool closing = false;
      bool idle = false;
      {
        const std::lock_guard lock(mutex_);
        closing = closing_;
        idle = waiting_.empty();
        if (writer_) return;
      }
      if (closing && idle) return;
      if (idle) give_connection_back();
      if (!submitter_ && !idle) {
        if (!reconnect()) continue;
        const std::lock_guard lock(mutex_);
        if (writer_) return;
      }
      if (submitter_) queue_waiting();
      exchange();
      expire();
    }
  }

  // With nothing under way the connection serves callers on their own threads again.
  void give_connection_back() {
    if (!submitter_) return;
    const std::unique_lock direct(direct_mutex_, std::try_to_lock);
    if (!direct || direct_) return;
    direct_ = std::move(submitter_);
    submitter_.reset();
  }

  void queue_waiting() {
    const std::lock_guard lock(mutex_);
    for (Pending& pending : waiting_) {
      if (pending.state == Pending::State::kQueued) continue;
      submitter_->queue(encode_draft(pending.draft));
      pending.state = Pending::State::kQueued;
    }
  }

  void exchange() {
    pollfd polled[2] = {{wake_.get(), POLLIN, 0}, {-1, 0, 0}};
    if (submitter_) {
      const bool write = submitter_->wants_to_write();
      polled[1] = {submitter_->fd(), static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0};
    }
    ::poll(polled, 2, poll_ms());
    drain_event(wake_);
    if (!submitter_) return;
    bool alive = submitter_->send_some().ok();
    if (alive && (polled[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      auto replies = submitter_->receive_some();
      alive = replies.ok();
      if (alive) {
        for (wire::Reply& reply : *replies) settle(std::move(reply));
      }
    }
    if (alive) return;
    submitter_.reset();
    const std::lock_guard lock(mutex_);
    for (Pending& pending : waiting_) {
      if (pending.state == Pending::State::kQueued) pending.state = Pending::State::kMaybeSeen;
    }
  }

  int poll_ms() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return -1;
    const auto left =
        waiting_.front().accepted + options_.wait_max - std::chrono::steady_clock::now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
    return static_cast<int>(std::clamp<std::int64_t>(ms, 1, 60'000));
  }

  void settle(wire::Reply reply) {
    AppendCallback done;
    {
      const std::lock_guard lock(mutex_);
      const auto it = std::find_if(waiting_.begin(), waiting_.end(), [&](const Pending& pending) {
        return pending.draft.id == reply.id;
      });
      if (it == waiting_.end()) return;  // it had timed out
      if (is_closing(reply.result) && submitter_) {
        it->state = Pending::State::kMaybeSeen;
        return;
      }
      done = std::move(it->done);
      waiting_.erase(it);
    }
    done(std::move(reply.result));
  }

  // A writer that is closing did not take the draft: it goes to the next one.
  static bool is_closing(const Result<Receipt>& result) {
    return !result.ok() && result.error().code == Code::kClosed &&
           result.error().message == "the ledger is closing";
  }

  static Error no_answer() {
    return {
        Code::kIndeterminate,
        "the process that holds the ledger did not answer; the event may or may not be recorded",
        "see 'phantom status' for its process id"};
  }

  void expire() {
    std::vector<Pending> expired;
    {
      const std::lock_guard lock(mutex_);
      const SteadyTime now = std::chrono::steady_clock::now();
      while (!waiting_.empty() && waiting_.front().accepted + options_.wait_max < now) {
        expired.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    for (Pending& pending : expired) {
      if (pending.state == Pending::State::kWaiting) {
        pending.done(Error{Code::kBusy, "the ledger was busy for too long; nothing was recorded",
                           "try again"});
      } else {
        pending.done(no_answer());
      }
    }
  }

  // True when there is somebody to send to, or this process is the writer now.
  bool reconnect() {
    auto role = find_role(home_, options_);
    if (!role.ok()) {
      fail_all(role.error());
      return false;
    }
    if (role->submitter) {
      submitter_ = std::move(role->submitter);
      const std::lock_guard lock(mutex_);
      for (Pending& pending : waiting_) pending.state = Pending::State::kMaybeSeen;
      return true;
    }
    diag::info("took the ledger's lease over");
    const std::lock_guard lock(mutex_);
    // Under the lock, so that nothing newer overtakes what is waiting.
    for (Pending& pending : waiting_) {
      role->writer->writer->submit(
          {std::move(pending.draft), std::nullopt, std::move(pending.done)});
    }
    waiting_.clear();
    writer_ = std::move(role->writer);
    return true;
  }

  void fail_all(const Error& error) {
    std::deque<Pending> failed;
    {
      const std::lock_guard lock(mutex_);
      failed.swap(waiting_);
    }
    for (Pending& pending : failed) {
      Error answer = error;
      if (pending.state != Pending::State::kWaiting) {
        answer.code = Code::kIndeterminate;
        answer.message.insert(0, "the event may or may not be recorded: ");
      }
      pending.done(std::move(answer));
    }
  }

  Home home_;
  AppenderOptions options_;
  Fd wake_;
  std::mutex direct_mutex_;             // taken before mutex_
  std::optional<Submitter> direct_;     // guarded by direct_mutex_
  std::optional<Submitter> submitter_;  // the thread's

  std::mutex mutex_;
  DraftGuard guard_;                    // guarded by mutex_
  std::deque<Pending> waiting_;         // guarded by mutex_; in order of acceptance
  std::shared_ptr<WriterRole> writer_;  // guarded by mutex_
  bool closing_ = false;                // guarded by mutex_
  std::thread thread_;                  // guarded by mutex_ until closing_
};

}  // namespace

std::vector<Result<Receipt>> Appender::append_all(std::vector<Draft> drafts) {
  std::vector<Result<Receipt>> results;
  results.reserve(drafts.size());
  for (Draft& draft : drafts) results.push_back(append(std::move(draft)));
  return results;
}

Result<std::unique_ptr<Appender>> open_appender(const Home& home, const AppenderOptions& options) {
  PH_ASSIGN(Role role, find_role(home, options));
  PH_ASSIGN(Fd wake, make_event_fd());
  auto appender = std::make_unique<RoleAppender>(home, options, std::move(wake));
  appender->start(std::move(role));
  return std::unique_ptr<Appender>(std::move(appender));
}

}  // namespace phantom
