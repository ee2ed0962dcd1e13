#pragma once
// Bundles made from a ledger in memory, taken apart, changed and put together again; also by
// somebody who has the log's key.

#include "ledger/bundle_write.h"
#include "ledger/verify_bundle.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_listed.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom::test {

// The ledger's rows as a snapshot. `ledger` must outlive it and not change.
std::unique_ptr<LedgerReader> snapshot_of(const MemoryLedger& ledger);

// The log key of MemoryLedger(seed).
Signer log_key_of(const MemoryLedger& ledger, std::uint64_t seed = 1);

// A small event with this context, filed under what the context names and `tags`.
Draft event_of(const Context& context, std::uint64_t number, std::vector<std::string> tags = {});

// Exports, appending the closing event when one is needed, as the command does.
Bytes make_bundle(MemoryLedger& ledger, const EntryFilter& filter, BundleOrder order = {});

struct BundleParts {
  std::vector<std::pair<std::string, Bytes>> members;

  Bytes& operator[](std::string_view name);
  std::string text(std::string_view name);
};
BundleParts take_apart(ByteView bundle);
Bytes put_together(const BundleParts& parts);
// With manifest.note made anew.
Bytes put_together(BundleParts parts, const Signer& key);

// The entries of a bundle: number and bytes.
using BundleEntries = std::vector<std::pair<Seq, Bytes>>;
BundleEntries entries_of(BundleParts& parts);
// Puts these in place of the entries, with a proof that fits when their numbers go up; events.jsonl
// and the counts of the manifest as they have to be for the answer `matched`.
void set_entries(BundleParts& parts, const MemoryLedger& ledger, const BundleEntries& entries);

VerifyReport verify_bytes(const Bytes& bundle, const VerifyOptions& options,
                          BundleDemand demand = BundleDemand::kWhatItClaims);

}  // namespace phantom::test
