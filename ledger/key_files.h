#pragma once
// The files of the signing keys: plain or sealed, written, replaced and destroyed.
// docs/FORMAT.md section 5.
//
// Use under the lease, or while nobody else can write to the directory. One thread at a time.

#include "events/random.h"
#include "events/result.h"
#include "ledger/key_seal.h"
#include "ledger/signer.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace phantom {

class KeyFiles {
 public:
  // `unlock` may be null: then a sealed file gives kDenied. It must outlive this.
  KeyFiles(std::filesystem::path directory, KeyUnlock* unlock);

  const std::filesystem::path& directory() const { return directory_; }

  // kNotFound; kDenied: others may read the file, it is sealed and nothing opens it, or what
  // should open it does not; kInvalid: not a key file. What opened one file opens the next.
  Result<Signer> load(const std::filesystem::path& file);

  // Writes a key durably, sealed as log.key is when that was loaded before, else plain.
  Status save(const std::filesystem::path& file, const Signer& key, Random& random) const;

  // How log.key is sealed; none when it is plain or was not loaded.
  const KeySeal* seal() const;

  // Destroys every epoch key file but that of `in_force`.
  Status destroy_other_epochs(std::uint64_t in_force) const;

  // Writes log.key and all epoch keys anew, sealed with `seal` or, without one, plain; then that is
  // how keys are saved. The old files are overwritten. After a crash finish_replacing() leaves
  // either all the old files or all the new ones. kDenied when one cannot be opened.
  Status replace_all(std::optional<KeySeal> seal, Random& random);

  // What a crash in replace_all left is brought to its end. Needs no secret. Call before load().
  Status finish_replacing() const;

 private:
  Result<const KeySeal*> seal_for(const SealTerms& terms);
  Result<std::vector<std::filesystem::path>> files_ending(std::string_view ending) const;
  Status swap(const std::filesystem::path& next) const;

  std::filesystem::path directory_;
  KeyUnlock* unlock_;
  std::vector<KeySeal> seals_;             // all that were needed so far
  std::optional<SealTerms> log_key_seal_;  // one of them
};

// The line of a key file without its end, in locked memory from the first byte on. kNotFound;
// kDenied when others may read the file; kInvalid: too long for one.
Result<SecretBytes> read_key_file(const std::filesystem::path& file);

// The file has mode 0600 and holds the line and a line end.
Status write_key_file(const std::filesystem::path& file, ByteView line);

// Removes a key file after overwriting it; fine when it is not there. kIo when one of the two
// failed. What the file system keeps below is out of our hands.
Status destroy_key_file(const std::filesystem::path& file);

}  // namespace phantom
