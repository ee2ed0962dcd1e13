#include "events/envelope.h"
#include "ledger/proof_text.h"
#include "ledger/tree.h"
#include "ledger/verify.h"
#include "ledger/verify_entry.h"
#include "ledger/verify_report.h"

#include <iterator>

namespace phantom {
namespace {

std::optional<Failure> check_proof(std::string_view text, ByteView entry,
                                   const std::optional<VerifierKey>& key, VerifyReport& report) {
  const auto proof = parse_proof(text);
  if (!proof) return Failure{"proof", proof.error().message};
  set_check(report, "proof", CheckState::kPass);
  report.head = proof->checkpoint.checkpoint;
  report.head_note = proof->checkpoint.note;

  EntryReader reader;
  const auto facts = reader.read(entry, proof->index);
  if (!facts) {
    Failure failure = failure_of("entries", facts.error());
    failure.reason.insert(0, "event " + std::to_string(proof->index) + ": ");
    failure.seq = proof->index;
    return failure;
  }
  set_check(report, "entries", CheckState::kPass);
  report.events = 1;

  const Checkpoint& checkpoint = proof->checkpoint.checkpoint;
  if (!verify_inclusion(leaf_hash(entry), proof->index, checkpoint.size, proof->hashes,
                        checkpoint.root)) {
    return Failure{"tree", "the proof does not lead from this event to the root of its checkpoint",
                   proof->index};
  }
  set_check(report, "tree", CheckState::kPass);
  set_check(report, "schema", (*facts)->known_type ? CheckState::kPass : CheckState::kIndeterminate,
            (*facts)->known_type ? "" : "an event of a type this phantom does not know");

  if (!key) {
    set_check(report, "key", CheckState::kIndeterminate,
              "no pinned key: a proof shows nothing without the key of its log");
    return std::nullopt;
  }
  const auto bad_key = [&](const std::string& why) { return Failure{"key", why}; };
  if (checkpoint.origin != key->name) {
    return bad_key("the checkpoint is of " + checkpoint.origin + ", the key of " + key->name);
  }
  switch (check_note(proof->checkpoint.note, *key)) {
    case NoteCheck::kGood:
      set_check(report, "key", CheckState::kPass);
      return std::nullopt;
    case NoteCheck::kUnknown:
      return bad_key("the checkpoint is not signed by " + key->text());
    case NoteCheck::kBad:
      return bad_key("the checkpoint has a wrong signature by " + key->text());
  }
  return std::nullopt;
}

}  // namespace

VerifyReport verify_proof(std::string_view proof, ByteView entry,
                          const std::optional<VerifierKey>& key) {
  VerifyReport report;
  for (const char* id : {"proof", "entries", "tree", "schema", "key"}) {
    report.checks.push_back({id, CheckState::kNotEvaluated, {}});
  }
  if (const auto failure = check_proof(proof, entry, key, report)) set_failure(report, *failure);
  report.not_checked = {"other events of the ledger", "growth since an earlier run",
                        "external anchors", "the epoch key's signature",
                        "what the event means, and sealed fields"};
  conclude(report);
  // A proof says nothing of its neighbours: the rungs of a whole ledger do not apply one by one.
  const auto passed = [&](std::size_t checks) {
    for (std::size_t i = 0; i < checks; ++i) {
      if (report.checks[i].state != CheckState::kPass) return false;
    }
    return true;
  };
  report.rung = !passed(2) ? -1 : !passed(3) ? 0 : !passed(5) ? 1 : 2;
  return report;
}

}  // namespace phantom
