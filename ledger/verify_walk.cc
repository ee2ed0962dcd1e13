#include "ledger/verify_walk.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace phantom {
namespace {

class Walk {
 public:
  Walk(const StoreReader& rows, VerifyFold& fold, Seq from, Seq first_kept, const Checkpoint& head,
       const SignatureScope& scope)
      : rows_(rows),
        fold_(fold),
        from_(from),
        first_kept_(first_kept),
        head_(head),
        scope_(scope),
        spans_((head.size - from + kSpanEvents - 1) / kSpanEvents) {}

  // One thread's share: span after span until there are none left.
  void work(const std::function<void(std::uint64_t)>& progress) {
    for (std::uint64_t i = next_++; i < spans_; i = next_++) {
      const Seq first = from_ + i * kSpanEvents;
      std::optional<Span> span;
      if (!stopped_) span = read_span(rows_, first, head_.size, first_kept_);
      std::optional<CommitContext> context;
      {
        std::unique_lock lock(mutex_);
        turn_changed_.wait(lock, [&] { return turn_ == i; });
        if (!stopped_) {
          note(fold_.add(*span));
          note(span->failure);
          // What follows a failure is not looked at; what came before it may hold its cause.
          if (result_.failure) stopped_ = true;
          context = fold_.context(*span);
        }
        ++turn_;
      }
      turn_changed_.notify_all();
      if (!context) continue;
      CommitsResult commits = check_commits(rows_, *span, *context, head_, scope_, first_kept_);
      const std::lock_guard lock(mutex_);
      note(std::move(commits.failure));
      if (result_.failure) stopped_ = true;
      result_.signatures_skipped += commits.signatures_skipped;
      done_ += span->count;
      if (progress) progress(done_);
    }
  }

  WalkResult take_result() { return std::move(result_); }

 private:
  void note(const std::optional<Failure>& failure) {
    if (!failure) return;
    const auto place = [](const Failure& one) { return one.seq.value_or(~Seq{0}); };
    if (!result_.failure || place(*failure) < place(*result_.failure)) result_.failure = failure;
  }

  const StoreReader& rows_;
  VerifyFold& fold_;  // guarded by mutex_
  Seq from_;
  Seq first_kept_;
  const Checkpoint& head_;
  const SignatureScope& scope_;
  std::uint64_t spans_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::condition_variable turn_changed_;
  std::uint64_t turn_ = 0;  // guarded by mutex_
  std::uint64_t done_ = 0;  // guarded by mutex_
  WalkResult result_;       // guarded by mutex_
};

}  // namespace

void parallel_for(std::size_t count, unsigned threads,
                  const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < threads && i < count; ++i) others.emplace_back(run);
  run();
}

WalkResult walk_spans(const StoreReader& rows, VerifyFold& fold, Seq from, Seq first_kept,
                      const Checkpoint& head, const SignatureScope& scope, unsigned threads,
                      const std::function<void(std::uint64_t)>& progress) {
  Walk walk(rows, fold, from, first_kept, head, scope);
  {
    std::vector<std::jthread> others;
    const std::uint64_t spans = (head.size - from) / kSpanEvents + 1;
    for (unsigned i = 1; i < threads && i < spans; ++i) {
      others.emplace_back([&walk] { walk.work({}); });
    }
    walk.work(progress);
  }
  return walk.take_result();
}

}  // namespace phantom
