#pragma once
// The command's appender, opened when the first event comes. Becoming the writer costs several
// times what reading a vault's list does, and almost every list has nothing to record.

#include "cli/environment.h"
#include "ledger/appender.h"

namespace phantom {

// One thread at a time. Must not outlive the environment, which keeps what it opens and closes it.
class LateAppender final : public Appender {
 public:
  explicit LateAppender(Environment& environment) : environment_(environment) {}

  Result<Receipt> append(Draft draft) override;
  void append_async(Draft draft, AppendCallback done) override;
  void set_guard(DraftGuard guard) override;
  Status close() override { return {}; }

 private:
  Environment& environment_;
};

}  // namespace phantom
