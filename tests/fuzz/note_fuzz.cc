// Property: a note, a checkpoint or a verifier key that parses is written back to the same bytes,
// and a signature holds for exactly the text it was made for.

#include "events/encoding.h"
#include "ledger/checkpoint.h"
#include "ledger/signer.h"
#include "ledger/trust.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/seeded_random.h"

namespace phantom::fuzz {
namespace {

const Signer& signer() {
  static SeededRandom random(11);
  static const Signer made = Signer::generate("fuzz.example/log", random);
  return made;
}

std::string written(const SignedNote& note) {
  std::string text = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    Bytes payload;
    put_be32(payload, signature.id);
    payload.insert(payload.end(), signature.signature.begin(), signature.signature.end());
    text += "\xe2\x80\x94 " + signature.name + " " + to_base64(payload) + "\n";
  }
  return text;
}

void check_signing(const SignedNote& note, Choices& choices) {
  const VerifierKey& key = signer().verifier_key();
  const std::string line = signature_line(key, signer().sign(as_bytes(note.text)));
  const std::string good = note.text + "\n" + line;
  PH_CHECK(check_note(good, key) == NoteCheck::kGood, "a signature does not verify");
  const Bytes changed = with_one_byte_changed(as_bytes(good), choices);
  PH_CHECK(check_note(as_text(changed), key) != NoteCheck::kGood, "a changed note verifies");
  const auto moved = parse_note("x" + good);
  PH_CHECK(!moved.ok() || check_note("x" + good, key) == NoteCheck::kBad, "signs another text");
}

void check_note_text(std::string_view text) {
  const VerifierKey& key = signer().verifier_key();
  const auto note = parse_note(text);
  const auto checkpoint = parse_checkpoint(text);
  if (!note.ok()) {
    PH_CHECK(!checkpoint.ok(), "a checkpoint that is no note");
    PH_CHECK(check_note(text, key) == NoteCheck::kUnknown, "a signature on what is no note");
    return;
  }
  PH_CHECK(!note->signatures.empty() && note->text.ends_with('\n'), "half a note");
  PH_CHECK(written(*note) == text, "two texts of one note");
  Choices choices(as_bytes(text));
  check_signing(*note, choices);
  if (!checkpoint.ok()) return;
  PH_CHECK(checkpoint->note == text, "the checkpoint is kept as another note");
  const std::string head = checkpoint->checkpoint.text();
  PH_CHECK(note->text.starts_with(head), "two texts of one checkpoint");
  const auto again = parse_checkpoint(head + std::string(text.substr(note->text.size())));
  PH_CHECK(again.ok() && again->checkpoint == checkpoint->checkpoint, "it reads back otherwise");
  if (const auto id = ledger_id_of(checkpoint->checkpoint.origin); id.ok()) {
    PH_CHECK(id->size() == 32 && checkpoint->checkpoint.origin.ends_with("/" + *id), "ledger id");
    PH_CHECK(id->find_first_not_of("0123456789abcdef") == std::string::npos, "an odd file name");
  }
}

void check_key_text(std::string_view text) {
  const auto key = parse_verifier_key(text);
  if (!key.ok()) return;
  PH_CHECK(key->text() == text, "two texts of one verifier key");
  PH_CHECK(make_verifier_key(key->name, key->key).id == key->id, "an id that is not the key's");
  PH_CHECK(std::none_of(key->name.begin(), key->name.end(),
                        [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '+'; }),
           "a key name that no note can carry");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = phantom::as_text({data, size});
  phantom::fuzz::check_note_text(text);
  phantom::fuzz::check_key_text(text);
  return 0;
}
