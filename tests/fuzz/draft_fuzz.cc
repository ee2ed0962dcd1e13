// Property: a draft the writer accepts from the socket encodes and parses to itself, and becomes an
// entry that verification accepts, or is refused for its size.

#include "events/envelope.h"
#include "events/limits.h"
#include "ledger/epoch_change.h"
#include "ledger/id_window.h"
#include "ledger/verify_entry.h"
#include "tests/fuzz/fuzz.h"

namespace phantom::fuzz {
namespace {

void check_draft_bytes(ByteView bytes) {
  const Bytes sent = to_bytes(bytes);
  const auto draft = parse_draft(sent);
  if (!draft.ok()) {
    PH_CHECK(draft.error().code == Code::kInvalid, "a bad draft is the sender's fault");
    return;
  }
  PH_CHECK(sent.size() <= kDraftBytesMax, "larger than a draft may be");
  PH_CHECK(check_draft(*draft).ok(), "an accepted draft fails its own check");
  PH_CHECK(!parse_entry(sent).ok(), "a draft passes for an entry");

  const Bytes encoded = encode_draft(*draft);
  PH_CHECK(encoded.size() <= 4 * kDraftBytesMax, "a draft that grows when it is encoded");
  if (encoded.size() <= kDraftBytesMax) {
    const auto again = parse_draft(encoded);
    PH_CHECK(again.ok(), "an encoded draft does not parse");
    PH_CHECK(encode_draft(*again) == encoded, "an encoded draft is not the same draft");
    PH_CHECK(again->id == draft->id && again->tags == draft->tags &&
                 again->payload == draft->payload && again->cause_seq == draft->cause_seq,
             "an encoded draft lost a field");
  }

  Sequencing sequencing;
  sequencing.seq = ~Seq{0};
  sequencing.commit_first_seq = ~Seq{0};
  sequencing.time_ns = INT64_MAX;
  sequencing.peer = Peer{~0U, ~0U};
  sequencing.tag_links.assign(draft->tags.size(), {~Seq{0}, ~std::uint64_t{0}});
  const auto entry = encode_entry(*draft, sequencing);
  if (!entry.ok()) {
    PH_CHECK(entry.error().code == Code::kLimit, "an accepted draft has no entry");
    PH_CHECK(encoded.size() > kDraftBytesMax, "the limit of drafts leaves no room for the entry");
    return;
  }
  // The writer refuses what only it may say, and ids of the future, which it tells by its clock.
  if (!check_not_reserved(*draft).ok()) return;
  if (event_id_ms(draft->id) > std::uint64_t{INT64_MAX} / 1'000'000) return;
  EntryReader reader;
  const auto facts = reader.read(*entry, sequencing.seq);
  PH_CHECK(facts.ok(), "an accepted draft becomes an entry that fails verification");
  PH_CHECK((*facts)->id == draft->id && (*facts)->tags.size() == draft->tags.size(), "other facts");
  PH_CHECK(!(*facts)->keys, "a draft from the socket announces a key");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::check_draft_bytes({data, size});
  if (size < 4) return 0;
  // Once more with the right length in front, which a mutator seldom hits.
  Bytes repaired(data, data + size);
  for (std::size_t i = 0; i < 4; ++i) repaired[i] = static_cast<std::uint8_t>((size - 4) >> 8 * i);
  fuzz::check_draft_bytes(repaired);
  return 0;
}
