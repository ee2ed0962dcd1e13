#include "ledger/mutate.h"

#include "events/encoding.h"
#include "ledger/rows.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kBytesMax = 64;

std::string range_text(std::size_t at, std::size_t count) {
  return std::to_string(count) + (count == 1 ? " byte at " : " bytes at ") + std::to_string(at);
}

Bytes random_bytes(std::size_t count, Dice& dice) {
  Bytes bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(dice.next() >> 32);
  return bytes;
}

auto at_offset(Bytes& bytes, std::size_t at) {
  return bytes.begin() + static_cast<std::ptrdiff_t>(at);
}

// A stretch inside `size` bytes, at least `least` long.
struct Stretch {
  std::size_t at;
  std::size_t count;
};
Stretch choose_stretch(std::size_t size, std::size_t least, Dice& dice) {
  const std::size_t count = least - 1 + dice.small(size - least + 1);
  return {dice.below(size - count + 1), count};
}

std::string apply(Bytes& bytes, ByteChange change, Dice& dice) {
  const std::size_t size = bytes.size();
  switch (change) {
    case ByteChange::kFlipBit: {
      const std::size_t at = dice.below(size);
      const auto bit = static_cast<unsigned>(dice.below(8));
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1U << bit));
      return "bit " + std::to_string(bit) + " of byte " + std::to_string(at) + " flipped";
    }
    case ByteChange::kOverwrite: {
      const Stretch to = choose_stretch(std::min(size, kBytesMax), 1, dice);
      const std::size_t at = dice.below(size - to.count + 1);
      std::ranges::copy(random_bytes(to.count, dice), at_offset(bytes, at));
      return range_text(at, to.count) + " overwritten";
    }
    case ByteChange::kCut: {
      const std::size_t lost = dice.small(size);
      bytes.resize(size - lost);
      return range_text(size - lost, lost) + " cut off";
    }
    case ByteChange::kEmpty:
      bytes.clear();
      return "emptied";
    case ByteChange::kInsert:
    case ByteChange::kAppend: {
      const std::size_t at = change == ByteChange::kAppend ? size : dice.below(size + 1);
      const Bytes more = random_bytes(dice.small(kBytesMax), dice);
      bytes.insert(at_offset(bytes, at), more.begin(), more.end());
      return range_text(at, more.size()) + (at == size ? " appended" : " inserted");
    }
    case ByteChange::kRemove: {
      const Stretch gone = choose_stretch(size, 1, dice);
      bytes.erase(at_offset(bytes, gone.at), at_offset(bytes, gone.at + gone.count));
      return range_text(gone.at, gone.count) + " removed";
    }
    case ByteChange::kRepeat: {
      const Stretch twice = dice.below(4) == 0 ? Stretch{0, size} : choose_stretch(size, 1, dice);
      const Bytes again(at_offset(bytes, twice.at), at_offset(bytes, twice.at + twice.count));
      bytes.insert(at_offset(bytes, twice.at + twice.count), again.begin(), again.end());
      return range_text(twice.at, twice.count) + " repeated";
    }
    case ByteChange::kSwap: {
      const Stretch both = choose_stretch(size, 2, dice);
      std::rotate(at_offset(bytes, both.at), at_offset(bytes, both.at + both.count / 2),
                  at_offset(bytes, both.at + both.count));
      return range_text(both.at, both.count) + " swapped by halves";
    }
  }
  PH_CHECK(false, "every change is handled");
  return {};
}

std::size_t bytes_needed(ByteChange change) {
  switch (change) {
    case ByteChange::kInsert:
    case ByteChange::kAppend:
      return 0;
    case ByteChange::kSwap:
      return 2;
    default:
      return 1;
  }
}

std::string row_name(std::string_view key) {
  if (key.empty()) return "row without key";
  const bool text = key[0] == rows::kTag || key[0] == rows::kMeta;
  return std::string("row ") + key[0] + ' ' +
         (text ? std::string(key.substr(1)) : to_hex(as_bytes(key.substr(1))));
}

// A key of the same kind near another one, which no row has.
std::optional<std::string> free_key(const std::vector<std::string>& keys, const std::string& near,
                                    Dice& dice) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::string key = near;
    switch (dice.below(3)) {
      case 0:
        key += static_cast<char>(dice.below(256));
        break;
      case 1:
        if (key.size() < 2) continue;
        key.back() = static_cast<char>(key.back() + 1);
        break;
      default:
        if (key.size() < 2) continue;
        key[1 + dice.below(key.size() - 1)] ^= static_cast<char>(1U << dice.below(8));
    }
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) return key;
  }
  return std::nullopt;
}

}  // namespace

// SplitMix64.
std::uint64_t Dice::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::uint64_t Dice::small(std::uint64_t bound) { return 1 + below(1 + below(bound)); }

std::optional<ChangedBytes> change_bytes(ByteView bytes, ByteChange change, Dice& dice) {
  if (bytes.size() < bytes_needed(change)) return std::nullopt;
  ChangedBytes changed;
  for (int attempt = 0; attempt < 8; ++attempt) {
    changed.bytes.assign(bytes.begin(), bytes.end());
    changed.what = apply(changed.bytes, change, dice);
    if (!std::ranges::equal(changed.bytes, bytes)) return changed;
  }
  return std::nullopt;  // such as a swap within zeros
}

Result<std::optional<ChangedRows>> change_rows(const RowSource& rows,
                                               const std::vector<std::string>& keys,
                                               RowChange change, Dice& dice) {
  if (keys.empty()) return std::optional<ChangedRows>();
  const std::string& key = keys[dice.below(keys.size())];
  PH_ASSIGN(const std::optional<std::string> stored, rows.get(key));
  if (!stored) return Error{Code::kCorrupt, row_name(key) + " is listed and not there"};
  ChangedRows changed;
  RowChanges& edit = changed.changes;
  switch (change) {
    case RowChange::kEdit: {
      const auto bytes =
          change_bytes(as_bytes(*stored), static_cast<ByteChange>(dice.below(kByteChanges)), dice);
      if (!bytes) return std::optional<ChangedRows>();
      edit.puts.emplace_back(key, std::string(as_text(bytes->bytes)));
      changed.what = row_name(key) + ": " + bytes->what;
      return std::optional(std::move(changed));
    }
    case RowChange::kDelete:
      edit.deletes.push_back(key);
      changed.what = row_name(key) + " deleted";
      return std::optional(std::move(changed));
    case RowChange::kMove:
    case RowChange::kDuplicate: {
      const std::optional<std::string> to = free_key(keys, key, dice);
      if (!to) return std::optional<ChangedRows>();
      edit.puts.emplace_back(*to, *stored);
      if (change == RowChange::kMove) edit.deletes.push_back(key);
      changed.what = row_name(key) + (change == RowChange::kMove ? " moved to " : " copied to ") +
                     row_name(*to);
      return std::optional(std::move(changed));
    }
    case RowChange::kSwap:
    case RowChange::kReplace: {
      std::vector<const std::string*> others;
      for (const std::string& other : keys) {
        const bool alike = change == RowChange::kReplace || other[0] == key[0];
        if (other != key && alike) others.push_back(&other);
      }
      if (others.empty()) return std::optional<ChangedRows>();
      const std::string& other = *others[dice.below(others.size())];
      PH_ASSIGN(const std::optional<std::string> second, rows.get(other));
      if (!second || *second == *stored) return std::optional<ChangedRows>();
      edit.puts.emplace_back(key, *second);
      if (change == RowChange::kSwap) edit.puts.emplace_back(other, *stored);
      changed.what = row_name(key) +
                     (change == RowChange::kSwap ? " swapped with " : " replaced by ") +
                     row_name(other);
      return std::optional(std::move(changed));
    }
    case RowChange::kForge: {
      std::string forged(1, static_cast<char>(dice.below(256)));
      const Bytes rest = random_bytes(dice.below(10), dice);
      forged += as_text(rest);
      if (std::find(keys.begin(), keys.end(), forged) != keys.end()) {
        return std::optional<ChangedRows>();
      }
      edit.puts.emplace_back(forged, as_text(random_bytes(dice.below(kBytesMax), dice)));
      changed.what = "row " + to_hex(as_bytes(forged)) + " forged";
      return std::optional(std::move(changed));
    }
  }
  PH_CHECK(false, "every change is handled");
  return std::optional<ChangedRows>();
}

}  // namespace phantom
