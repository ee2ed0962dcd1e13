// Property: an archive, a manifest and a receipt's name have one form: what is read is written back
// as the same bytes. No bundle that a byte was changed in is ever verified, with or without a key.

#include "ledger/bundle_manifest.h"
#include "ledger/bundle_members.h"
#include "ledger/byte_source.h"
#include "ledger/tar.h"
#include "ledger/verify_bundle.h"
#include "tests/fuzz/fuzz.h"

namespace phantom::fuzz {
namespace {

void check_archive(const Bytes& bytes) {
  const auto source = byte_source_of(bytes);
  const auto members = tar::read_archive(*source);
  if (!members) return;
  Bytes again;
  for (const tar::Member& member : *members) {
    const auto header = tar::header(member.name, member.size);
    PH_CHECK(header.ok(), "a member that cannot be written");
    again.insert(again.end(), header->begin(), header->end());
    PH_CHECK(again.size() == member.offset, "a member is elsewhere");
    again.resize(again.size() + static_cast<std::size_t>(member.size));
    PH_CHECK(
        source
            ->read(member.offset, std::span(again).subspan(static_cast<std::size_t>(member.offset)))
            .ok(),
        "a member that cannot be read");
    again.resize(again.size() + tar::padding(member.size));
  }
  again.resize(again.size() + tar::kEndBytes);
  PH_CHECK(again == bytes, "two archives of one content");
}

void check_texts(std::string_view text) {
  if (const auto manifest = parse_manifest(text)) {
    PH_CHECK(manifest_text(*manifest) == text, "two manifests of one meaning");
  }
  if (const auto name = bundle::parse_anchor_member(text)) {
    PH_CHECK(bundle::anchor_member(*name) == text, "two names of one receipt");
  }
  if (const auto hashes = bundle::parse_consistency(text)) {
    PH_CHECK(bundle::consistency_text(*hashes) == text, "two texts of one proof");
  }
}

// The seeds are whole bundles: a key that they carry is as good as pinned for what is tested here.
void check_verdict(const Bytes& bytes, Choices choices) {
  const VerifyReport alone = verify_bundle(*byte_source_of(bytes), {});
  PH_CHECK(alone.exit_code != 0, "verified without a key");
  const auto source = byte_source_of(bytes);
  const auto members = tar::read_archive(*source);
  if (!members) return;
  VerifyOptions options;
  for (const tar::Member& member : *members) {
    if (member.name != "log.vkey" || member.size > 1'000) continue;
    Bytes text(static_cast<std::size_t>(member.size));
    PH_CHECK(source->read(member.offset, text).ok(), "reads");
    std::string_view line = as_text(text);
    if (line.ends_with('\n')) line.remove_suffix(1);
    const auto key = parse_verifier_key(line);
    if (key) options.key = *key;
  }
  if (!options.key || verify_bundle(*source, options).exit_code != 0) return;
  const Bytes changed = with_one_byte_changed(bytes, choices);
  PH_CHECK(verify_bundle(*byte_source_of(changed), options).exit_code != 0,
           "verified with a byte changed");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const Bytes bytes(data, data + size);
  fuzz::check_archive(bytes);
  fuzz::check_texts(as_text(bytes));
  // Decisions off the end, so that a whole bundle stays one.
  const ByteView last = ByteView(bytes).last(std::min<std::size_t>(size, 2'048));
  fuzz::check_verdict(bytes, fuzz::Choices(last));
  return 0;
}
