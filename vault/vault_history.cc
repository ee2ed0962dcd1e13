#include "vault/vault_history.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "schema/events_generated.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <map>

namespace phantom {
namespace {

Error nonsense(const char* what) {
  return {Code::kCorrupt, std::string("the vault's history in the ledger makes no sense: ") + what,
          "run 'phantom audit verify'"};
}

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

Result<std::optional<Digest>> digest_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  if (bytes == nullptr || bytes->size() == 0) return std::optional<Digest>();
  Digest digest{};
  if (bytes->size() != digest.size()) return nonsense("a digest has a wrong size");
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return std::optional<Digest>(digest);
}

Result<VaultChangeNote> read_note(const schema::VaultChangeRequested& change) {
  VaultChangeNote note;
  note.source = text_of(change.source());
  note.vault_version = change.vault_version();
  PH_ASSIGN(note.digest_before, digest_of(change.digest_before()));
  PH_ASSIGN(const std::optional<Digest> after, digest_of(change.digest_after()));
  if (!after) return nonsense("a change without the digest of its file");
  note.digest_after = *after;
  if (change.changes() != nullptr) {
    for (const schema::SecretChange* part : *change.changes()) {
      note.changes.push_back({text_of(part->secret_name()), text_of(part->action()),
                              part->version(), text_of(part->former_name()),
                              static_cast<std::int64_t>(part->expires_ns())});
    }
  }
  return note;
}

// Walks back to the request that is looked for: the newest one, or the one with that number.
Result<std::optional<LastChange>> walk(const LedgerReader& reader, const std::string& project,
                                       std::optional<Seq> wanted) {
  std::optional<LastChange> found;
  std::optional<Error> failed;
  std::optional<Seq> newest;
  std::map<Seq, Outcome> completed;
  const auto visit = [&](Seq seq, const Bytes& bytes) {
    if (!newest) newest = seq;
    Result<const schema::Entry*> entry = parse_entry(bytes);
    if (!entry.ok()) {
      failed = std::move(entry.error());
      return false;
    }
    const schema::Entry& event = **entry;
    if (event.type() == event_no<schema::VaultChangeCompleted>() && event.cause_seq()) {
      completed.emplace(*event.cause_seq(), event.outcome());
      return true;
    }
    if (event.type() != event_no<schema::VaultChangeRequested>()) return true;
    if (wanted && seq != *wanted) return seq > *wanted;
    // A copy of its own is aligned as FlatBuffers wants it.
    const Bytes payload(event.payload()->begin(), event.payload()->end());
    if (Status sound = check_payload(event.type(), payload); !sound.ok()) {
      failed = std::move(sound.error());
      return false;
    }
    Result<VaultChangeNote> note =
        read_note(*flatbuffers::GetRoot<schema::VaultChangeRequested>(payload.data()));
    if (!note.ok()) {
      failed = std::move(note.error());
      return false;
    }
    LastChange change;
    change.requested = seq;
    change.newest = *newest;
    if (const auto ending = completed.find(seq); ending != completed.end()) {
      change.ending = ending->second == Outcome::Ok ? ChangeEnding::kDone : ChangeEnding::kFailed;
    }
    change.note = std::move(*note);
    found = std::move(change);
    return false;
  };
  PH_TRY(reader.history(vault_tag(project), visit));
  if (failed) return std::move(*failed);
  if (!found && newest) return nonsense("no change of the vault was ever requested");
  return found;
}

}  // namespace

Result<std::optional<LastChange>> read_last_change(const LedgerReader& reader,
                                                   const std::string& project) {
  return walk(reader, project, std::nullopt);
}

Result<ChangeEnding> read_change_ending(const LedgerReader& reader, const std::string& project,
                                        Seq requested) {
  PH_ASSIGN(const std::optional<LastChange> change, walk(reader, project, requested));
  if (!change) return nonsense("a recorded change is gone");
  return change->ending;
}

VaultVerdict judge_vault(const std::optional<LastChange>& last, const VaultFiles& files) {
  const auto compare = [&](const std::optional<Digest>& expected) {
    if (files.current == expected) return expected ? VaultVerdict::kGood : VaultVerdict::kAbsent;
    return files.current ? VaultVerdict::kUnknownFile : VaultVerdict::kMissing;
  };
  if (!last) return compare(std::nullopt);
  switch (last->ending) {
    case ChangeEnding::kDone:
      return compare(last->note.digest_after);
    case ChangeEnding::kFailed:
      return compare(last->note.digest_before);
    case ChangeEnding::kOpen:
      break;
  }
  if (files.current == last->note.digest_after) return VaultVerdict::kMarkDone;
  if (files.current == last->note.digest_before) {
    return files.staged ? VaultVerdict::kPublish : VaultVerdict::kMarkFailed;
  }
  return files.current ? VaultVerdict::kUnknownFile : VaultVerdict::kMissing;
}

}  // namespace phantom
