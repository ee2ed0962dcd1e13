#include "cli/anchor_log.h"
#include "cli/verify_kinds.h"
#include "proxy/http_tiles.h"

namespace phantom {
namespace {

// A request waits for its answer most of the time.
constexpr unsigned kConnections = 8;

}  // namespace

Result<std::unique_ptr<TileSource>> open_tiles_anywhere(const VerifyArgs& args,
                                                        VerifyOptions& options) {
  add_held_receipts(options);
  if (!is_http_url(*args.tiles)) return open_tiles_directory(args, options);
  options.threads = kConnections;
  HttpClientOptions http;
  if (args.ca) http.ca_file = *args.ca;
  return open_http_tiles(*args.tiles, http);
}

}  // namespace phantom
