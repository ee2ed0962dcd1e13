#pragma once
// An appender for tests of the proxy: keeps drafts, acknowledges them from a thread of its own, and
// can hold them back or refuse them.

#include "ledger/appender.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace phantom::proxy_test {

class RecordingAppender final : public Appender {
 public:
  RecordingAppender() : thread_([this] { work(); }) {}
  ~RecordingAppender() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  Result<Receipt> append(Draft) override {
    return Error{Code::kInternal, "the proxy must not block on the ledger"};
  }
  void append_async(Draft draft, AppendCallback done) override {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(draft), std::move(done)});
    wake_.notify_all();
  }
  void set_guard(DraftGuard) override {}
  Status close() override { return {}; }

  // Nothing is acknowledged until release().
  void hold() { set(held_, true); }
  void release() { set(held_, false); }
  void refuse_everything() { set(refusing_, true); }

  std::vector<Draft> drafts() {
    const std::lock_guard lock(mutex_);
    return drafts_;
  }
  // Waits for `count` recorded drafts, at most five seconds.
  std::vector<Draft> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::seconds(5), [&] { return drafts_.size() >= count; });
    return drafts_;
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  struct Item {
    Draft draft;
    AppendCallback done;
  };
  void set(bool& flag, bool value) {
    const std::lock_guard lock(mutex_);
    flag = value;
    wake_.notify_all();
  }
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || (!held_ && !queue_.empty()); });
      if (stopping_) return;
      Item item = std::move(queue_.front());
      queue_.pop_front();
      Result<Receipt> result = Error{Code::kIo, "no space left"};
      if (!refusing_) {
        Receipt receipt;
        receipt.seq = drafts_.size();
        drafts_.push_back(std::move(item.draft));
        result = receipt;
        wake_.notify_all();
      }
      lock.unlock();
      item.done(std::move(result));
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  std::vector<Draft> drafts_;
  bool held_ = false;
  bool refusing_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace phantom::proxy_test
