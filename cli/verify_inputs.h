#pragma once
// What a person hands to `audit verify`: keys and anchors, given as text or as files.

#include "ledger/checkpoint.h"

#include <string>
#include <vector>

namespace phantom {

// A verifier key, or the name of a file that holds one. kInvalid when it is neither, kNotFound
// when there is no such file.
Result<VerifierKey> read_verifier_key(const std::string& key_or_file);

// A file with a signed checkpoint: the note itself, or the JSON of `audit head --json`.
Result<std::string> read_checkpoint_file(const std::string& file);
// The same from text. Pure.
Result<std::string> checkpoint_note_of(std::string_view text);

}  // namespace phantom
