#pragma once
// A small TLS server for tests of the proxy: a CA and a certificate made on the spot, one thread
// per connection, a script that says what each connection does.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace phantom::proxy_test {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

inline void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

inline Certificate make_certificate(EVP_PKEY* key, const char* name, const char* alt_name,
                                    X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  X509_NAME* subject = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(x, issuer == nullptr ? subject : X509_get_subject_name(issuer));
  X509* signer = issuer == nullptr ? x : issuer;
  add_extension(x, signer, NID_basic_constraints,
                issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(x, signer, NID_subject_key_identifier, "hash");
  if (alt_name != nullptr) add_extension(x, signer, NID_subject_alt_name, alt_name);
  X509_sign(x, issuer == nullptr ? key : issuer_key, EVP_sha256());
  return certificate;
}

inline std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

// One connection of a client to the upstream, seen from the upstream.
class Served {
 public:
  explicit Served(asio::ssl::stream<Tcp::socket>& stream) : stream_(stream) {}

  // The next request head with its blank line; empty when the client has gone.
  std::string read_head() {
    for (;;) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos) {
        std::string head = buffer_.substr(0, end + 4);
        buffer_.erase(0, end + 4);
        return head;
      }
      if (!more()) return {};
    }
  }
  std::string read_bytes(std::size_t count) {
    while (buffer_.size() < count && more()) {
    }
    std::string bytes = buffer_.substr(0, count);
    buffer_.erase(0, bytes.size());
    return bytes;
  }
  // A chunked body, payload only.
  std::string read_chunked() {
    std::string body;
    for (;;) {
      while (buffer_.find("\r\n") == std::string::npos) {
        if (!more()) return body + "<cut>";
      }
      const std::size_t size = std::stoul(buffer_, nullptr, 16);
      buffer_.erase(0, buffer_.find("\r\n") + 2);
      const std::string chunk = read_bytes(size + 2);
      if (chunk.size() < size + 2) return body + "<cut>";
      if (size == 0) return body;
      body += chunk.substr(0, size);
    }
  }
  bool write(std::string_view bytes) {
    boost::system::error_code error;
    asio::write(stream_, asio::buffer(bytes), error);
    return !error;
  }
  void cut() {
    boost::system::error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  bool more() {
    char bytes[16'384];
    boost::system::error_code error;
    const std::size_t got = stream_.read_some(asio::buffer(bytes), error);
    if (error) return false;
    buffer_.append(bytes, got);
    return true;
  }

  asio::ssl::stream<Tcp::socket>& stream_;
  std::string buffer_;
};

class TlsUpstream {
 public:
  using Script = std::function<void(Served&)>;

  // `alt_name` like "IP:127.0.0.1": what the certificate is good for.
  TlsUpstream(const char* alt_name, Script script)
      : acceptor_(io_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        script_(std::move(script)) {
    const Key ca_key(EVP_EC_gen("P-256"));
    const Key key(EVP_EC_gen("P-256"));
    const Certificate ca = make_certificate(ca_key.get(), "Test CA", nullptr, nullptr, nullptr);
    const Certificate leaf =
        make_certificate(key.get(), "upstream", alt_name, ca.get(), ca_key.get());
    ca_pem_ = pem_of(ca.get());
    SSL_CTX_use_certificate(context_.native_handle(), leaf.get());
    SSL_CTX_use_PrivateKey(context_.native_handle(), key.get());
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsUpstream() {
    stopping_ = true;
    // Wakes the accept.
    asio::io_context io;
    Tcp::socket knock(io);
    boost::system::error_code ignored;
    knock.connect(Tcp::endpoint(asio::ip::address_v4::loopback(), port()), ignored);
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (Tcp::socket* socket : open_) ::shutdown(socket->native_handle(), SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  std::uint16_t port() { return acceptor_.local_endpoint().port(); }
  const std::string& ca_pem() const { return ca_pem_; }
  unsigned connections() const { return connections_; }

 private:
  void serve() {
    for (;;) {
      boost::system::error_code error;
      Tcp::socket socket = acceptor_.accept(error);
      if (error || stopping_) return;
      ++connections_;
      threads_.emplace_back(
          [this, moved = std::move(socket)]() mutable { talk(std::move(moved)); });
    }
  }
  void talk(Tcp::socket socket) {
    asio::ssl::stream<Tcp::socket> stream(std::move(socket), context_);
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(&stream.next_layer());
    }
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    if (!error) {
      Served served(stream);
      script_(served);
      if (stream.next_layer().is_open()) stream.shutdown(error);
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, &stream.next_layer());
  }

  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_server};
  Tcp::acceptor acceptor_;
  Script script_;
  std::string ca_pem_;
  std::atomic<bool> stopping_{false};
  std::atomic<unsigned> connections_{0};
  std::mutex mutex_;
  std::vector<Tcp::socket*> open_;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

}  // namespace phantom::proxy_test
