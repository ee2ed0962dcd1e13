#include "ledger/bundle_read.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/bundle_cover.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

constexpr std::uint64_t kSmallBytesMax = 4 << 20;
constexpr std::size_t kPieceBytes = 256 * 1024;

using MaybeFailure = std::optional<Failure>;

Failure bad_bundle(std::string why) { return {"bundle", std::move(why)}; }
Failure bad_manifest(std::string why) { return {"manifest", std::move(why)}; }

MaybeFailure check_names(const std::vector<tar::Member>& members) {
  for (std::size_t i = 0; i < bundle::kFixed.size(); ++i) {
    const std::string_view wanted = bundle::kFixed[i];
    if (i < members.size() && members[i].name == wanted) continue;
    const bool there = std::any_of(members.begin(), members.end(), [&](const tar::Member& member) {
      return member.name == wanted;
    });
    return bad_bundle(std::string(wanted) + (there ? " is not in its place" : " is missing"));
  }
  for (std::size_t i = bundle::kFixed.size(); i < members.size(); ++i) {
    if (const auto name = bundle::parse_anchor_member(members[i].name); !name) {
      return bad_bundle(name.error().message);
    }
    if (i > bundle::kFixed.size() && members[i].name <= members[i - 1].name) {
      return bad_bundle(members[i].name + " is not in its place");
    }
  }
  return std::nullopt;
}

class Opener {
 public:
  Opener(const ByteSource& source, OpenBundle& opened) : source_(source), opened_(opened) {}

  MaybeFailure open() {
    auto members = tar::read_archive(source_);
    if (!members) return failure_of("bundle", members.error());
    opened_.members = std::move(*members);
    if (auto failure = check_names(opened_.members)) return failure;
    if (auto failure = open_manifest()) return failure;
    if (auto failure = open_notes()) return failure;
    if (auto failure = open_key()) return failure;
    return open_receipts();
  }

 private:
  MaybeFailure read(const tar::Member& member, std::string& text) const {
    if (member.size > kSmallBytesMax) return bad_manifest(member.name + " is too long");
    text.resize(static_cast<std::size_t>(member.size));
    const std::span out(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    const Status done = source_.read(member.offset, out);
    if (!done.ok()) return failure_of("manifest", done.error());
    return std::nullopt;
  }
  MaybeFailure read(std::string_view name, std::string& text) const {
    return read(opened_.member(name), text);
  }

  MaybeFailure open_manifest() {
    std::string text;
    if (auto failure = read("manifest.json", text)) return failure;
    auto manifest = parse_manifest(text);
    if (!manifest) return bad_manifest(manifest.error().message);
    opened_.manifest = std::move(*manifest);
    auto query = parse_query(opened_.manifest.query);
    if (!query) return bad_manifest(query.error().message);
    opened_.query = std::move(*query);
    if (opened_.manifest.cover_tag != cover_of(opened_.query).tag) {
      return bad_manifest("its cover is not that of its query");
    }
    if (!opened_.manifest.complete && opened_.manifest.lower) {
      return bad_manifest("it is not complete and names an event before the period");
    }
    return std::nullopt;
  }

  MaybeFailure open_notes() {
    std::string text;
    if (auto failure = read("manifest.note", opened_.note_bytes)) return failure;
    auto note = parse_note(opened_.note_bytes);
    if (!note) return bad_manifest("manifest.note: " + note.error().message);
    opened_.note = std::move(*note);
    if (opened_.note.signatures.size() != 1)
      return bad_manifest("manifest.note has other signatures");
    if (auto failure = read("checkpoint", text)) return failure;
    auto checkpoint = parse_checkpoint(text);
    if (!checkpoint) return bad_manifest("checkpoint: " + checkpoint.error().message);
    opened_.checkpoint = std::move(*checkpoint);
    const auto parsed = parse_note(text);
    const Checkpoint& head = opened_.checkpoint.checkpoint;
    if (!parsed || parsed->signatures.size() != 1 || parsed->text != head.text()) {
      return bad_manifest("checkpoint holds more than a checkpoint and the log's signature");
    }
    const BundleManifest& manifest = opened_.manifest;
    if (head != Checkpoint{manifest.origin, manifest.size, manifest.root}) {
      return bad_manifest("the checkpoint is not the one that manifest.json names");
    }
    if (manifest.upper >= head.size) return bad_manifest("its period ends after its checkpoint");
    return std::nullopt;
  }

  MaybeFailure open_key() {
    std::string text;
    if (auto failure = read("log.vkey", text)) return failure;
    if (!text.ends_with('\n')) return bad_manifest("log.vkey is not one line");
    const auto key = parse_verifier_key(std::string_view(text).substr(0, text.size() - 1));
    if (!key) return bad_manifest("log.vkey: " + key.error().message);
    opened_.log_key = *key;
    if (key->name != opened_.manifest.origin) return bad_manifest("log.vkey is of another log");
    if (!opened_.manifest.origin.ends_with("/" + opened_.manifest.ledger_id)) {
      return bad_manifest("the ledger's id is not that of its origin");
    }
    if (auto failure = read("log.pem", text)) return failure;
    if (text != bundle::log_pem(*key)) return bad_manifest("log.pem is not the key of log.vkey");
    return std::nullopt;
  }

  MaybeFailure open_receipts() {
    using Place = std::pair<std::string, std::uint64_t>;
    std::map<Place, OpenBundle::Receipt> receipts;
    std::map<Place, std::vector<Digest>> proofs;
    std::map<Place, Bytes> tokens;
    std::map<Place, std::string> texts;
    for (std::size_t i = bundle::kFixed.size(); i < opened_.members.size(); ++i) {
      const tar::Member& member = opened_.members[i];
      const bundle::AnchorName name = bundle::parse_anchor_member(member.name).value();
      const Place place{name.anchor, name.size};
      std::string text;
      if (name.ending != "note" && name.ending != "consistency") ++opened_.other_receipts;
      if (auto failure = read(member, text)) return failure;
      if (name.ending == "tsr") {
        tokens[place] = to_bytes(as_bytes(text));
      } else if (name.ending == "receipt") {
        texts[place] = std::move(text);
      } else if (name.ending == "note") {
        auto note = parse_checkpoint(text);
        if (!note) return bad_manifest(member.name + ": " + note.error().message);
        if (note->checkpoint.size != name.size)
          return bad_manifest(member.name + " is of another size");
        AnchorReceipt given{anchor_of_file_name(name.anchor).value_or(name.anchor), name.size,
                            std::move(text)};
        receipts[place] = {member.name, std::move(*note), std::nullopt, std::move(given)};
      } else if (name.ending == "consistency") {
        auto hashes = bundle::parse_consistency(text);
        if (!hashes) return bad_manifest(member.name + ": " + hashes.error().message);
        proofs[place] = std::move(*hashes);
      }
    }
    for (auto& [place, hashes] : proofs) {
      const auto receipt = receipts.find(place);
      if (receipt == receipts.end()) {
        return bad_manifest("a consistency proof of anchor " + place.first + " and no receipt");
      }
      receipt->second.consistency = std::move(hashes);
    }
    for (auto& [place, token] : tokens) {
      if (const auto at = receipts.find(place); at != receipts.end()) {
        at->second.given.token = std::move(token);
      }
    }
    for (auto& [place, words] : texts) {
      if (const auto at = receipts.find(place); at != receipts.end()) {
        at->second.given.text = std::move(words);
      }
    }
    for (auto& [place, receipt] : receipts) opened_.receipts.push_back(std::move(receipt));
    return std::nullopt;
  }

  const ByteSource& source_;
  OpenBundle& opened_;
};

Result<Digest> digest_of(const ByteSource& source, const tar::Member& member) {
  SourceCursor cursor(source, member.offset, member.size);
  Sha256 hash;
  while (cursor.left() > 0) {
    PH_ASSIGN(
        const ByteView piece,
        cursor.take(static_cast<std::size_t>(std::min<std::uint64_t>(cursor.left(), kPieceBytes))));
    hash.update(piece);
  }
  return hash.finish();
}

}  // namespace

const tar::Member& OpenBundle::member(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const tar::Member& member) { return member.name == name; });
  PH_CHECK(found != members.end(), "a member that every bundle has");
  return *found;
}

std::variant<OpenBundle, Failure> open_bundle(const ByteSource& source) {
  OpenBundle opened;
  if (auto failure = Opener(source, opened).open()) return *failure;
  return opened;
}

std::optional<Failure> check_digests(const ByteSource& source, const OpenBundle& opened) {
  std::vector<std::pair<std::string, Digest>> digests;
  for (const tar::Member& member : opened.members) {
    if (member.name == "manifest.note") continue;
    const auto digest = digest_of(source, member);
    if (!digest) return failure_of("manifest", digest.error());
    digests.emplace_back(member.name, *digest);
    if (member.name == "catalogue.bfbs" && *digest != opened.manifest.schema) {
      return bad_manifest("catalogue.bfbs is not the schema that manifest.json names");
    }
  }
  const std::string& listed = opened.note.text;
  if (bundle::note_text(opened.manifest.origin, digests) == listed) return std::nullopt;
  for (const auto& [name, digest] : digests) {
    const std::string line = "\n" + to_hex(digest) + "  " + name + "\n";
    if (listed.find(line) == std::string::npos) {
      return bad_manifest(name + " is not the file that manifest.note lists");
    }
  }
  return bad_manifest("manifest.note lists other files than there are");
}

}  // namespace phantom
