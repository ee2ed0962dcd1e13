#pragma once
// Erasing a person's key, in the order that survives a crash anywhere (docs/FORMAT.md section 5):
// request on record, marker, key destroyed, completion on record, marker removed.

#include "cli/privacy_events.h"
#include "ledger/appender.h"
#include "ledger/home.h"
#include "ledger/subject.h"

#include <functional>
#include <string>
#include <vector>

namespace phantom {

struct Erased {
  std::string subject;
  Digest commitment{};
  Seq requested_seq = 0;
  Seq completed_seq = 0;
};

// A place between two steps, for tests that stop there.
enum class EraseStep { kRequested, kMarked, kDestroyed, kCompleted };
using EraseStop = std::function<bool(EraseStep)>;

struct EraseOptions {
  const Clock* clock = &system_clock();
  Random* random = &system_random();
  // Ends the run after a step when it says true; as a crash there would.
  EraseStop stop = {};
};

// `asked` is an earlier request on record that had no effect yet; without one a new one is made.
Result<Erased> erase_subject(const Home& home, Appender& appender, const Context& context,
                             const EraseRequest& request, std::optional<Seq> asked,
                             const EraseOptions& options);

// Brings what a crash left to its end. May run in several processes at once.
Result<std::vector<Erased>> finish_erasures(const Home& home, Appender& appender,
                                            const Context& context);

}  // namespace phantom
