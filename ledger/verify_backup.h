#pragma once
// Verification of a backup (ledger/backup_files.h) as it lies there, without restoring it.

#include "ledger/verify.h"

#include <filesystem>

namespace phantom {

// As verify_tiles, and beside it that the backup's format is known, that its notes are exactly
// those that the entries call for - one after each commit, with its root and both signatures, by
// the keys in force - and that the pins in it are of this log. The backup's own pins decide
// nothing: without options.key the answer is INDETERMINATE.
//
// Checks, in order: checkpoint, entries, tree, tiles, ids, format, checkpoints, pins, schema, key,
// trust, anchors. Signing keys in the backup are not looked at.
VerifyReport verify_backup(const std::filesystem::path& directory, const VerifyOptions& options);

}  // namespace phantom
