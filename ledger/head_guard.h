#pragma once
// The head guard: a copy of the newest signed checkpoint outside RocksDB, in the file `head` beside
// the store. docs/FORMAT.md section 4.
//
// Two slots of 4096 bytes, written in turn, so that a torn write leaves the other one good:
//   0  8   magic "PHMHEAD1"
//   8  8   be64 generation, from 1; the slot is generation % 2
//   16 4   be32 length of the note
//   20 n   the note
//   .. ..  zeros
//   4064 32 SHA-256 of the first 4064 bytes
// A slot of 4096 zeros has never been written. A reader takes the good slot with the higher
// generation. The file is written after the commit point and not synced per commit: after a power
// loss it may be behind the store, never ahead of it.

#include "events/result.h"
#include "ledger/checkpoint.h"

#include <filesystem>
#include <optional>

namespace phantom {

inline constexpr std::size_t kHeadSlotBytes = 4'096;
inline constexpr std::size_t kHeadFileBytes = 2 * kHeadSlotBytes;
inline constexpr std::size_t kHeadNoteBytesMax = kHeadSlotBytes - 20 - 32;

struct HeadFile {
  std::uint64_t generation = 0;
  std::optional<SignedCheckpoint> newest;  // none: no slot was ever written
  bool damaged = false;                    // a slot is neither empty nor good, or the size is wrong
};

// Pure: what the file's bytes say.
HeadFile parse_head_file(ByteView bytes);
Bytes encode_head_slot(std::uint64_t generation, std::string_view note);

// Reads it without any lock; retries when it meets a write in progress. kNotFound, kIo, kDenied.
Result<HeadFile> read_head_file(const std::filesystem::path& file);

// What head guard and store say together at open. `root_of` gives the store's own root at a size.
enum class HeadVerdict {
  kEqual,        // open
  kStoreAhead,   // open, repair the copy
  kStoreBehind,  // refuse to write: rolled back
  kForked,       // refuse, never overridable
  kOnlyStore,    // no copy: repair it if the store verifies up to its own checkpoint
  kOnlyHead,     // no store: it was wiped
  kNeither       // only create may proceed
};
struct HeadComparison {
  HeadVerdict verdict;
  std::string evidence;  // both notes, when they contradict
};
HeadComparison compare_heads(const std::optional<SignedCheckpoint>& store,
                             const std::optional<SignedCheckpoint>& copy,
                             const std::optional<Digest>& store_root_at_copy_size);

// The writer's end.
class HeadGuard {
 public:
  // Opens or, in create, makes the file.
  static Result<HeadGuard> open(const std::filesystem::path& file, std::uint64_t generation);
  static Result<HeadGuard> create(const std::filesystem::path& file);
  HeadGuard(HeadGuard&& other) noexcept;
  HeadGuard& operator=(HeadGuard&&) = delete;
  ~HeadGuard();

  Status publish(std::string_view note);
  Status sync();

 private:
  HeadGuard(int fd, std::uint64_t generation) : fd_(fd), generation_(generation) {}
  int fd_;
  std::uint64_t generation_;
};

}  // namespace phantom
