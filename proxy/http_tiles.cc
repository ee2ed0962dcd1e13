#include "proxy/http_tiles.h"

namespace phantom {
namespace {

class HttpTiles final : public TileSource {
 public:
  HttpTiles(HttpUrl log, std::unique_ptr<HttpClient> client)
      : log_(std::move(log)), client_(std::move(client)) {}

  Result<Bytes> fetch(const std::string& path, std::size_t bytes_max) const override {
    HttpRequest request;
    request.target = log_.path + "/" + path;
    request.answer_bytes_max = bytes_max;
    PH_ASSIGN(HttpAnswer answer, client_->exchange(request));
    PH_TRY(judge(answer.status, path));
    return std::move(answer.body);
  }

  Status each_file(const std::function<void(const std::string&)>&) const override {
    return Error{Code::kUnsupported, "a web server does not list its files"};
  }

 private:
  // Whether the answer is the file that was asked for.
  Status judge(int status, const std::string& path) const {
    const std::string answer =
        log_.authority + " answers " + std::to_string(status) + " for " + path;
    switch (status) {
      case 200:
        return {};
      case 404:
      case 410:
        return Error{Code::kNotFound, answer};
      case 401:
      case 403:
        return Error{Code::kDenied, answer};
      default:
        if (status >= 300 && status < 400) {
          return Error{Code::kInvalid, answer + ": redirects are not followed",
                       "give the URL it leads to"};
        }
        if (status >= 500 || status == 429 || status == 408) {
          return Error{Code::kBusy, answer, "try again when it can be reached"};
        }
        return Error{Code::kInvalid, answer};
    }
  }

  HttpUrl log_;  // its path has no slash at the end
  std::unique_ptr<HttpClient> client_;
};

}  // namespace

Result<std::unique_ptr<TileSource>> open_http_tiles(const std::string& url,
                                                    const HttpClientOptions& options) {
  auto log = parse_http_url(url);
  if (log.ok() && !log->query.empty()) log = Error{Code::kInvalid, "it has a query or a fragment"};
  if (!log.ok()) {
    return std::move(log.error())
        .in("not the prefix of a published log")
        .with_hint("it looks like https://example.com/log and 'checkpoint' is below it");
  }
  while (log->path.ends_with('/')) log->path.pop_back();
  PH_ASSIGN(auto client, HttpClient::open(*log, options));
  return std::unique_ptr<TileSource>(
      std::make_unique<HttpTiles>(std::move(*log), std::move(client)));
}

}  // namespace phantom
