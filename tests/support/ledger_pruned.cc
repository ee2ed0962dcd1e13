#include "tests/support/ledger_pruned.h"

#include "events/tags.h"
#include "ledger/retention.h"
#include "ledger/rows.h"
#include "ledger/tree.h"
#include "tests/support/ledger_home.h"

namespace phantom::test {

Digest root_of(const MemoryLedger& ledger, std::uint64_t size) {
  const auto root =
      root_at([&](unsigned height,
                  std::uint64_t index) { return read_node(ledger, ledger.size(), height, index); },
              size);
  PH_CHECK(root.ok(), "the tree of a test's ledger");
  return *root;
}

Seq request_prune(MemoryLedger& ledger, Seq first_kept) {
  PruneRequest request;
  request.first_kept = first_kept;
  request.root = root_of(ledger, first_kept);
  request.tags = *removed_tags(ledger, first_kept);
  request.policy = "keep=400d";
  const Seq seq = ledger.size();
  ledger.commit(std::vector<Draft>{prune_requested({}, request)});
  return seq;
}

void remove_up_to(MemoryLedger& ledger, Seq to) {
  for (Seq at = *read_first_kept(ledger); at < to; at += rows::kBundleEvents) {
    const auto changes = prune_rows(ledger, ledger.size(), at, at + rows::kBundleEvents);
    PH_CHECK(changes.ok(), changes.ok() ? "" : changes.error().message.c_str());
    for (const auto& [key, value] : changes->puts) ledger.rows[key] = value;
    for (const std::string& key : changes->deletes) ledger.rows.erase(key);
  }
}

void prune(MemoryLedger& ledger, Seq first_kept) {
  const Seq requested = request_prune(ledger, first_kept);
  remove_up_to(ledger, first_kept);
  ledger.commit(std::vector<Draft>{prune_completed({}, requested, first_kept)});
}

MemoryLedger prunable_ledger() {
  MemoryLedger ledger;
  std::uint64_t number = 5'000;
  const auto drafts = [&](std::size_t count, const std::string& tag) {
    std::vector<Draft> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(note_draft(number++, tag));
    return made;
  };
  ledger.commit(drafts(3, vault_tag("p_1")));
  ledger.commit(drafts(100, session_tag("early")));
  for (int i = 0; i < 9; ++i) ledger.commit(drafts(7, session_tag("early")));
  ledger.start_epoch(10);
  ledger.commit(drafts(300, session_tag("middle")));
  for (int i = 0; i < 12; ++i) ledger.commit(drafts(45, session_tag("middle")));
  ledger.commit(drafts(2, vault_tag("p_1")));
  ledger.start_epoch(20);
  ledger.commit(drafts(280, session_tag("middle")));
  ledger.commit(drafts(30, session_tag("late")));
  return ledger;
}

}  // namespace phantom::test
