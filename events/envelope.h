#pragma once
// The bytes of an event: drafts on the wire, entries on disk. docs/FORMAT.md sections 2 and 6.
//
// An entry is hashed and signed as stored and never encoded again to be checked. Nothing is read
// from bytes before the FlatBuffers verifier has passed them and trailing bytes are ruled out.

#include "events/draft.h"
#include "events/result.h"

namespace phantom {

inline constexpr std::uint16_t kEntryFormat = 1;

// What the writer adds to a draft to make it an entry.
struct Sequencing {
  Seq seq = 0;
  Seq commit_first_seq = 0;  // first event of the same commit
  std::int64_t time_ns = 0;
  std::optional<Peer> peer;
  // One link per tag of the draft, in the same order.
  struct TagLink {
    Seq prev_seq = 0;
    std::uint64_t count = 1;
  };
  std::vector<TagLink> tag_links;
};

// Encodes one entry after the other into the same memory. One thread.
class EntryEncoder {
 public:
  // Good until the next call. kLimit when the entry would be larger than kEntryBytesMax.
  Result<ByteView> encode(const Draft& draft, const Sequencing& sequencing);

 private:
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<flatbuffers::Offset<schema::Tag>> tags_;
};
// The same for a single entry, to keep.
Result<Bytes> encode_entry(const Draft& draft, const Sequencing& sequencing);

// The verified view of an entry. Points into `bytes`, which must outlive it.
// kCorrupt: not an entry, bytes left over, or parts that overlap. kUnsupported: a newer format.
Result<const schema::Entry*> parse_entry(ByteView bytes);

Bytes encode_draft(const Draft& draft);
// Checks all that the writer relies on: bounds, tag names, no duplicate tags, that the event is
// filed under the session, project and actor it names, sealed fields of the right size, a payload
// of its type. Drafts that announce keys are the writer's own and refused. kInvalid otherwise.
Result<Draft> parse_draft(ByteView bytes);
Status check_draft(const Draft& draft);

EventId event_id_of(const schema::Entry& entry);

// The leaf hash of RFC 6962: SHA-256(0x00 || entry).
Digest leaf_hash(ByteView entry);

}  // namespace phantom
