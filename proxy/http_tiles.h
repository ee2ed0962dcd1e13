#pragma once
// A published log behind a web server: plain GET requests, one file each, nothing else. No
// redirects, no proxies from the environment, no cookies, no compression, bounded time and size.

#include "ledger/verify_tiles.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace phantom {

struct HttpTilesOptions {
  std::filesystem::path ca_file;                  // trusted beside the system's roots; may be empty
  std::chrono::milliseconds connect_max{10'000};  // per connection: name, TCP, TLS
  std::chrono::milliseconds idle_max{20'000};     // without a byte
  std::chrono::milliseconds file_max{120'000};    // for one file
};

// True for text that starts like a URL of http or https.
bool is_http_url(std::string_view text);

// `url` is the prefix of the log: <url>/checkpoint. kInvalid: not such a URL, or the CA file does
// not load. Nothing is sent before the first fetch.
//
// Errors of fetch: kBusy when the server cannot be reached or is overloaded, kNotFound for 404 and
// 410, kDenied for 401 and 403, kLimit for a body over the limit, kInvalid for all other answers
// and for a certificate that does not verify.
Result<std::unique_ptr<TileSource>> open_http_tiles(const std::string& url,
                                                    const HttpTilesOptions& options);

}  // namespace phantom
