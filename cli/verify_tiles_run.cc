#include "cli/verify_run.h"
#include "ledger/verify_tiles.h"
#include "proxy/http_tiles.h"

namespace phantom {
namespace {

// A request waits for its answer most of the time.
constexpr unsigned kConnections = 8;

Result<std::unique_ptr<TileSource>> open_source(const VerifyArgs& args) {
  if (!is_http_url(*args.tiles)) return open_tile_source(*args.tiles);
  HttpClientOptions options;
  if (args.ca) options.ca_file = *args.ca;
  return open_http_tiles(*args.tiles, options);
}

}  // namespace

Result<int> check_tiles(Environment& environment, const VerifyArgs& args) {
  VerifyOptions options;
  if (const auto stopped = read_outside(environment, args, options)) return *stopped;
  const auto source = open_source(args);
  if (!source.ok()) return refuse_input(environment, source.error());
  if (is_http_url(*args.tiles)) options.threads = kConnections;
  const VerifyReport report =
      with_progress(options, [&] { return verify_tiles(**source, options); });
  const int exit_code = print_report(environment, args, report, *args.tiles);
  if (report.exit_code == kExitOk && args.trust_state && args.update_trust) {
    PH_TRY(update_trust_state(*args.trust_state, report));
  }
  return exit_code;
}

}  // namespace phantom
