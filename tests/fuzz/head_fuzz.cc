// Property: a slot of the head file is good only when it is, byte for byte, what the writer makes
// of its generation and note; the newest good slot counts, and a slot that is neither good nor
// empty always shows.

#include "events/sha256.h"
#include "ledger/head_guard.h"
#include "tests/fuzz/fuzz.h"

// The first byte: bit 0 and 1 put the right digest behind slot 0 and 1. Then the file's bytes; what
// is missing at its end is zero, unless bit 2 keeps the length as it is.

namespace phantom::fuzz {
namespace {

void seal_slot(Bytes& file, std::size_t slot) {
  const std::size_t begin = slot * kHeadSlotBytes;
  const std::size_t covered = kHeadSlotBytes - sizeof(Digest);
  const Digest digest = sha256(ByteView(file).subspan(begin, covered));
  std::copy(digest.begin(), digest.end(),
            file.begin() + static_cast<std::ptrdiff_t>(begin + covered));
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// The generation of a slot that the writer could have made, or 0.
std::uint64_t good_generation(ByteView slot, std::size_t position) {
  const std::uint64_t generation = get_be64(slot.subspan(8));
  const std::size_t length = get_be32(slot.subspan(16));
  if (generation == 0 || generation % 2 != position || length > kHeadNoteBytesMax) return 0;
  const std::string_view note = as_text(slot.subspan(20, length));
  const Bytes made = encode_head_slot(generation, note);
  const bool same = std::equal(slot.begin(), slot.end(), made.begin(), made.end());
  return same && parse_checkpoint(note).ok() ? generation : 0;
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::Choices choices({data, size});
  const std::uint8_t how = choices.u8();
  Bytes file = to_bytes(choices.rest());
  if ((how & 4) == 0) {
    file.resize(kHeadFileBytes);
    if ((how & 1) != 0) fuzz::seal_slot(file, 0);
    if ((how & 2) != 0) fuzz::seal_slot(file, 1);
  }
  const HeadFile head = parse_head_file(file);
  if (file.size() != kHeadFileBytes) {
    PH_CHECK(head.damaged && !head.newest, "a file of another size is read");
    return 0;
  }
  std::uint64_t newest = 0;
  bool damaged = false;
  for (std::size_t i = 0; i < 2; ++i) {
    const ByteView slot = ByteView(file).subspan(i * kHeadSlotBytes, kHeadSlotBytes);
    const std::uint64_t generation = fuzz::good_generation(slot, i);
    damaged = damaged || (generation == 0 && !fuzz::is_zero(slot));
    newest = std::max(newest, generation);
  }
  PH_CHECK(head.generation == newest, "another slot counts");
  PH_CHECK(head.damaged == damaged, "damage does not show");
  PH_CHECK(head.newest.has_value() == (newest != 0), "a note from nowhere");
  return 0;
}
