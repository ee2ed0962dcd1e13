// Property: bytes that parse as an entry parse only at their exact length and their own number, and
// whatever parses renders as one strict JSON object and one harmless line of bounded size.

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/limits.h"
#include "events/render.h"
#include "events/sha256.h"
#include "events/tags.h"
#include "ledger/verify_entry.h"
#include "tests/fuzz/fuzz.h"

#include <boost/json.hpp>

#include <set>

namespace phantom::fuzz {
namespace {

namespace json = boost::json;

void check_numbers(const json::value& value) {
  constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
  if (value.is_int64()) {
    PH_CHECK(value.get_int64() <= kExactMax && value.get_int64() >= -kExactMax,
             "a number in the JSON is larger than a double holds");
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) check_numbers(member.value());
  } else if (value.is_array()) {
    for (const json::value& item : value.get_array()) check_numbers(item);
  } else {
    PH_CHECK(!value.is_uint64() && !value.is_double(), "an inexact number in the JSON");
  }
}

void check_rendering(const schema::Entry& entry, ByteView bytes) {
  const auto unseal = [](const EventId&, const SealedField& field) -> Result<std::string> {
    if (field.nonce.empty()) return Error{Code::kDenied, "sealed"};
    return std::string(as_text(field.ciphertext));
  };
  for (const Unsealer& unsealer : {Unsealer(), Unsealer(unseal)}) {
    const std::string text = entry_to_json(entry, bytes, unsealer);
    PH_CHECK(is_printable_line(text), "the JSON has something unsafe in it");
    PH_CHECK(text.size() <= 4'096 + 100 * bytes.size(), "the JSON is out of proportion");
    json::error_code error;
    const json::value parsed = json::parse(text, error);
    PH_CHECK(!error && parsed.is_object(), "what was rendered is not a JSON object");
    check_numbers(parsed);
    const json::object& object = parsed.get_object();
    PH_CHECK(object.begin()->key() == "v" && object.begin()->value() == 1, "no version in front");
    const std::uint8_t prefix = 0;
    const Digest leaf = sha256({ByteView(&prefix, 1), bytes});
    PH_CHECK(object.at("leaf_hash").get_string() == to_hex(leaf), "another leaf hash");
  }
  const std::string line = entry_to_line(entry);
  PH_CHECK(is_printable_line(line), "the line has something unsafe in it");
}

bool same_facts(const EntryFacts& a, const EntryFacts& b) {
  const auto same_tag = [](const TagFact& x, const TagFact& y) {
    return x.name == y.name && x.prev_seq == y.prev_seq && x.count == y.count;
  };
  const auto key = [](const EntryFacts& facts) {
    return facts.keys ? facts.keys->origin + " " + facts.keys->epoch_key.text() : std::string();
  };
  return a.id == b.id && a.time_ns == b.time_ns && a.commit_first_seq == b.commit_first_seq &&
         a.known_type == b.known_type && key(a) == key(b) &&
         std::equal(a.tags.begin(), a.tags.end(), b.tags.begin(), b.tags.end(), same_tag);
}

void check_facts(const schema::Entry& entry, ByteView bytes) {
  // Keeps its memory from one input to the next; what was there before must not show.
  static EntryReader used;
  EntryReader fresh;
  const auto facts = fresh.read(bytes, entry.seq());
  const auto again = used.read(bytes, entry.seq());
  PH_CHECK(facts.ok() == again.ok(), "an entry depends on the one before");
  if (!facts.ok()) return;
  PH_CHECK(same_facts(**facts, **again), "facts depend on the entry before");
  std::set<std::string_view> names;
  for (const TagFact& tag : (*facts)->tags) {
    PH_CHECK(is_valid_tag(tag.name) && names.insert(tag.name).second, "tags are not a set");
  }
  PH_CHECK((names.count(kEpochTag) == 1) == (*facts)->keys.has_value(),
           "key news and the epoch tag do not come together");
  PH_CHECK((*facts)->known_type == (find_event(entry.type()) != nullptr), "unknown type");
  PH_CHECK(!used.read(bytes, entry.seq() + 1).ok(), "it passes for another number");
}

void check_entry(ByteView bytes) {
  const Bytes stored = to_bytes(bytes);
  const auto entry = parse_entry(stored);
  if (!entry.ok()) {
    PH_CHECK(entry.error().code == Code::kCorrupt || entry.error().code == Code::kUnsupported,
             "an error without a verdict");
    return;
  }
  PH_CHECK(stored.size() <= kEntryBytesMax, "larger than an entry may be");
  Bytes longer = stored;
  longer.push_back(0);
  PH_CHECK(!parse_entry(longer).ok(), "a byte after the end is accepted");
  const Bytes shorter(stored.begin(), stored.end() - 1);
  PH_CHECK(!parse_entry(shorter).ok(), "an entry without its last byte is accepted");
  PH_CHECK(!parse_draft(stored).ok(), "an entry passes for a draft");
  check_facts(**entry, stored);
  check_rendering(**entry, stored);
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::check_entry({data, size});
  if (size < 4) return 0;
  // Once more with the right length in front, which a mutator seldom hits.
  Bytes repaired(data, data + size);
  for (std::size_t i = 0; i < 4; ++i) repaired[i] = static_cast<std::uint8_t>((size - 4) >> 8 * i);
  fuzz::check_entry(repaired);
  return 0;
}
