#include "ledger/backup_source.h"

#include "events/encoding.h"
#include "events/limits.h"
#include "ledger/home.h"
#include "ledger/prove.h"
#include "ledger/tile_paths.h"
#include "ledger/trust.h"

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSmallFileBytesMax = 64 * 1024;
constexpr std::size_t kBundleBytesMax = tiles::kWidth * (kEntryBytesMax + 2);

// Cuts entries off the front of a bundle.
class BundleEntries {
 public:
  BundleEntries() = default;
  explicit BundleEntries(Bytes bytes) : bytes_(std::move(bytes)) {}

  // None at the end and when what is left is no entry.
  std::optional<ByteView> next() {
    const ByteView left = ByteView(bytes_).subspan(at_);
    if (left.size() < 2) return std::nullopt;
    const std::size_t length = get_be16(left);
    if (left.size() < 2 + length) return std::nullopt;
    at_ += 2 + length;
    return left.subspan(2, length);
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Result<BackupSource> BackupSource::open(const fs::path& directory) {
  BackupSource source;
  source.directory_ = directory;
  const auto format = read_file(directory / backup::kFormatFile, kSmallFileBytesMax);
  if (!format && format.error().code == Code::kNotFound) {
    return Error{Code::kNotFound, "there is no backup at " + directory.string(),
                 "name the directory that 'phantom ledger backup' wrote"};
  }
  if (!format) return format.error();
  PH_ASSIGN(source.origin_, backup::parse_format(as_text(*format)));
  const auto note = read_file(directory / tiles::kCheckpointPath, kSmallFileBytesMax);
  if (!note && note.error().code == Code::kNotFound) {
    return Error{
        Code::kNotFound,
        "the backup at " + directory.string() + " was never finished: it has no checkpoint",
        "use another backup"};
  }
  if (!note) return note.error();
  auto parsed = parse_checkpoint(as_text(*note));
  if (!parsed) return std::move(parsed.error()).in("the backup's checkpoint");
  source.checkpoint_ = std::move(*parsed);
  if (source.checkpoint_.checkpoint.size == 0) {
    return Error{Code::kCorrupt, "the backup's checkpoint covers no event"};
  }
  if (source.checkpoint_.checkpoint.origin != source.origin_) {
    return Error{Code::kCorrupt, "the backup's checkpoint is of another ledger"};
  }
  return source;
}

Result<std::optional<SignedCheckpoint>> BackupSource::trust() const {
  PH_ASSIGN(const std::string id, ledger_id_of(origin_));
  const auto note =
      read_file(directory_ / backup::kTrust / (id + ".checkpoint"), kSmallFileBytesMax);
  if (!note && note.error().code == Code::kNotFound) return std::optional<SignedCheckpoint>();
  if (!note) return note.error();
  auto parsed = parse_checkpoint(as_text(*note));
  if (!parsed) return std::move(parsed.error()).in("the backup's trust checkpoint");
  return std::optional(std::move(*parsed));
}

Result<Bytes> BackupSource::read_bundle(std::uint64_t n) const {
  tiles::Tile tile{tiles::Kind::kEntries, 0, n, tiles::kWidth};
  auto bytes = read_file(directory_ / tiles::path_of(tile), kBundleBytesMax);
  const tiles::Level held = tiles::level_of(0, checkpoint_.checkpoint.size);
  if (!bytes && bytes.error().code == Code::kNotFound && n == held.full && held.partial != 0) {
    tile.width = held.partial;
    bytes = read_file(directory_ / tiles::path_of(tile), kBundleBytesMax);
  }
  if (!bytes && bytes.error().code == Code::kNotFound) {
    return Error{Code::kCorrupt, "the backup has no " + tiles::path_of(tile)};
  }
  return bytes;
}

Status BackupSource::feed(
    StoreBuilder& builder,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) const {
  const std::uint64_t size = checkpoint_.checkpoint.size;
  BundleEntries entries;
  for (std::uint64_t n = 0; builder.size() < size; ++n) {
    const auto notes = backup::read_notes(directory_, n);
    if (!notes && notes.error().code == Code::kNotFound) {
      return Error{Code::kCorrupt, "the backup has no " + backup::commits_path(n)};
    }
    if (!notes) return notes.error();
    for (const std::string& note : *notes) {
      PH_ASSIGN(const SignedCheckpoint commit, parse_checkpoint(note));
      if (commit.checkpoint.size > size) break;  // of a later run that was cut off
      while (builder.size() < commit.checkpoint.size) {
        if (builder.size() % tiles::kWidth == 0) {
          PH_ASSIGN(Bytes bundle, read_bundle(builder.size() / tiles::kWidth));
          entries = BundleEntries(std::move(bundle));
          if (progress) progress(builder.size(), size);
        }
        const std::optional<ByteView> entry = entries.next();
        if (!entry) {
          return Error{Code::kCorrupt, "the backup's bundle of event " +
                                           std::to_string(builder.size()) +
                                           " does not split into its entries"};
        }
        PH_TRY(builder.add(*entry));
      }
      PH_TRY(builder.commit(note));
    }
    if (notes->size() < backup::kNotesPerFile && builder.size() < size) {
      return Error{Code::kCorrupt, "the backup lacks the notes of its newest commits"};
    }
  }
  PH_CHECK(builder.head().has_value(), "a checkpoint covers at least one event");
  PH_ASSIGN(const SignedCheckpoint published, outside_checkpoint(*builder.head()));
  if (published.note != checkpoint_.note) {
    return Error{Code::kCorrupt, "the backup's checkpoint is not the note of its newest commit"};
  }
  return {};
}

}  // namespace phantom
