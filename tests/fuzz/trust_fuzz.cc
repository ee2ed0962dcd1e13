// Property: whatever notes are offered, what trust remembers is signed by the pinned key, never
// shrinks and never changes its root; and a pin holds one key or none.

#include "ledger/signer.h"
#include "ledger/trust.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/seeded_random.h"

// The input's lines, one after the other. "sign SIZE FILL" offers a note with that size and a root
// full of that byte, signed by the pinned key; "forge" the same, signed by another. The whole input
// is also taken for a pin and for a note as it is.

namespace phantom::fuzz {
namespace {

constexpr std::size_t kOffersMax = 32;

struct Signers {
  Signers() : random(13), pinned(Signer::generate(kOrigin, random)), other(make_other()) {}
  Signer make_other() { return Signer::generate(kOrigin, random); }

  static constexpr char kOrigin[] = "phantom.local/00112233445566778899aabbccddeeff";
  SeededRandom random;
  Signer pinned;
  Signer other;
};

const Signers& signers() {
  static const Signers made;
  return made;
}

std::string note_by(const Signer& signer, std::uint64_t size, std::uint8_t fill) {
  Checkpoint checkpoint{Signers::kOrigin, size, {}};
  checkpoint.root.fill(fill);
  const std::string text = checkpoint.text();
  return text + "\n" + signature_line(signer.verifier_key(), signer.sign(as_bytes(text)));
}

class Trust {
 public:
  void offer(std::string_view note) {
    const auto next = parse_checkpoint(note);
    if (!next.ok()) return;
    const VerifierKey& key = signers().pinned.verifier_key();
    PH_CHECK(!weigh_checkpoint(std::nullopt, remembered_, *next).ok(), "trust without a key");
    const auto advance = weigh_checkpoint(key, remembered_, *next);
    const bool good = check_note(note, key) == NoteCheck::kGood;
    if (!advance.ok()) {
      PH_CHECK(good == (advance.error().code == Code::kCorrupt), "refused for another reason");
      PH_CHECK(!good || remembered_, "a fork of nothing");
      return;
    }
    PH_CHECK(good, "a note by another key is trusted");
    if (*advance == Advance::kReplace) {
      PH_CHECK(!remembered_ || remembered_->checkpoint.size < next->checkpoint.size, "it shrank");
      remembered_ = *next;
    } else {
      PH_CHECK(remembered_ && remembered_->checkpoint.size >= next->checkpoint.size, "it stopped");
    }
    const auto once_more = weigh_checkpoint(key, remembered_, *next);
    PH_CHECK(once_more.ok() && *once_more == Advance::kKeep, "the same note counts twice");
  }

 private:
  std::optional<SignedCheckpoint> remembered_;
};

void check_pin(std::string_view text) {
  const auto key = parse_pinned_key(text);
  if (!key.ok()) return;
  const std::string line = key->text();
  PH_CHECK(text == line || text == line + "\n", "two pins of one key");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  std::string_view text = as_text({data, size});
  fuzz::check_pin(text);
  fuzz::Trust trust;
  trust.offer(text);
  for (std::size_t i = 0; i < fuzz::kOffersMax && !text.empty(); ++i) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const bool sign = line.starts_with("sign ");
    if (!sign && !line.starts_with("forge ")) continue;
    const std::string_view numbers = line.substr(line.find(' ') + 1);
    const std::size_t space = numbers.find(' ');
    const auto events = parse_decimal(numbers.substr(0, space));
    if (space == std::string_view::npos || !events) continue;
    const auto fill = static_cast<std::uint8_t>(numbers.back());
    const auto& by = sign ? fuzz::signers().pinned : fuzz::signers().other;
    trust.offer(fuzz::note_by(by, *events, fill));
  }
  return 0;
}
