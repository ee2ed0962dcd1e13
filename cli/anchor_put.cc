// Checkpoints as objects of a store that keeps what it is given: S3 with object lock, WebDAV, any
// server that takes PUT and honours If-None-Match. One object a checkpoint:
//   <url>/<ledger id>/<size, 20 digits>.note
// Gaps and versions can be seen by whoever lists the store.

#include "cli/anchor_kind.h"
#include "ledger/home.h"
#include "proxy/http_client.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kNoteBytesMax = 64 * 1024;
constexpr std::size_t kHeaderBytesMax = 16 * 1024;

class PutAnchor final : public Anchor {
 public:
  explicit PutAnchor(AnchorSetup setup) : setup_(std::move(setup)) {}

  Result<AnchorAnswer> push(const AnchorPush& push) override {
    AnchorReceipt receipt{setup_.spec.name, push.checkpoint.checkpoint.size, push.checkpoint.note};
    HttpRequest put;
    put.method = "PUT";
    put.fields = {{"If-None-Match", "*"}, {"Content-Type", "text/plain; charset=utf-8"}};
    put.body = to_bytes(receipt.note);
    PH_ASSIGN(const HttpAnswer answer, exchange(receipt.size, std::move(put)));
    receipt.text = "phantom-put-receipt/v1\nurl " + url_of(receipt.size) + "\nstatus " +
                   std::to_string(answer.status) + "\n";
    if (answer.status == 200 || answer.status == 201 || answer.status == 204) {
      return AnchorAnswer(AnchorGave{std::move(receipt)});
    }
    // 412: there is one. 409: S3 while another writes it.
    if (answer.status != 412 && answer.status != 409) return refused("PUT", answer.status);
    PH_ASSIGN(const std::vector<AnchorReceipt> there, held({receipt.size}, 1));
    if (there.empty()) return Error{Code::kBusy, "the store has an object and does not show it"};
    if (there[0].note != receipt.note) {
      PH_ASSIGN(auto wrong, compare_held(there[0], setup_.log_key, push.reader));
      if (wrong) return AnchorAnswer(std::move(*wrong));
    }
    return AnchorAnswer(AnchorGave{std::move(receipt)});
  }

  Result<std::vector<AnchorReceipt>> held(const std::vector<std::uint64_t>& kept,
                                          std::size_t newest_max) override {
    std::vector<AnchorReceipt> notes;
    for (auto size = kept.rbegin(); size != kept.rend() && notes.size() < newest_max; ++size) {
      HttpRequest get;
      get.answer_bytes_max = kNoteBytesMax;
      PH_ASSIGN(const HttpAnswer answer, exchange(*size, std::move(get)));
      if (answer.status == 404) {
        return Error{Code::kNotFound, "the store no longer has the checkpoint of " +
                                          std::to_string(*size) + " events it was given"};
      }
      if (answer.status != 200) return refused("GET", answer.status);
      AnchorReceipt note{setup_.spec.name, *size, std::string(as_text(answer.body))};
      note.held = true;
      notes.push_back(std::move(note));
    }
    return notes;
  }

 private:
  std::string url_of(std::uint64_t size) const {
    std::string url = setup_.spec.place;
    if (!url.ends_with('/')) url += '/';
    return url + setup_.ledger_id + "/" + size_file_name(size) + ".note";
  }

  static Error refused(const char* method, int status) {
    return {status >= 500 || status == 429 ? Code::kBusy : Code::kDenied,
            std::string("the store answered ") + method + " with HTTP status " +
                std::to_string(status)};
  }

  Result<HttpAnswer> exchange(std::uint64_t size, HttpRequest request) const {
    PH_ASSIGN(std::optional<HttpField> credential, header());
    if (credential) request.fields.push_back(std::move(*credential));
    HttpClientOptions options;
    options.exchange_max = setup_.time_max;
    return http_exchange(url_of(size), std::move(request), options);
  }

  // "Name: value", from where the policy says. Never shown.
  Result<std::optional<HttpField>> header() const {
    if (setup_.spec.header_source.empty()) return std::optional<HttpField>();
    std::string line;
    if (setup_.spec.header_source == "file") {
      PH_ASSIGN(const Bytes bytes, read_file(setup_.spec.header_name, kHeaderBytesMax));
      line = as_text(bytes);
    } else if (const char* value = setup_.variable(setup_.spec.header_name.c_str())) {
      line = value;
    }
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      return Error{Code::kInvalid,
                   "the header of the policy's line is not there, or has not the "
                   "form Name: value"};
    }
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    return std::optional(
        HttpField{line.substr(0, colon), value == std::string::npos ? "" : line.substr(value)});
  }

  AnchorSetup setup_;
};

}  // namespace

std::unique_ptr<Anchor> make_put_anchor(AnchorSetup setup) {
  return std::make_unique<PutAnchor>(std::move(setup));
}

}  // namespace phantom
