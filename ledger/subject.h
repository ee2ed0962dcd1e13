#pragma once
// The person phantom runs for: an opaque id that stands in events, and the key that seals what
// could identify them. Destroying the key file erases the sealed fields for good.

#include "events/random.h"
#include "events/result.h"
#include "events/seal.h"
#include "ledger/home.h"

#include <string>

namespace phantom {

struct Subject {
  std::string id;  // "s_" and 16 hex digits
  SubjectKey key{};
};

// keys/subject.key: one line, "<id> <64 hex>", mode 0600.
Result<Subject> load_subject(const Home& home);                    // kNotFound when there is none
Result<Subject> ensure_subject(const Home& home, Random& random);  // makes it when there is none

}  // namespace phantom
