#include "cli/erase.h"

#include "ledger/erasure.h"

namespace phantom {
namespace {

Error stopped() { return {Code::kIndeterminate, "stopped on the way"}; }

Result<Erased> carry_out(const Home& home, Appender& appender, const Context& context,
                         const Erasure& erasure, const EraseStop& stop) {
  // The key is gone from here on, whatever becomes of the completion.
  PH_TRY(destroy_subject_key(home, erasure.subject));
  if (stop && stop(EraseStep::kDestroyed)) return stopped();
  PH_ASSIGN(const Receipt receipt, appender.append(erase_completed(context, erasure)));
  if (stop && stop(EraseStep::kCompleted)) return stopped();
  PH_TRY(end_erasure(home, erasure.subject));
  return Erased{erasure.subject, erasure.commitment, erasure.requested_seq, receipt.seq};
}

}  // namespace

Result<Erased> erase_subject(const Home& home, Appender& appender, const Context& context,
                             const EraseRequest& request, std::optional<Seq> asked,
                             const EraseOptions& options) {
  Erasure erasure;
  erasure.subject = request.subject;
  erasure.commitment = request.commitment;
  if (asked) {
    erasure.requested_seq = *asked;
  } else {
    PH_ASSIGN(const Receipt receipt, appender.append(erase_requested(context, request)));
    erasure.requested_seq = receipt.seq;
  }
  if (options.stop && options.stop(EraseStep::kRequested)) return stopped();
  erasure.completed_id = make_event_id(*options.clock, *options.random);
  PH_TRY(begin_erasure(home, erasure));
  if (options.stop && options.stop(EraseStep::kMarked)) return stopped();
  return carry_out(home, appender, context, erasure, options.stop);
}

Result<std::vector<Erased>> finish_erasures(const Home& home, Appender& appender,
                                            const Context& context) {
  PH_ASSIGN(const std::vector<Erasure> left, unfinished_erasures(home));
  std::vector<Erased> done;
  for (const Erasure& erasure : left) {
    PH_ASSIGN(Erased erased, carry_out(home, appender, context, erasure, {}));
    done.push_back(std::move(erased));
  }
  return done;
}

}  // namespace phantom
