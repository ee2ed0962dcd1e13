#pragma once
// Signing keys beside a backup. Only sealed ones: a plain key in a backup signs for whoever finds
// it. A copy also keeps epoch keys that are destroyed here later, so that whoever opens it can sign
// for those epochs: docs/FORMAT.md section 14.

#include "events/result.h"

#include <filesystem>

namespace phantom {

// kDenied: a signing key is plain. kNotFound: there is none.
Status check_keys_are_sealed(const std::filesystem::path& keys);

// Puts the signing keys under `keys` of the backup and removes older ones from it.
Status copy_sealed_keys(const std::filesystem::path& keys, const std::filesystem::path& backup);

// Gives a home without signing keys those of the backup. Does nothing when either has none or both
// have some.
Status take_keys_of_backup(const std::filesystem::path& backup, const std::filesystem::path& keys);

}  // namespace phantom
