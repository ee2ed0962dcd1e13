#pragma once
// The members of a bundle: their names, and the texts of those that say how to check the others.
// docs/FORMAT.md section 15. Pure.

#include "events/result.h"
#include "ledger/checkpoint.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom::bundle {

// In the order in which they stand in the archive; behind them what is below kAnchors, sorted.
inline constexpr std::array<std::string_view, 10> kFixed = {
    "VERIFY.md", "manifest.json", "manifest.note", "checkpoint",     "log.pem",
    "log.vkey",  "entries",       "proof",         "catalogue.bfbs", "events.jsonl"};
inline constexpr std::string_view kAnchors = "anchors/";

// `anchors/<anchor>/<size, 20 digits>.<ending>` taken apart.
struct AnchorName {
  std::string anchor;
  std::uint64_t size = 0;
  std::string ending;
};
std::string anchor_member(const AnchorName& name);
Result<AnchorName> parse_anchor_member(std::string_view member);

// The file of `<size>.consistency`: one hash a line, base64. kInvalid for other bytes.
std::string consistency_text(const std::vector<Digest>& hashes);
Result<std::vector<Digest>> parse_consistency(std::string_view text);

// The public key as OpenSSL reads it: SubjectPublicKeyInfo in PEM.
std::string log_pem(const VerifierKey& key);

// The text that the log key signs as manifest.note: the origin with /bundle behind it, phx/1, then
// for each other member a line of sha256sum. Its second line is no number, so that it is never a
// checkpoint.
std::string note_text(std::string_view origin,
                      const std::vector<std::pair<std::string, Digest>>& digests);

// VERIFY.md: how to check a bundle with programs that come with every system.
std::string guide_text(const VerifierKey& key);

}  // namespace phantom::bundle
