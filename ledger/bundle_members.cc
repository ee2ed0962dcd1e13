#include "ledger/bundle_members.h"

#include "events/encoding.h"
#include "ledger/tar.h"

#include <algorithm>

namespace phantom::bundle {
namespace {

constexpr std::size_t kSizeDigits = 20;
constexpr std::size_t kHashesMax = 128;
// SubjectPublicKeyInfo of Ed25519, RFC 8410: all of it but the key.
constexpr std::uint8_t kSpkiStart[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

Error invalid(std::string why) { return {Code::kInvalid, std::move(why)}; }

}  // namespace

std::string anchor_member(const AnchorName& name) {
  const std::string digits = std::to_string(name.size);
  return std::string(kAnchors) + name.anchor + "/" + std::string(kSizeDigits - digits.size(), '0') +
         digits + "." + name.ending;
}

Result<AnchorName> parse_anchor_member(std::string_view member) {
  const auto bad = [&] { return invalid(escape_terminal(member) + " is no member of a bundle"); };
  if (!tar::is_member_name(member) || !member.starts_with(kAnchors)) return bad();
  const std::string_view rest = member.substr(kAnchors.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad();
  const std::string_view file = rest.substr(slash + 1);
  const std::size_t dot = file.find('.');
  if (dot != kSizeDigits) return bad();
  std::string_view digits = file.substr(0, dot);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), kSizeDigits - 1));
  const auto size = parse_decimal(digits);
  AnchorName name{std::string(rest.substr(0, slash)), size.value_or(0),
                  std::string(file.substr(dot + 1))};
  if (!size || anchor_member(name) != member) return bad();
  return name;
}

std::string consistency_text(const std::vector<Digest>& hashes) {
  std::string text;
  for (const Digest& hash : hashes) text += to_base64(hash) + "\n";
  return text;
}

Result<std::vector<Digest>> parse_consistency(std::string_view text) {
  std::vector<Digest> hashes;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto hash = from_base64(text.substr(0, end));
    if (end == std::string_view::npos || !hash || hash->size() != sizeof(Digest) ||
        hashes.size() == kHashesMax) {
      return invalid("it is not one hash a line");
    }
    std::copy(hash->begin(), hash->end(), hashes.emplace_back().begin());
    text.remove_prefix(end + 1);
  }
  return hashes;
}

std::string log_pem(const VerifierKey& key) {
  Bytes spki(std::begin(kSpkiStart), std::end(kSpkiStart));
  spki.insert(spki.end(), key.key.begin(), key.key.end());
  return "-----BEGIN PUBLIC KEY-----\n" + to_base64(spki) + "\n-----END PUBLIC KEY-----\n";
}

std::string note_text(std::string_view origin,
                      const std::vector<std::pair<std::string, Digest>>& digests) {
  std::string text = std::string(origin) + "/bundle\nphx/1\n";
  for (const auto& [name, digest] : digests) text += to_hex(digest) + "  " + name + "\n";
  return text;
}

std::string guide_text(const VerifierKey& key) {
  std::string text = R"(# How to check this bundle

This is evidence from a phantom ledger: events, and the proof that they stand in a log which its key
has signed. It was made so that you need not trust whoever gave it to you.

With phantom, one command checks all of it. VKEY is the key of the log, from a place that you trust
and not from this bundle:

    phantom audit verify --bundle FILE.phx --key 'VKEY' --require complete

Without phantom, the steps below check the signatures and that no file was changed. They need tar,
sed, cut, tail, base64, sha256sum and OpenSSL 3. Unpack the bundle into an empty directory with
`tar -xf FILE.phx` and run them there, in this order, with a POSIX shell.

## 1. Whose key is it?

`log.vkey` is what the key is called among people, `log.pem` the same key for OpenSSL. The two lines
that this prints must be equal:

```sh
cut -d+ -f3- log.vkey | base64 -d | tail -c 32 | base64
openssl pkey -pubin -in log.pem -outform DER | tail -c 32 | base64
```

Compare `log.vkey`, character by character, with the key that was given to you by another way:
printed in a letter, committed to a repository, published on a site. Without this step the ones below
show nothing, as anybody can make a key. Here it says:

```text
@VKEY@
```

## 2. Did that key sign the list of files?

It must print "Signature Verified Successfully":

```sh
sed '/^$/,$d' manifest.note > manifest.body
sed -n '$p' manifest.note | cut -d' ' -f3 | base64 -d | tail -c 64 > manifest.sig
openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in manifest.body -sigfile manifest.sig
```

The first line of `manifest.body` names the log. The second says `phx/1`.

## 3. Are these the files?

Each must be OK, and every file that tar unpacked must be in the list, but `manifest.note` itself:

```sh
tail -n +3 manifest.body > manifest.sums
sha256sum -c manifest.sums
```

## 4. Did that key sign the checkpoint?

It must print "Signature Verified Successfully":

```sh
sed '/^$/,$d' checkpoint > checkpoint.body
sed -n '$p' checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 > checkpoint.sig
openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in checkpoint.body -sigfile checkpoint.sig
```

The checkpoint says how many events the log had (line 2) and the hash over all of them (line 3). Keep
it: whoever has it can tell later if anything before it was changed.

## What these steps do not show

* That the events hash to the checkpoint (`entries` and `proof`), that none is left out which
  `query` in `manifest.json` asks for, and that `events.jsonl` says what `entries` says. The key's
  owner vouches for it with the signature of step 2; phantom checks it.
* That the log has only this one history. A checkpoint of it that was kept elsewhere shows that:
  `--against FILE` with phantom. What is below `anchors/` comes from the owner, too.
* That everything that happened was recorded.
* What is in sealed fields.

Every byte of a bundle is described in phantom's docs/FORMAT.md, section 15. `entries` holds for each
event its number (8 bytes, big-endian), its length (2 bytes) and its bytes as hashed; `catalogue.bfbs`
is the schema that describes them.
)";
  const std::string_view mark = "@VKEY@";
  return text.replace(text.find(mark), mark.size(), key.text());
}

}  // namespace phantom::bundle
