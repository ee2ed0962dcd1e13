#pragma once
// The files of a vault. The next version is written beside the current one before the ledger hears
// of it, and takes its place in one rename, which exactly one process can do.

#include "events/result.h"
#include "ledger/home.h"

#include <filesystem>
#include <string>

namespace phantom {

// $PHANTOM_HOME/vaults/<project>.vault
std::filesystem::path vault_path(const Home& home, const std::string& project);

// The same with ".next-<version>-<first 16 hex digits of the digest>".
std::filesystem::path staged_vault_path(const Home& home, const std::string& project,
                                        std::uint64_t version, const Digest& digest);

enum class Publishing {
  kDone,   // renamed into place and durable
  kAbsent  // no staged file: another process published it, or it is gone
};
// kIndeterminate: renamed, but perhaps not durable. Any other error: not renamed.
Result<Publishing> publish_vault(const std::filesystem::path& staged,
                                 const std::filesystem::path& current);

enum class Discarding { kDone, kAbsent };
// After kDone no process can publish the file any more.
Result<Discarding> discard_staged_vault(const std::filesystem::path& staged);

// Removes staged files of versions up to `version`, which can never be published any more. Best
// effort: what stays is harmless.
void discard_old_staged_vaults(const Home& home, const std::string& project, std::uint64_t version);

}  // namespace phantom
