#include "tests/support/ledger_promises.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/reader.h"
#include "tests/support/ledger_home.h"

#include <future>

namespace phantom::test {

void Promises::answered(const Draft& draft, const Result<Receipt>& answer) {
  Promise& promise = promises_[draft.id];
  promise.draft = draft;
  if (answer.ok()) {
    if (promise.state == State::kAcknowledged && promise.seq != answer->seq) {
      contradiction_ = "event " + to_hex(draft.id) + " got a second number";
    }
    promise.state = State::kAcknowledged;
    promise.seq = answer->seq;
  } else if (promise.state == State::kAcknowledged) {
    // What was acknowledged stays so, whatever a later attempt hears.
  } else if (answer.error().code == Code::kIndeterminate) {
    promise.state = State::kInDoubt;
  }
  // A refusal takes no doubt away: an attempt before may have reached the disk.
}

std::vector<Draft> Promises::open_drafts() const {
  std::vector<Draft> drafts;
  for (const auto& [id, promise] : promises_) {
    if (promise.state != State::kAcknowledged) drafts.push_back(promise.draft);
  }
  return drafts;
}

std::size_t Promises::acknowledged() const {
  std::size_t count = 0;
  for (const auto& [id, promise] : promises_) {
    count += promise.state == State::kAcknowledged ? 1 : 0;
  }
  return count;
}

std::size_t Promises::in_doubt() const {
  std::size_t count = 0;
  for (const auto& [id, promise] : promises_) count += promise.state == State::kInDoubt ? 1 : 0;
  return count;
}

std::string Promises::broken(const Home& home) const {
  if (!contradiction_.empty()) return contradiction_;
  auto reader = open_reader(home.ledger());
  if (!reader.ok()) return "the ledger does not read: " + reader.error().message;
  std::map<EventId, Seq> recorded;
  std::string wrong;
  const Status scanned =
      (*reader)->scan(0, (*reader)->head().checkpoint.size, [&](Seq seq, const Bytes& bytes) {
        const auto entry = parse_entry(bytes);
        if (!entry.ok()) {
          wrong = "event " + std::to_string(seq) + " does not parse";
        } else if ((*entry)->seq() != seq) {
          wrong = "event " + std::to_string(seq) + " has another number";
        } else if (!recorded.emplace(event_id_of(**entry), seq).second) {
          wrong = "event " + std::to_string(seq) + " is there twice";
        }
        return wrong.empty();
      });
  if (!wrong.empty()) return wrong;
  if (!scanned.ok()) return "the events do not read: " + scanned.error().message;
  for (const auto& [id, promise] : promises_) {
    const auto found = recorded.find(id);
    const bool there = found != recorded.end();
    if (promise.state == State::kAcknowledged && !there) {
      return "acknowledged event " + std::to_string(promise.seq) + " is lost";
    }
    if (promise.state == State::kAcknowledged && found->second != promise.seq) {
      return "acknowledged event " + std::to_string(promise.seq) + " stands at " +
             std::to_string(found->second);
    }
    if (promise.state == State::kRefused && there) {
      return "event " + std::to_string(found->second) + " was refused and is there";
    }
  }
  return {};
}

Result<std::unique_ptr<Writer>> open_writer(const Home& home, const WriterOptions& options) {
  PH_ASSIGN(Lease lease, Lease::try_acquire(LedgerFiles{home.ledger()}.lock()));
  return Writer::open(home, std::move(lease), options);
}

std::vector<Result<Receipt>> submit_all(Writer& writer, const std::vector<Draft>& drafts) {
  std::vector<std::promise<Result<Receipt>>> promises(drafts.size());
  std::vector<std::future<Result<Receipt>>> futures;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    futures.push_back(promises[i].get_future());
    writer.submit({drafts[i], std::nullopt, [&promise = promises[i]](Result<Receipt> result) {
                     promise.set_value(std::move(result));
                   }});
  }
  std::vector<Result<Receipt>> answers;
  for (auto& future : futures) answers.push_back(future.get());
  return answers;
}

Result<Receipt> submit_and_wait(Writer& writer, const Draft& draft) {
  return std::move(submit_all(writer, {draft}).front());
}

Draft identified_draft(std::uint64_t number, const std::string& tag) {
  Draft draft = note_draft(number, tag);
  draft.id = make_event_id(system_clock(), system_random());
  return draft;
}

}  // namespace phantom::test
