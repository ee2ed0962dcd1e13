#pragma once
// Writes a ledger as C2SP tlog-tiles, for others to read and check without phantom. Only what is
// new since the last time is written. docs/FORMAT.md section 13.

#include "events/result.h"
#include "ledger/reader.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace phantom {

// Where tiles go. Paths are those of ledger/tile_paths.h.
class TileSink {
 public:
  virtual ~TileSink() = default;

  // The note that was published last; none when nothing was.
  virtual Result<std::optional<std::string>> checkpoint() = 0;
  // Readers find the whole file or none. Not durable before commit().
  virtual Status put(const std::string& path, ByteView bytes) = 0;
  // Makes everything put so far durable, and only then replaces the checkpoint.
  virtual Status commit(std::string_view note) = 0;
  // Removes a directory of partial tiles. What cannot be removed stays and does no harm.
  virtual void remove_partials(const std::string& path) = 0;
};

// A directory, made when it is not there, with a lock on it for as long as the sink lives. kBusy:
// somebody else is publishing to it.
Result<std::unique_ptr<TileSink>> open_tile_directory(const std::filesystem::path& directory);

struct Published {
  Checkpoint checkpoint;
  std::string note;  // as published: signed by the log key only
  std::uint64_t size_before = 0;
  std::uint64_t files = 0;  // tiles and bundles written now
  std::uint64_t bytes = 0;
};

// Publishes the reader's snapshot. Nothing of an older checkpoint is changed before the new one is
// in place, so that a run cut off at any point leaves the old one intact.
// kCorrupt, with both notes: what was published is no start of this ledger; or the ledger does not
// hash to its own checkpoint. kExists: the sink holds another log or something that is no log.
// `progress`: now and then, with the events done and their number.
// kDenied when a copy that has the first `published_size` events cannot be brought up to date: the
// events that would follow were removed.
Status check_copyable(const LedgerReader& reader, std::uint64_t published_size);

Result<Published> publish_tiles(
    const LedgerReader& reader, TileSink& sink,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace phantom
