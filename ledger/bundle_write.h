#pragma once
// Writes an evidence bundle: events, the proof that they stand in the ledger, and what is needed to
// check both without it. docs/FORMAT.md section 15.

#include "ledger/bundle_anchors.h"
#include "ledger/bundle_manifest.h"
#include "ledger/bundle_plan.h"
#include "ledger/signer.h"

#include <functional>

namespace phantom {

// kAll: everything that shows that the answer is whole. kMatching: the events of the answer only.
enum class Disclose { kAll, kMatching };

struct BundleOrder {
  EntryFilter filter;
  Disclose disclose = Disclose::kAll;
  std::vector<BundleAnchor> anchors;
  std::filesystem::path spool;  // a directory for temporary files, as big as the bundle
  StopAsked stop;
  // Now and then, with the events done and the number of the last one.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

struct WrittenBundle {
  BundleManifest manifest;
  Digest digest{};  // of the whole bundle
  std::uint64_t bytes = 0;
};

// Gives the bundle to `write` piece by piece. The same plan and order give the same bytes. `key` is
// the ledger's log key. Constant memory. kCorrupt: the ledger does not hold what its checkpoint
// says. kLimit: 8 GiB or more in one member, or a full disk. kClosed: stopped.
Result<WrittenBundle> write_bundle(const LedgerReader& reader, BundlePlan plan,
                                   const BundleOrder& order, const Signer& key,
                                   const std::function<Status(ByteView)>& write);

}  // namespace phantom
