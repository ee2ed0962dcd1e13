#include "tests/support/ledger_bundle.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/producers.h"
#include "ledger/bundle_cover.h"
#include "ledger/bundle_proof.h"
#include "ledger/tar.h"
#include "schema/events_generated.h"

#include <algorithm>
#include <set>

namespace phantom::test {
namespace {

class BorrowedRows final : public StoreReader {
 public:
  explicit BorrowedRows(const MemoryLedger& ledger) : ledger_(ledger) {}
  std::unique_ptr<RowCursor> cursor(std::string_view prefix, std::string_view from) const override {
    return ledger_.cursor(prefix, from);
  }
  Result<std::optional<std::string>> get(std::string_view key) const override {
    return ledger_.get(key);
  }
  Result<std::optional<Row>> floor(std::string_view key) const override {
    return ledger_.floor(key);
  }
  Result<std::optional<std::string>> foreign_key(std::string_view known) const override {
    return ledger_.foreign_key(known);
  }
  Status catch_up() override { return {}; }

 private:
  const MemoryLedger& ledger_;
};

}  // namespace

std::unique_ptr<LedgerReader> snapshot_of(const MemoryLedger& ledger) {
  auto reader = read_ledger(std::make_unique<BorrowedRows>(ledger));
  PH_CHECK(reader.ok(), "the ledger has a commit");
  return *std::move(reader);
}

Signer log_key_of(const MemoryLedger& ledger, std::uint64_t seed) {
  SeededRandom random(seed);
  Signer key = Signer::generate(ledger.origin(), random);
  PH_CHECK(key.verifier_key().text() == ledger.key().text(), "another ledger's key");
  return key;
}

Draft event_of(const Context& context, std::uint64_t number, std::vector<std::string> tags) {
  Draft draft = make_draft<schema::AuditRead>(context, [&](flatbuffers::FlatBufferBuilder& to) {
    return schema::CreateAuditReadDirect(to, "audit show", 0, number, number);
  });
  draft.boot_id = "boot";
  for (std::string& tag : tags) draft.tags.push_back(std::move(tag));
  return draft;
}

Bytes make_bundle(MemoryLedger& ledger, const EntryFilter& filter, BundleOrder order) {
  order.filter = filter;
  if (order.spool.empty()) order.spool = std::filesystem::temp_directory_path();
  auto reader = snapshot_of(ledger);
  auto plan = plan_bundle(*reader, filter, order.spool);
  PH_CHECK(plan.ok(), plan.ok() ? "" : plan.error().message.c_str());
  if (!*plan) {
    std::vector<Draft> drafts;
    drafts.push_back(closing_event({}, filter));
    ledger.commit(std::move(drafts));
    reader = snapshot_of(ledger);
    plan = plan_bundle(*reader, filter, order.spool);
    PH_CHECK(plan.ok() && *plan, "the closing event closes nothing");
  }
  Bytes bundle;
  const auto done = write_bundle(*reader, std::move(**plan), order, log_key_of(ledger),
                                 [&](ByteView piece) -> Status {
                                   bundle.insert(bundle.end(), piece.begin(), piece.end());
                                   return {};
                                 });
  PH_CHECK(done.ok(), done.ok() ? "" : done.error().message.c_str());
  PH_CHECK(done->bytes == bundle.size() && done->digest == sha256(bundle), "of these bytes");
  return bundle;
}

Bytes& BundleParts::operator[](std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& member) { return member.first == name; });
  PH_CHECK(found != members.end(), "no such member");
  return found->second;
}

std::string BundleParts::text(std::string_view name) { return std::string(as_text((*this)[name])); }

BundleParts take_apart(ByteView bundle) {
  const auto source = byte_source_of(to_bytes(bundle));
  BundleParts parts;
  const auto members = tar::read_archive(*source).value();
  for (const tar::Member& member : members) {
    Bytes bytes(static_cast<std::size_t>(member.size));
    PH_CHECK(source->read(member.offset, bytes).ok(), "reads");
    parts.members.emplace_back(member.name, std::move(bytes));
  }
  return parts;
}

Bytes put_together(const BundleParts& parts) {
  Bytes bundle;
  for (const auto& [name, bytes] : parts.members) {
    const tar::Block header = tar::header(name, bytes.size()).value();
    bundle.insert(bundle.end(), header.begin(), header.end());
    bundle.insert(bundle.end(), bytes.begin(), bytes.end());
    bundle.resize(bundle.size() + tar::padding(bytes.size()));
  }
  bundle.resize(bundle.size() + tar::kEndBytes);
  return bundle;
}

Bytes put_together(BundleParts parts, const Signer& key) {
  std::vector<std::pair<std::string, Digest>> digests;
  for (const auto& [name, bytes] : parts.members) {
    if (name != "manifest.note") digests.emplace_back(name, sha256(bytes));
  }
  const std::string text = bundle::note_text(key.verifier_key().name, digests);
  parts["manifest.note"] =
      to_bytes(text + "\n" + signature_line(key.verifier_key(), key.sign(as_bytes(text))));
  return put_together(parts);
}

BundleEntries entries_of(BundleParts& parts) {
  BundleEntries entries;
  for (ByteView rest = parts["entries"]; !rest.empty();) {
    const Seq seq = get_be64(rest);
    const std::size_t length = get_be16(rest.subspan(8));
    entries.emplace_back(seq, to_bytes(rest.subspan(10, length)));
    rest = rest.subspan(10 + length);
  }
  return entries;
}

void set_entries(BundleParts& parts, const MemoryLedger& ledger, const BundleEntries& entries) {
  const std::uint64_t size = parse_checkpoint(parts.text("checkpoint"))->checkpoint.size;
  const ListedLedger listed(ledger, ledger.size());
  Bytes packed;
  Bytes proof;
  Seq next = 0;
  const auto bridge = [&](Seq to) {
    const Status done =
        for_each_gap_subtree(next, to, [&](unsigned height, std::uint64_t index) -> Status {
          PH_ASSIGN(const Digest hash, listed.node(height, index));
          proof.insert(proof.end(), hash.begin(), hash.end());
          return {};
        });
    PH_CHECK(done.ok(), "the ledger has all nodes");
  };
  std::set<std::string> lines;
  std::uint64_t keys = 0;
  for (const auto& [seq, bytes] : entries) {
    put_be64(packed, seq);
    put_be16(packed, static_cast<std::uint16_t>(bytes.size()));
    packed.insert(packed.end(), bytes.begin(), bytes.end());
    lines.insert(",\"leaf_b64\":\"" + to_base64(bytes) + "\"}");
    if (is_key_event(*parse_entry(bytes).value())) ++keys;
    if (seq < next) continue;
    bridge(seq);
    next = seq + 1;
  }
  bridge(size);
  parts["entries"] = packed;
  parts["proof"] = proof;
  // Lines of entries that are gone go with them.
  std::string kept;
  const std::string all = parts.text("events.jsonl");
  for (std::string_view rest = all; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::size_t at = line.rfind(",\"leaf_b64\":");
    if (lines.contains(std::string(line.substr(at)))) kept += std::string(line) + "\n";
    rest.remove_prefix(line.size() + 1);
  }
  const auto removed = static_cast<std::uint64_t>(std::count(all.begin(), all.end(), '\n') -
                                                  std::count(kept.begin(), kept.end(), '\n'));
  parts["events.jsonl"] = to_bytes(as_bytes(kept));
  BundleManifest manifest = parse_manifest(parts.text("manifest.json")).value();
  manifest.counts.matched -= removed;
  manifest.counts.disclosed = entries.size();
  manifest.counts.keys = keys;
  if (removed > 0) --manifest.counts.by_type.at(0).second;
  parts["manifest.json"] = to_bytes(as_bytes(manifest_text(manifest)));
}

VerifyReport verify_bytes(const Bytes& bundle, const VerifyOptions& options, BundleDemand demand) {
  return verify_bundle(*byte_source_of(bundle), options, demand);
}

}  // namespace phantom::test
