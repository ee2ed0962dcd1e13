#include "ledger/tile_fetch.h"

#include "events/encoding.h"
#include "events/envelope.h"

#include <algorithm>

namespace phantom {
namespace {

using tiles::Kind;
using tiles::Tile;

constexpr std::size_t kHashBytes = sizeof(Digest);

constexpr int kIndeterminateExit = 3;
constexpr int kIoExit = 74;
constexpr int kTemporaryExit = 75;
constexpr int kDeniedExit = 77;

// Facts are good until the reader reads on.
BundleEntry keep(const EntryFacts& facts, ByteView bytes) {
  BundleEntry kept;
  kept.leaf = leaf_hash(bytes);
  kept.facts = facts;
  for (const TagFact& tag : facts.tags) {
    kept.names.insert(kept.names.end(), tag.name.begin(), tag.name.end());
  }
  std::string_view names = as_text(kept.names);
  for (TagFact& tag : kept.facts.tags) {
    tag.name = names.substr(0, tag.name.size());
    names.remove_prefix(tag.name.size());
  }
  return kept;
}

}  // namespace

Failure source_failure(std::string_view check, const std::string& path, const Error& error) {
  Failure failure{std::string(check), path + ": " + error.message};
  switch (error.code) {
    case Code::kNotFound:
      failure.reason = path + " is missing: the checkpoint calls for it";
      break;
    case Code::kLimit:
    case Code::kCorrupt:
      break;
    case Code::kBusy:
      failure.exit_code = kTemporaryExit;
      break;
    case Code::kDenied:
      failure.exit_code = kDeniedExit;
      break;
    case Code::kIo:
      failure.exit_code = kIoExit;
      break;
    default:
      failure.exit_code = kIndeterminateExit;
  }
  return failure;
}

std::optional<std::vector<ByteView>> split_bundle(ByteView bundle, unsigned width, unsigned count) {
  std::vector<ByteView> entries;
  for (unsigned i = 0; i < width; ++i) {
    if (bundle.size() < 2) return std::nullopt;
    const std::size_t length = get_be16(bundle);
    if (bundle.size() < 2 + length) return std::nullopt;
    if (i < count) entries.push_back(bundle.subspan(2, length));
    bundle = bundle.subspan(2 + length);
  }
  if (!bundle.empty()) return std::nullopt;
  return entries;
}

Result<ServedTile> fetch_tile(const TileSource& source, const Tile& tile) {
  const std::size_t bytes_max = tile.kind == Kind::kHashes ? kHashTileBytes : kBundleBytesMax;
  auto bytes = source.fetch(tiles::path_of(tile), bytes_max);
  if (bytes) return ServedTile{tile, std::move(*bytes)};
  if (tile.full() || bytes.error().code != Code::kNotFound) return std::move(bytes.error());
  // A log may drop a partial tile once it has the full one.
  const Tile full{tile.kind, tile.level, tile.n};
  auto instead = source.fetch(tiles::path_of(full), bytes_max);
  if (instead) return ServedTile{full, std::move(*instead)};
  return std::move(instead.error().code == Code::kNotFound ? bytes.error() : instead.error());
}

Result<Bytes> fetch_hashes(const TileSource& source, const Tile& tile) {
  PH_ASSIGN(ServedTile served, fetch_tile(source, tile));
  if (served.bytes.size() != served.tile.width * kHashBytes) {
    return Error{Code::kCorrupt, "it has " + std::to_string(served.bytes.size()) + " bytes, not " +
                                     std::to_string(served.tile.width * kHashBytes)};
  }
  served.bytes.resize(tile.width * kHashBytes);
  return std::move(served.bytes);
}

BundlePart read_bundle(const TileSource& source, std::uint64_t n, unsigned width) {
  BundlePart part;
  const Tile bundle{Kind::kEntries, 0, n, width};
  const std::string path = tiles::path_of(bundle);
  const auto served = fetch_tile(source, bundle);
  if (!served) {
    part.failure = source_failure("entries", path, served.error());
    return part;
  }
  const auto entries = split_bundle(served->bytes, served->tile.width, width);
  const Seq first = n * tiles::kWidth;
  if (!entries) {
    part.failure = Failure{"entries", path + " does not split into its entries", first};
    return part;
  }
  EntryReader reader;
  for (unsigned i = 0; i < width; ++i) {
    const auto facts = reader.read((*entries)[i], first + i);
    if (!facts) {
      part.failure = failure_of("entries", facts.error());
      part.failure->reason.insert(0, "event " + std::to_string(first + i) + ": ");
      part.failure->seq = first + i;
      // What looks like a newer format is none when the tile knows another entry there.
      const auto hashes = fetch_hashes(source, {Kind::kHashes, 0, n, width});
      const Digest leaf = leaf_hash((*entries)[i]);
      if (hashes && !std::equal(leaf.begin(), leaf.end(), hashes->begin() + i * kHashBytes)) {
        part.failure->exit_code = 1;
      }
      return part;
    }
    part.entries.push_back(keep(**facts, (*entries)[i]));
  }
  const Tile leaves{Kind::kHashes, 0, n, width};
  auto hashes = fetch_hashes(source, leaves);
  if (!hashes) {
    part.failure = source_failure("tiles", tiles::path_of(leaves), hashes.error());
    return part;
  }
  part.hashes = std::move(*hashes);
  return part;
}

}  // namespace phantom
