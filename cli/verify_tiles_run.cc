#include "cli/verify_kinds.h"

namespace phantom {
namespace {

bool names_a_server(const std::string& place) {
  return place.starts_with("http://") || place.starts_with("https://");
}

}  // namespace

Result<std::unique_ptr<TileSource>> open_tiles_directory(const VerifyArgs& args, VerifyOptions&) {
  if (names_a_server(*args.tiles)) {
    return Error{Code::kUnsupported, "this program has no network code and reads directories only",
                 "'phantom audit verify --tiles' takes a URL"};
  }
  if (args.ca) return Error{Code::kInvalid, "--ca is for --tiles with a URL"};
  return open_tile_source(*args.tiles);
}

VerifyKind tiles_kind(OpenTiles open_tiles) {
  VerifyKind kind;
  kind.flag = "tiles";
  kind.allows = {"against",     "policy",       "receipts", "max-unanchored",
                 "trust-state", "update-trust", "ca"};
  kind.run = [open_tiles](const VerifyArgs& args, VerifyOptions& options) -> Result<Verified> {
    PH_ASSIGN(const auto source, open_tiles(args, options));
    return Verified{verify_tiles(*source, options), *args.tiles};
  };
  return kind;
}

}  // namespace phantom
