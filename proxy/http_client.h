#pragma once
// One exchange with a web server as a client: HTTP/1.1 over TCP or TLS, read strictly. No
// redirects, no proxies from the environment, no cookies, no compression; time and size are
// bounded.

#include "events/result.h"
#include "events/types.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct HttpUrl {
  enum class Scheme { kHttp, kHttps } scheme = Scheme::kHttp;
  std::string host;
  std::string port;
  std::string authority;  // host and port as the Host field wants them
  std::string path;       // percent-encoded; empty or from the first slash on
  std::string query;      // with its question mark, or empty

  std::string target() const { return (path.empty() ? "/" : path) + query; }
};
// kInvalid: not a URL of http or https, or one with a user name or a fragment.
Result<HttpUrl> parse_http_url(std::string_view text);
// True for text that starts like one.
bool is_http_url(std::string_view text);

struct HttpClientOptions {
  std::filesystem::path ca_file;                  // trusted beside the system's roots; may be empty
  std::chrono::milliseconds connect_max{10'000};  // per connection: name, TCP, TLS
  std::chrono::milliseconds idle_max{20'000};     // without a byte
  std::chrono::milliseconds exchange_max{120'000};  // request and answer together
};

struct HttpField {
  std::string name;
  std::string value;
};

// Whether a request may be sent a second time when a kept connection turns out closed. What may not
// gets a connection that is known to be open.
enum class Resend {
  kByMethod,  // GET and HEAD only
  kAllowed    // twice is as good as once
};

struct HttpRequest {
  std::string method = "GET";  // GET, HEAD, POST, PUT, PATCH or DELETE; the last has no body
  std::string target;          // origin form: path and query, percent-encoded
  // Without Host, Connection, Accept-Encoding and those that frame the body: these are the
  // client's.
  std::vector<HttpField> fields = {};
  Bytes body = {};
  std::size_t answer_bytes_max = 64 * 1024;  // of the answer's body
  Resend resend = Resend::kByMethod;
};

struct HttpAnswer {
  int status = 0;
  std::vector<HttpField> fields;
  // Whole for a status of 2xx; of any other at most the first answer_bytes_max bytes.
  Bytes body;

  // The first field of that name, whatever its case; null when there is none.
  const std::string* field(std::string_view name) const;
};

// One server. Keeps connections for reuse; safe from several threads.
class HttpClient {
 public:
  // Only scheme, host and port of `server` count. kInvalid: the CA file does not load. Nothing is
  // sent before the first exchange.
  static Result<std::unique_ptr<HttpClient>> open(HttpUrl server, HttpClientOptions options);
  ~HttpClient();

  // Every status is a result. kBusy: the server cannot be reached, closed early or was too slow; a
  // request with a body may have been acted on. kInvalid: a request that cannot be sent, an answer
  // that is not HTTP/1.1 or is compressed, a certificate that does not verify. kLimit: a body of a
  // 2xx over answer_bytes_max.
  Result<HttpAnswer> exchange(const HttpRequest& request) const;

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One exchange on a connection of its own, with the server that `url` names. Its path and query are
// the target; the request's own target is not looked at. Errors as above, and of parse_http_url().
Result<HttpAnswer> http_exchange(const std::string& url, HttpRequest request,
                                 const HttpClientOptions& options);

}  // namespace phantom
