// Time stamps by an RFC 3161 authority, over HTTP (RFC 3161 section 3.4). The stamp is over the
// bytes of the .note, so that stock tools check it:
//   openssl ts -verify -data <size>.note -in <size>.tsr -CAfile ca.pem

#include "cli/anchor_kind.h"
#include "events/encoding.h"
#include "ledger/timestamp.h"
#include "proxy/http_client.h"

namespace phantom {
namespace {

constexpr std::size_t kResponseBytesMax = 64 * 1024;
constexpr int kOk = 200;

class TsaAnchor final : public Anchor {
 public:
  explicit TsaAnchor(AnchorSetup setup) : setup_(std::move(setup)) {}

  Result<AnchorAnswer> push(const AnchorPush& push) override {
    if (setup_.spec.place == "manual") {
      return Error{Code::kUnsupported, "this authority is asked by hand",
                   "phantom audit anchor push " + setup_.spec.name + " --request FILE"};
    }
    const std::string& note = push.checkpoint.note;
    PH_ASSIGN(const Bytes request, make_timestamp_request(as_bytes(note), *setup_.random));
    HttpRequest post;
    post.method = "POST";
    post.fields = {{"Content-Type", "application/timestamp-query"},
                   {"Accept", "application/timestamp-reply"}};
    post.body = request;
    post.answer_bytes_max = kResponseBytesMax;
    HttpClientOptions options;
    options.exchange_max = setup_.time_max;
    PH_ASSIGN(HttpAnswer answer, http_exchange(setup_.spec.place, std::move(post), options));
    if (answer.status != kOk) {
      return Error{answer.status >= 500 ? Code::kBusy : Code::kDenied,
                   "the authority answered with HTTP status " + std::to_string(answer.status)};
    }
    PH_ASSIGN(const Timestamp stamp,
              check_timestamp(answer.body, as_bytes(note), setup_.ca_pem, request));
    AnchorReceipt receipt{setup_.spec.name, push.checkpoint.checkpoint.size, note};
    receipt.token = std::move(answer.body);
    return AnchorAnswer(AnchorGave{std::move(receipt), stamp.time_ns});
  }

  Result<std::vector<AnchorReceipt>> held(const std::vector<std::uint64_t>&, std::size_t) override {
    return Error{Code::kUnsupported, "a time stamp authority keeps nothing to read back"};
  }

 private:
  AnchorSetup setup_;
};

}  // namespace

std::unique_ptr<Anchor> make_tsa_anchor(AnchorSetup setup) {
  return std::make_unique<TsaAnchor>(std::move(setup));
}

}  // namespace phantom
