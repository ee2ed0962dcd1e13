#pragma once
// What a ledger told its callers about each event, and whether it kept its word.
//
// Acknowledged: there once, at the number of its receipt. Refused with anything but
// kIndeterminate: not there. In doubt: there once at most. Not safe from several threads.

#include "events/draft.h"
#include "events/result.h"
#include "ledger/home.h"
#include "ledger/writer.h"

#include <map>
#include <string>
#include <vector>

namespace phantom::test {

class Promises {
 public:
  // The answer to an append of `draft`, which has its id. The same draft may be sent again.
  void answered(const Draft& draft, const Result<Receipt>& answer);

  // Drafts that were sent and are not acknowledged.
  std::vector<Draft> open_drafts() const;
  std::size_t acknowledged() const;
  std::size_t in_doubt() const;

  // Empty when the ledger holds exactly what was promised, else what is wrong.
  std::string broken(const Home& home) const;

 private:
  enum class State { kAcknowledged, kRefused, kInDoubt };
  struct Promise {
    Draft draft;
    State state = State::kRefused;
    Seq seq = 0;
  };
  std::map<EventId, Promise> promises_;
  std::string contradiction_;
};

// Opens the writer without waiting for the lease.
Result<std::unique_ptr<Writer>> open_writer(const Home& home, const WriterOptions& options = {});
Result<Receipt> submit_and_wait(Writer& writer, const Draft& draft);
// All at once, so that they share commits. Answers in order.
std::vector<Result<Receipt>> submit_all(Writer& writer, const std::vector<Draft>& drafts);
// note_draft() with an id of its own.
Draft identified_draft(std::uint64_t number, const std::string& tag = "session:test");

}  // namespace phantom::test
