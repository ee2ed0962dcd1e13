#include "proxy/tls_context.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

namespace phantom {

namespace asio = boost::asio;

Status add_ca_file(asio::ssl::context& context, const std::filesystem::path& ca_file) {
  boost::system::error_code error;
  context.load_verify_file(ca_file.string(), error);
  if (!error) return {};
  return Error{Code::kInvalid,
               "the CA file " + ca_file.string() + " does not load: " + error.message(),
               "it must hold certificates in PEM form"};
}

Result<std::unique_ptr<asio::ssl::context>> make_tls_context(const std::filesystem::path& ca_file) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  static constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(native, kAlpn.data(), kAlpn.size());
  context->set_verify_mode(asio::ssl::verify_peer);
  if (!ca_file.empty()) {
    PH_TRY(add_ca_file(*context, ca_file));
    return context;
  }
  boost::system::error_code error;
  context->set_default_verify_paths(error);
  // Where the linked OpenSSL looks is Debian's place; other systems keep their roots elsewhere.
  for (const char* bundle : {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
    std::error_code absent;
    if (std::filesystem::exists("/etc/ssl/certs/ca-certificates.crt", absent)) break;
    if (std::filesystem::exists(bundle, absent)) context->load_verify_file(bundle, error);
  }
  return context;
}

bool expect_tls_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1;
  return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 &&
         X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size()) == 1;
}

}  // namespace phantom
