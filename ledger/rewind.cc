#include "ledger/rewind.h"

#include "events/envelope.h"
#include "ledger/head_guard.h"
#include "ledger/rows.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

class Rewind {
 public:
  Rewind(const StoreReader& rows, std::uint64_t size, std::uint64_t to_size)
      : rows_(rows), size_(size), to_(to_size) {}

  Result<RowChanges> run() {
    PH_TRY(commits());
    PH_TRY(bundles());
    PH_TRY(tiles());
    PH_TRY(tags());
    PH_TRY(runs());
    return std::move(changes_);
  }

 private:
  template <class Visit>
  Status each(char kind, const std::string& from, Visit visit) {
    const auto cursor = rows_.cursor(std::string(1, kind), from);
    for (; cursor->valid(); cursor->next()) visit(cursor->key(), cursor->value());
    return cursor->status();
  }
  void remove(std::string_view key) { changes_.deletes.emplace_back(key); }

  Status commits() {
    return each(rows::kCommit, rows::commit(to_ + 1), [&](auto key, auto) { remove(key); });
  }

  Status bundles() {
    return each(rows::kBundle, rows::bundle(to_ / rows::kBundleEvents),
                [&](auto key, auto) { remove(key); });
  }

  Status tiles() {
    return each(rows::kTile, "", [&](std::string_view key, std::string_view value) {
      const std::optional<rows::TileKey> tile = rows::parse_tile(key);
      if (!tile) return;
      const unsigned shift = tile->level * rows::kTileHeight;
      const std::uint64_t hashes = shift < 64 ? to_ >> shift : 0;
      const std::uint64_t before = tile->n * rows::kTileWidth;
      const std::uint64_t stay =
          std::min<std::uint64_t>(hashes - std::min(hashes, before), rows::kTileWidth);
      if (stay == 0) {
        remove(key);
      } else if (value.size() > stay * sizeof(Digest)) {
        changes_.puts.emplace_back(key, value.substr(0, stay * sizeof(Digest)));
      }
    });
  }

  // Each link back is what the tag's row said before.
  Status tags() {
    struct Was {
      Seq last = 0;
      std::uint64_t count = 0;
    };
    std::map<std::string, Was> tags;
    for (Seq seq = size_; seq-- > to_;) {
      PH_ASSIGN(const Bytes bytes, read_entry(rows_, size_, seq));
      PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
      if (entry->tags() == nullptr) continue;
      for (const schema::Tag* tag : *entry->tags()) {
        tags[tag->name()->str()] = {tag->prev_seq(), tag->count() - 1};
      }
    }
    for (const auto& [name, was] : tags) {
      if (was.count == 0) {
        remove(rows::tag(name));
      } else {
        changes_.puts.emplace_back(rows::tag(name), rows::tag_value(was.last, was.count));
      }
    }
    return {};
  }

  Status runs() {
    const Seq base = rows::open_bundle(to_);
    std::map<std::string, std::string> runs;
    for (Seq seq = base; seq < to_; ++seq) {
      PH_ASSIGN(const Bytes bytes, read_entry(rows_, size_, seq));
      PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
      const Seq first = std::max<Seq>(entry->commit_first_seq(), base);
      rows::append_to_bundle(runs[rows::tail(first)], bytes);
    }
    PH_TRY(each(rows::kTail, "", [&](std::string_view key, std::string_view) {
      if (!runs.contains(std::string(key))) remove(key);
    }));
    for (auto& [key, run] : runs) changes_.puts.emplace_back(key, std::move(run));
    return {};
  }

  const StoreReader& rows_;
  std::uint64_t size_;
  std::uint64_t to_;
  RowChanges changes_;
};

}  // namespace

Result<RowChanges> rewind_rows(const StoreReader& rows, std::uint64_t size, std::uint64_t to_size) {
  PH_CHECK(to_size > 0 && to_size <= size, "a ledger is taken back, not forward");
  return Rewind(rows, size, to_size).run();
}

Result<std::vector<std::uint64_t>> newest_commits(const StoreReader& rows, std::size_t count_max) {
  PH_ASSIGN(const Seq first_kept, read_first_kept(rows));
  std::vector<std::uint64_t> sizes;
  std::uint64_t below = ~std::uint64_t{0};
  while (sizes.size() < count_max) {
    PH_ASSIGN(const std::optional<RowSource::Row> row, rows.floor(rows::commit(below)));
    if (!row) break;
    const std::optional<std::uint64_t> size = rows::number_of(row->first);
    if (!size || *size == 0 || rows::open_bundle(*size) < first_kept) break;
    sizes.push_back(*size);
    below = *size - 1;
  }
  std::reverse(sizes.begin(), sizes.end());
  return sizes;
}

Bytes head_file_of(std::string_view note) {
  Bytes bytes(kHeadFileBytes);
  std::ranges::copy(encode_head_slot(1, note), bytes.begin() + kHeadSlotBytes);
  return bytes;
}

}  // namespace phantom
