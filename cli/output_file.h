#pragma once
// Files a command writes where it was told to.

#include "events/result.h"
#include "events/types.h"

#include <string>

namespace phantom {

// Whole or not at all; an ordinary file for everybody to read as the umask allows. Replaces a file
// that is there, because the person named it.
Status write_output_file(const std::string& file, ByteView bytes);

// Adds to a file, which is made if it is not there. What others write to it meanwhile stays whole.
Status append_output_file(const std::string& file, ByteView bytes);

// SHA-256 of a file of any size.
Result<Digest> file_digest(const std::string& file);

}  // namespace phantom
