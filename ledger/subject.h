#pragma once
// The people phantom runs for: an opaque id that stands in events, and the key that seals what
// could identify them. Destroying a key file erases the sealed fields for good.
// docs/FORMAT.md sections 1 and 2.3.
//
// keys/subject.key is the person in force; keys/subjects/<id>.key are former ones, whose fields
// can still be opened. A key has one file, which is renamed and never copied: what overwrites it
// leaves none behind.

#include "events/random.h"
#include "events/result.h"
#include "events/seal.h"
#include "ledger/home.h"

#include <string>
#include <vector>

namespace phantom {

struct Subject {
  std::string id;  // "s_" and 16 hex digits
  SubjectKey key{};
};

bool is_subject_id(std::string_view id);

// Each file: one line, "<id> <64 hex>", mode 0600.
Result<Subject> load_subject(const Home& home);                    // kNotFound when there is none
Result<Subject> ensure_subject(const Home& home, Random& random);  // makes it when there is none

// The key of any person, in force or former. kNotFound when it is not here.
Result<Subject> load_subject(const Home& home, const std::string& id);
// Ids of all keys here, the one in force first.
Result<std::vector<std::string>> subjects_here(const Home& home);

// The person in force becomes a former one. Does nothing when it is another than `id`.
Status retire_subject(const Home& home, const std::string& id);

// Overwrites the key, removes it and makes that durable. Fine when it is not there.
Status destroy_subject_key(const Home& home, const std::string& id);

// Files under keys/ that hold this person's key, whatever their names.
Result<std::vector<std::filesystem::path>> find_subject_key(const Home& home,
                                                            const std::string& id);

// SHA-256 over "phantom/subject-key/v1", the id and the key: says which key it was and nothing of
// it, since a key is 32 random bytes.
Digest key_commitment(const Subject& subject);

}  // namespace phantom
