#pragma once
// Where phantom keeps its state. Resolved once per process. docs/FORMAT.md section 1.

#include "events/result.h"
#include "events/types.h"

#include <filesystem>
#include <string>

namespace phantom {

struct Home {
  std::filesystem::path root;  // $PHANTOM_HOME, default ~/.phantom
  std::filesystem::path ledger() const { return root / "ledger"; }
  std::filesystem::path keys() const { return root / "keys"; }
  std::filesystem::path vaults() const { return root / "vaults"; }
  std::filesystem::path trust() const { return root / "trust"; }
};

// What a failed call on a file means to the caller: kNotFound, kDenied, kLimit when the disk is
// full, kExists, else kIo. `number` is its errno.
Error file_error(const char* operation, const std::filesystem::path& path, int number);

// From PHANTOM_HOME (absolute after this) or the password database. Touches no file.
Result<Home> resolve_home(const char* phantom_home, const char* home);

// Makes the directory, and those above it, with mode 0700; durably, where the directory above can
// be read. kDenied when it exists and others may write to it.
Status make_private_directory(const std::filesystem::path& directory);

// Replaces a file so that after a crash it is the old one or the new one: temporary file in the
// same directory, fsync, rename, fsync of the directory. The file gets `mode`.
Status write_file_durably(const std::filesystem::path& file, ByteView bytes, unsigned mode);

// Writes a file that is not there yet, for everybody to read as the umask allows. Not durable by
// itself. kExists when it is there.
Status write_new_file(const std::filesystem::path& file, ByteView bytes);

// Makes renames and removals in it durable.
Status sync_directory(const std::filesystem::path& directory);

// Whole content, at most `bytes_max`. kNotFound, kLimit, kDenied or kIo.
Result<Bytes> read_file(const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace phantom
