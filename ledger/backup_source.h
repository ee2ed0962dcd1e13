#pragma once
// Reading a backup back, in the order a store is built from.

#include "ledger/backup_files.h"
#include "ledger/checkpoint.h"
#include "ledger/rebuild.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace phantom {

class BackupSource {
 public:
  // kNotFound: no complete backup there. kInvalid: something else. kUnsupported: a newer one.
  static Result<BackupSource> open(const std::filesystem::path& directory);

  const std::filesystem::path& directory() const { return directory_; }
  const std::string& origin() const { return origin_; }
  // Where the backup ends. As published: without the epoch key's signature.
  const SignedCheckpoint& checkpoint() const { return checkpoint_; }
  // The checkpoint its home had verified; none when it is not in the backup.
  Result<std::optional<SignedCheckpoint>> trust() const;

  // Hands every entry and note up to the checkpoint to the builder. kCorrupt: one is missing, does
  // not fit, or the builder ends elsewhere than the checkpoint says.
  Status feed(StoreBuilder& builder,
              const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) const;

 private:
  BackupSource() = default;
  Result<Bytes> read_bundle(std::uint64_t n) const;

  std::filesystem::path directory_;
  std::string origin_;
  SignedCheckpoint checkpoint_;
};

}  // namespace phantom
