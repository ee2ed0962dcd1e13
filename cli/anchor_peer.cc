// Our checkpoint as an event in a teammate's ledger, which is a home on this machine or a mounted
// one. What is kept is a proof of that event, checked with the key the policy names.

#include "cli/anchor_kind.h"
#include "ledger/appender.h"
#include "ledger/layout.h"
#include "ledger/peer_receipt.h"
#include "ledger/prove.h"

namespace phantom {
namespace {

class PeerAnchor final : public Anchor {
 public:
  explicit PeerAnchor(AnchorSetup setup) : setup_(std::move(setup)) {}

  Result<AnchorAnswer> push(const AnchorPush& push) override {
    const Home home{setup_.spec.place};
    AppenderOptions options;
    options.wait_max = setup_.time_max;
    PH_ASSIGN(const std::unique_ptr<Appender> appender, open_appender(home, options));
    Context context;
    context.component = "cli";
    PH_ASSIGN(const Receipt receipt,
              appender->append(ledger_peer_recorded(context, push.checkpoint)));
    PH_TRY(appender->close());
    PH_ASSIGN(const std::unique_ptr<LedgerReader> reader, open_reader(home.ledger()));
    PH_ASSIGN(const Bytes entry, reader->entry(receipt.seq));
    PH_ASSIGN(const std::string proof, prove_event(*reader, receipt.seq));
    AnchorReceipt gave{setup_.spec.name, push.checkpoint.checkpoint.size, push.checkpoint.note};
    gave.text = format_peer_receipt(entry, proof);
    PH_TRY(check_peer_receipt(*gave.text, gave.note, *setup_.spec.peer));
    return AnchorAnswer(AnchorGave{std::move(gave)});
  }

  Result<std::vector<AnchorReceipt>> held(const std::vector<std::uint64_t>&, std::size_t) override {
    return Error{Code::kUnsupported, "a peer's proof is complete in itself"};
  }

 private:
  AnchorSetup setup_;
};

}  // namespace

std::unique_ptr<Anchor> make_peer_anchor(AnchorSetup setup) {
  return std::make_unique<PeerAnchor>(std::move(setup));
}

}  // namespace phantom
