#include "cli/anchor_kind.h"
#include "events/encoding.h"
#include "ledger/tree.h"

namespace phantom {
namespace {

struct Kind {
  const char* name;
  std::unique_ptr<Anchor> (*make)(AnchorSetup setup);
};

constexpr Kind kKinds[] = {
    {"directory", make_directory_anchor},
    {"git", make_git_anchor},
    {"tsa", make_tsa_anchor},
    {"put", make_put_anchor},
    {"witness", make_witness_anchor},
    {"peer", make_peer_anchor},
};

}  // namespace

std::unique_ptr<Anchor> make_anchor(AnchorSetup setup) {
  for (const Kind& kind : kKinds) {
    if (setup.spec.kind == kind.name) return kind.make(std::move(setup));
  }
  PH_CHECK(false, "a kind of anchor that the policy knows and nobody can talk to");
  return nullptr;
}

Result<std::optional<AnchorContradicts>> compare_held(const AnchorReceipt& held,
                                                      const VerifierKey& log_key,
                                                      const LedgerReader& reader) {
  const auto parsed = parse_checkpoint(held.note);
  if (!parsed || parsed->checkpoint.origin != log_key.name ||
      check_note(held.note, log_key) != NoteCheck::kGood) {
    return Error{Code::kInvalid, "the anchor holds, under the name of our checkpoint of " +
                                     std::to_string(held.size) +
                                     " events, something that this log did not sign"};
  }
  const Checkpoint& theirs = parsed->checkpoint;
  const std::uint64_t ours = reader.head().checkpoint.size;
  AnchorContradicts found{{theirs.size, theirs.root}, held.note, ""};
  if (theirs.size > ours) {
    found.message = "the anchor holds a checkpoint over " + std::to_string(theirs.size) +
                    " events, the ledger has " + std::to_string(ours) + ": it was rolled back";
    return std::optional(std::move(found));
  }
  const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
    return reader.node(height, index);
  };
  PH_ASSIGN(const Digest root, root_at(nodes, theirs.size));
  if (root == theirs.root) return std::optional<AnchorContradicts>();
  found.message = "the anchor holds a checkpoint over " + std::to_string(theirs.size) +
                  " events with another root: history was rewritten or forked";
  return std::optional(std::move(found));
}

}  // namespace phantom
