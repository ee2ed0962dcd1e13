#pragma once
// What a ledger says about the erasure of one person.

#include "ledger/reader.h"

#include <optional>
#include <string>

namespace phantom {

struct SubjectRecord {
  struct Request {
    Seq seq = 0;
    std::int64_t time_ns = 0;
    std::string commitment;  // hex
    std::string basis;
    std::string ticket;
  };
  struct Completion {
    Seq seq = 0;
    std::int64_t time_ns = 0;
    std::string commitment;  // hex
    std::optional<Seq> request_seq;
  };
  std::optional<Request> request;        // the one that the completion names, else the newest
  std::optional<Completion> completion;  // the first that says the key was destroyed

  bool erased() const { return completion.has_value(); }
  // Asked for, and nothing says that it was done.
  bool unfinished() const { return request && !completion; }
};

// One walk over the events filed under the subject.
Result<SubjectRecord> read_subject_record(const LedgerReader& reader, const std::string& subject);

}  // namespace phantom
