#include "ledger/proof_text.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::size_t kHashesMax = 63;  // no tree of C2SP is higher

Error invalid(const char* why) { return {Code::kInvalid, std::string("not a proof: ") + why}; }

// Takes the first line, which must end in a newline; none when it does not.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string format_proof(const ProofText& proof) {
  std::string text = std::string(kHeader) + "\n";
  text.append(kIndex).append(std::to_string(proof.index)).append("\n");
  for (const Digest& hash : proof.hashes) text.append(to_base64(hash)).append("\n");
  return text + "\n" + proof.checkpoint.note;
}

Result<ProofText> parse_proof(std::string_view text) {
  auto line = take_line(text);
  if (!line || *line != kHeader) return invalid("it does not start with c2sp.org/tlog-proof@v1");
  line = take_line(text);
  if (line && line->starts_with(kExtra)) {
    // For the application that wrote it, and authenticated by nothing.
    if (!from_base64(line->substr(kExtra.size()))) return invalid("its extra line is not base64");
    line = take_line(text);
  }
  if (!line || !line->starts_with(kIndex)) return invalid("it has no index line");
  const auto index = parse_decimal(line->substr(kIndex.size()));
  if (!index) return invalid("its index is not a decimal number");
  ProofText proof;
  proof.index = *index;
  for (;;) {
    line = take_line(text);
    if (!line) return invalid("it ends before its checkpoint");
    if (line->empty()) break;
    const auto hash = from_base64(*line);
    if (!hash || hash->size() != Digest{}.size() || proof.hashes.size() == kHashesMax) {
      return invalid("one of its hashes is malformed");
    }
    std::copy(hash->begin(), hash->end(), proof.hashes.emplace_back().begin());
  }
  auto checkpoint = parse_checkpoint(text);
  if (!checkpoint) return std::move(checkpoint.error()).in("not a proof");
  proof.checkpoint = std::move(*checkpoint);
  return proof;
}

}  // namespace phantom
