#pragma once
// TLS as a client: modern versions only, certificates always checked against the name that was
// asked for.

#include "events/result.h"

#include <filesystem>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}
typedef struct ssl_st SSL;

namespace phantom {

// With the system's roots, or with those of `ca_file` alone when there is one. kInvalid when it
// does not load.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(
    const std::filesystem::path& ca_file);

// Trusts the certificates of `ca_file` too. kInvalid when it does not load.
Status add_ca_file(boost::asio::ssl::context& context, const std::filesystem::path& ca_file);

// Makes the handshake fail unless the peer's certificate is for `host`, a name or an address.
bool expect_tls_host(SSL* ssl, const std::string& host);

}  // namespace phantom
