#include "ledger/prove.h"

#include "ledger/proof_text.h"
#include "ledger/tree.h"

namespace phantom {
namespace {

NodeSource nodes_of(const LedgerReader& reader) {
  return [&reader](unsigned height, std::uint64_t index) { return reader.node(height, index); };
}

Error past_the_end(const std::string& what, std::uint64_t size) {
  return {Code::kNotFound,
          "there " + what + " among the " + std::to_string(size) + " of the newest checkpoint"};
}

}  // namespace

// Who holds a proof has the log's key and not the epoch's; a line he cannot check would be one that
// anybody could change unseen.
Result<SignedCheckpoint> outside_checkpoint(const SignedCheckpoint& head) {
  PH_ASSIGN(const SignedNote note, parse_note(head.note));
  const std::string epochs = head.checkpoint.origin + "/epoch/";
  SignedCheckpoint kept{head.checkpoint, note.text + "\n"};
  std::string_view lines = std::string_view(head.note).substr(note.text.size() + 1);
  for (const NoteSignature& signature : note.signatures) {
    const std::size_t length = lines.find('\n') + 1;
    if (!signature.name.starts_with(epochs)) kept.note += lines.substr(0, length);
    lines.remove_prefix(length);
  }
  return kept;
}

Result<std::string> prove_event(const LedgerReader& reader, Seq seq) {
  const std::uint64_t size = reader.head().checkpoint.size;
  if (seq >= size) {
    return past_the_end("is no event " + std::to_string(seq), size);
  }
  PH_ASSIGN(std::vector<Digest> hashes, inclusion_proof(nodes_of(reader), seq, size));
  PH_ASSIGN(SignedCheckpoint checkpoint, outside_checkpoint(reader.head()));
  return format_proof({seq, std::move(hashes), std::move(checkpoint)});
}

Result<std::vector<Digest>> prove_growth(const LedgerReader& reader, std::uint64_t first,
                                         std::uint64_t second) {
  const std::uint64_t size = reader.head().checkpoint.size;
  if (second > size) {
    return past_the_end("are not " + std::to_string(second) + " events", size);
  }
  return consistency_proof(nodes_of(reader), first, second);
}

}  // namespace phantom
