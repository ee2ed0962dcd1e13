#pragma once
// Verification of a log that was published as C2SP tlog-tiles, wherever it is served from.

#include "events/result.h"
#include "ledger/verify.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace phantom {

// Where tiles come from. Paths are those of ledger/tile_paths.h. Called from several threads.
class TileSource {
 public:
  virtual ~TileSource() = default;

  // The whole file. kNotFound: there is none. kLimit: it is longer than `bytes_max`. kBusy: cannot
  // be reached at this time. kInvalid: what answered does not serve files. kDenied, kIo.
  virtual Result<Bytes> fetch(const std::string& path, std::size_t bytes_max) const = 0;
  // Calls `visit` with the path of every file there is. kUnsupported: the source cannot tell.
  virtual Status each_file(const std::function<void(const std::string& path)>& visit) const = 0;
};

std::unique_ptr<TileSource> open_tile_source(const std::filesystem::path& directory);

// Reads every entry and tile that the checkpoint calls for. Of the options: key, anchors, trust,
// clock, threads (of fetching, too), progress.
//
// Checks, in order: checkpoint, entries, tree, tiles, ids, schema, key, trust, anchors. Rungs: L0
// checkpoint and entries parse; L1 tree, tiles, ids; then as for a ledger. Exit code 75 when the
// source cannot be reached.
VerifyReport verify_tiles(const TileSource& source, const VerifyOptions& options);

}  // namespace phantom
