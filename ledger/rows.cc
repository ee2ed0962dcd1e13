#include "ledger/rows.h"

#include "events/check.h"
#include "events/encoding.h"
#include "events/limits.h"

namespace phantom::rows {
namespace {

void put64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::string numbered(char prefix, std::uint64_t number) {
  std::string key(1, prefix);
  put64(key, number);
  return key;
}

}  // namespace

std::string bundle(std::uint64_t n) { return numbered(kBundle, n); }
std::string commit(std::uint64_t size) { return numbered(kCommit, size); }
std::string tail(Seq first) { return numbered(kTail, first); }

std::string kept(Seq seq) { return numbered(kKept, seq); }
std::string leaves(std::uint64_t n) { return numbered(kLeaves, n); }

std::string tag(std::string_view name) { return std::string(1, kTag).append(name); }
std::string meta(std::string_view name) { return std::string(1, kMeta).append(name); }

std::string tile(unsigned level, std::uint64_t n) {
  PH_CHECK(level < 8, "tile level");
  std::string key(1, kTile);
  key.push_back(static_cast<char>(level));
  put64(key, n);
  return key;
}

std::optional<std::uint64_t> number_of(std::string_view key) {
  if (key.size() != 9) return std::nullopt;
  return get_be64(as_bytes(key.substr(1)));
}

std::optional<TileKey> parse_tile(std::string_view key) {
  if (key.size() != 10 || key[0] != kTile) return std::nullopt;
  return TileKey{static_cast<unsigned char>(key[1]), get_be64(as_bytes(key.substr(2)))};
}

std::string tag_value(Seq last_seq, std::uint64_t count) {
  std::string value;
  put64(value, last_seq);
  put64(value, count);
  return value;
}

std::string tile_value(const std::vector<Digest>& hashes) {
  std::string value;
  value.reserve(hashes.size() * sizeof(Digest));
  for (const Digest& hash : hashes) value.append(as_text(hash));
  return value;
}

namespace {

// Takes the first entry off; none when it is cut off.
std::optional<ByteView> take_entry(ByteView& rest) {
  if (rest.size() < 2) return std::nullopt;
  const std::size_t length = get_be16(rest);
  if (rest.size() < 2 + length) return std::nullopt;
  const ByteView entry = rest.subspan(2, length);
  rest = rest.subspan(2 + length);
  return entry;
}

}  // namespace

std::optional<std::vector<ByteView>> split_entries(ByteView bundle) {
  std::vector<ByteView> entries;
  entries.reserve(kBundleEvents);
  while (!bundle.empty()) {
    const auto entry = take_entry(bundle);
    if (!entry) return std::nullopt;
    entries.push_back(*entry);
  }
  return entries;
}

std::optional<ByteView> entry_at(ByteView bundle, std::size_t index) {
  for (;; --index) {
    const auto entry = take_entry(bundle);
    if (!entry || index == 0) return entry;
  }
}

void append_to_bundle(std::string& bundle, ByteView entry) {
  PH_CHECK(entry.size() <= kEntryBytesMax, "entry size");
  bundle.push_back(static_cast<char>(entry.size() >> 8));
  bundle.push_back(static_cast<char>(entry.size() & 0xff));
  bundle.append(as_text(entry));
}

}  // namespace phantom::rows
