// Cosignatures by a C2SP witness. Its lines go behind the log's own in the note that is kept.

#include "cli/anchor_kind.h"
#include "events/encoding.h"
#include "ledger/prove.h"
#include "proxy/witness_client.h"

namespace phantom {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

class WitnessAnchor final : public Anchor {
 public:
  explicit WitnessAnchor(AnchorSetup setup) : setup_(std::move(setup)) {}

  Result<AnchorAnswer> push(const AnchorPush& push) override {
    if (setup_.spec.place.empty()) {
      return Error{Code::kUnsupported, "the policy names no URL for this witness"};
    }
    Witness witness{setup_.spec.place, *setup_.spec.witness};
    witness.http.exchange_max = setup_.time_max;
    const ConsistencyProofs proofs = [&](std::uint64_t first, std::uint64_t second) {
      return prove_growth(push.reader, first, second);
    };
    PH_ASSIGN(const WitnessReply reply,
              ask_witness(witness, push.checkpoint.note, push.last_size, proofs, *setup_.clock));
    switch (reply.kind) {
      case WitnessReply::Kind::kCosigned: {
        AnchorReceipt receipt{setup_.spec.name, push.checkpoint.checkpoint.size,
                              push.checkpoint.note + reply.lines};
        return AnchorAnswer(
            AnchorGave{std::move(receipt), static_cast<std::int64_t>(reply.time_s) * kNsPerSecond});
      }
      case WitnessReply::Kind::kLargerTree:
      case WitnessReply::Kind::kInconsistent:
        return AnchorAnswer(
            AnchorContradicts{{reply.witness_size, std::nullopt}, "", reply.message});
      default:
        return std::move(reply.as_status().error());
    }
  }

  Result<std::vector<AnchorReceipt>> held(const std::vector<std::uint64_t>&, std::size_t) override {
    return Error{Code::kUnsupported, "a witness is asked by giving it a checkpoint"};
  }

 private:
  AnchorSetup setup_;
};

}  // namespace

std::unique_ptr<Anchor> make_witness_anchor(AnchorSetup setup) {
  return std::make_unique<WitnessAnchor>(std::move(setup));
}

}  // namespace phantom
