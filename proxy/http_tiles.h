#pragma once
// A published log behind a web server: plain GET requests, one file each, nothing else.

#include "ledger/verify_tiles.h"
#include "proxy/http_client.h"

#include <memory>
#include <string>

namespace phantom {

// `url` is the prefix of the log: <url>/checkpoint. kInvalid: not such a URL, or the CA file does
// not load. Nothing is sent before the first fetch.
//
// Errors of fetch: kBusy when the server cannot be reached or is overloaded, kNotFound for 404 and
// 410, kDenied for 401 and 403, kLimit for a body over the limit, kInvalid for all other answers
// and for a certificate that does not verify.
Result<std::unique_ptr<TileSource>> open_http_tiles(const std::string& url,
                                                    const HttpClientOptions& options);

}  // namespace phantom
