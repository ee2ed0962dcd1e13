#pragma once
// Seeded damage: what a disk or an attacker may do to bytes and rows. Pure: the same seed and input
// give the same change. For `audit selftest` and tests.

#include "events/result.h"
#include "ledger/row_source.h"
#include "ledger/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// Choices that a seed decides. Not for secrets.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }  // bound > 0
  // 1 <= value <= bound, smaller ones more often.
  std::uint64_t small(std::uint64_t bound);

 private:
  std::uint64_t state_;
};

enum class ByteChange : std::uint8_t {
  kFlipBit,    // one bit
  kOverwrite,  // up to 64 bytes with others
  kCut,        // the end is lost
  kEmpty,      // everything is lost
  kInsert,     // up to 64 bytes in between
  kRemove,     // some bytes in between are lost
  kAppend,     // up to 64 bytes at the end
  kRepeat,     // some bytes, or all of them, stand there twice
  kSwap,       // two halves of a stretch change places
};
inline constexpr std::size_t kByteChanges = 9;

struct ChangedBytes {
  Bytes bytes;  // never what they were before
  std::string what;
};
// None when these bytes cannot be changed in this way.
std::optional<ChangedBytes> change_bytes(ByteView bytes, ByteChange change, Dice& dice);

enum class RowChange : std::uint8_t {
  kEdit,       // bytes of a value, as above
  kDelete,     // a row
  kMove,       // a row to a key that was free
  kDuplicate,  // a row, under a second key
  kSwap,       // the values of two rows of one kind
  kReplace,    // a value by that of any other row
  kForge,      // a row nobody wrote
};
inline constexpr std::size_t kRowChanges = 7;

struct ChangedRows {
  RowChanges changes;  // never without effect
  std::string what;
};
// `keys` are those of all rows. None when these rows cannot be changed in this way; the source's
// errors are passed on.
Result<std::optional<ChangedRows>> change_rows(const RowSource& rows,
                                               const std::vector<std::string>& keys,
                                               RowChange change, Dice& dice);

}  // namespace phantom
