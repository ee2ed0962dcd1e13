#include "cli/anchor_log.h"

#include "cli/anchor_kind.h"
#include "events/envelope.h"
#include "ledger/tree.h"
#include "ledger/trust.h"

#include <cstdlib>

namespace phantom {
namespace {

constexpr std::size_t kHeldMax = 100;

// Signature lines that the commit of this size has not.
bool has_foreign_lines(const LedgerReader& reader, const SignedCheckpoint& note) {
  std::string committed;
  const std::uint64_t size = note.checkpoint.size;
  const Status read = reader.commits(size == 0 ? 0 : size - 1, [&](const SignedCheckpoint& commit) {
    if (commit.checkpoint.size == size) committed = commit.note;
    return false;
  });
  if (!read.ok() || committed.empty()) return true;
  std::string_view lines = std::string_view(note.note).substr(note.note.rfind("\n\n") + 2);
  while (!lines.empty()) {
    const std::size_t length = lines.find('\n') + 1;
    if (committed.find("\n" + std::string(lines.substr(0, length))) == std::string::npos) {
      return true;
    }
    lines.remove_prefix(length);
  }
  return false;
}

Result<std::optional<std::int64_t>> open_since(const LedgerReader& reader, std::uint64_t size) {
  for (; size < reader.head().checkpoint.size; ++size) {
    PH_ASSIGN(const Bytes bytes, reader.entry(size));
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    if (!is_about_anchors(entry->type())) return std::optional<std::int64_t>(entry->time_ns());
  }
  return std::optional<std::int64_t>();
}

}  // namespace

WeighedLog weighed_log_of(const LedgerReader& reader, const VerifierKey& key) {
  WeighedLog log;
  log.origin = reader.head().checkpoint.origin;
  log.size = reader.head().checkpoint.size;
  log.key = key;
  log.timestamps = &check_timestamp;
  log.root_at = [&reader](std::uint64_t size) {
    const NodeSource nodes = [&](unsigned height, std::uint64_t index) {
      return reader.node(height, index);
    };
    return root_at(nodes, size);
  };
  log.has_foreign_lines = [&reader](const SignedCheckpoint& note) {
    return has_foreign_lines(reader, note);
  };
  log.open_since_ns = [&reader](std::uint64_t size) { return open_since(reader, size); };
  return log;
}

void add_held_receipts(VerifyOptions& options) {
  if (!options.policy) return;
  std::vector<VerifierKey> keys;
  if (options.key) keys.push_back(*options.key);
  for (const PolicyLog& log : options.policy->policy.logs) {
    if (!options.key) keys.push_back(log.key);
  }
  for (const VerifierKey& key : keys) {
    const auto ledger_id = ledger_id_of(key.name);
    if (!ledger_id.ok()) continue;
    for (const AnchorSpec& spec : options.policy->policy.anchors) {
      AnchorSetup setup;
      setup.spec = spec;
      setup.ledger_id = *ledger_id;
      setup.log_key = key;
      setup.variable = [](const char* name) { return std::getenv(name); };
      const auto anchor = make_anchor(std::move(setup));
      if (!anchor->is_local()) continue;
      auto held = anchor->held({}, kHeldMax);
      if (!held.ok()) continue;
      for (AnchorReceipt& receipt : *held) options.receipts.push_back(std::move(receipt));
    }
  }
}

}  // namespace phantom
