#pragma once
// The store's files, byte by byte, below what RocksDB looks at: it forgives a damaged end of a log
// and never reads some bytes of a table. A file without any byte that could be changed unseen is
// what makes "verified" mean the files and not only what was read from them.

#include "ledger/verify.h"

#include <filesystem>

namespace phantom {

// Sets the check "files" of the report. Files that a live writer changes meanwhile are left out.
void check_store_files(const std::filesystem::path& db, VerifyReport& report);

}  // namespace phantom
