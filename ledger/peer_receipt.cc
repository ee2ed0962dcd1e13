#include "ledger/peer_receipt.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/verify.h"
#include "schema/events_generated.h"

namespace phantom {
namespace {

constexpr std::string_view kFirstLine = "phantom-peer-receipt/v1\n";

Error wrong(std::string what) { return {Code::kCorrupt, std::move(what)}; }

}  // namespace

std::string format_peer_receipt(ByteView entry, std::string_view proof) {
  return std::string(kFirstLine) + to_base64(entry) + "\n" + std::string(proof);
}

Status check_peer_receipt(std::string_view receipt, std::string_view note,
                          const VerifierKey& peer) {
  if (!receipt.starts_with(kFirstLine)) return wrong("it is not a peer's receipt");
  receipt.remove_prefix(kFirstLine.size());
  const std::size_t end = receipt.find('\n');
  const auto entry =
      end == std::string_view::npos ? std::nullopt : from_base64(receipt.substr(0, end));
  if (!entry) return wrong("its event is not base64");
  const VerifyReport report = verify_proof(receipt.substr(end + 1), *entry, peer);
  if (report.verdict != Verdict::kVerified) {
    for (const Check& check : report.checks) {
      if (check.state != CheckState::kPass) return wrong("its proof: " + check.reason);
    }
  }
  // A note line that is not the peer's may have been changed by anybody.
  PH_ASSIGN(const schema::Entry* parsed, parse_entry(*entry));
  if (parsed->type() != event_no<schema::LedgerPeerRecorded>()) {
    return wrong("its event records no checkpoint");
  }
  const ByteView payload(parsed->payload()->data(), parsed->payload()->size());
  PH_TRY(check_payload(parsed->type(), payload));
  const auto* recorded = flatbuffers::GetRoot<schema::LedgerPeerRecorded>(payload.data());
  if (recorded->note() == nullptr || recorded->note()->string_view() != note) {
    return wrong("its event records another checkpoint");
  }
  return {};
}

}  // namespace phantom
