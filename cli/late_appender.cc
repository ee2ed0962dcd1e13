#include "cli/late_appender.h"

#include <utility>

namespace phantom {

Result<Receipt> LateAppender::append(Draft draft) {
  PH_ASSIGN(Appender * appender, environment_.appender());
  return appender->append(std::move(draft));
}

void LateAppender::append_async(Draft draft, AppendCallback done) {
  Result<Appender*> appender = environment_.appender();
  if (!appender.ok()) return done(std::move(appender.error()));
  (*appender)->append_async(std::move(draft), std::move(done));
}

void LateAppender::set_guard(DraftGuard guard) {
  // Whoever has values to guard against has opened the vault, and with it the real one.
  const Result<Appender*> appender = environment_.appender();
  if (appender.ok()) (*appender)->set_guard(std::move(guard));
}

}  // namespace phantom
