#pragma once
// A backup: the ledger in a directory of plain files that every C2SP tool can check and from which
// the store can be rebuilt exactly. A second run adds what is new. ledger/backup_files.h has the
// layout.
//
// A run may be cut off anywhere: the checkpoint is replaced last, when all it covers is durable.
// Runs beside a live writer, takes no lease, memory does not grow with the ledger.

#include "ledger/publish.h"
#include "ledger/reader.h"

#include <filesystem>
#include <functional>
#include <optional>

namespace phantom {

struct BackupOptions {
  std::filesystem::path directory;
  VerifierKey key;  // the ledger's, as pinned
  // What was verified last. A ledger that is older, or other, is not backed up: a good backup would
  // get lost.
  std::optional<SignedCheckpoint> trust;
  // The same of the head copy, which must have been read before the reader was opened: a writer
  // publishes it after its commit.
  std::optional<SignedCheckpoint> head_copy;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

struct Backup {
  Checkpoint checkpoint;
  std::uint64_t size_before = 0;  // events that were in the backup
  std::uint64_t commits = 0;      // notes added
  std::uint64_t files = 0;        // written
  std::uint64_t bytes = 0;        // written
};

// kCorrupt, with both notes: ledger, trust and earlier backup contradict each other. kExists: the
// directory holds something else. kBusy: another backup into it is running.
Result<Backup> write_backup(const LedgerReader& reader, const BackupOptions& options);

}  // namespace phantom
