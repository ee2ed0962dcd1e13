#pragma once
// The receipts of a ledger that go into a bundle. docs/FORMAT.md sections 1 and 15.

#include "events/result.h"
#include "ledger/bundle_members.h"
#include "ledger/reader.h"

#include <filesystem>
#include <vector>

namespace phantom {

struct BundleAnchor {
  bundle::AnchorName name;
  Bytes bytes;
};

// For a bundle over the first `size` events, of each anchor below `directory`: all files of the
// newest receipt over at most that many events and of the first one over at least that many, and
// the proofs that these sizes are of one log. In order of member names; none when there is no such
// directory. kInvalid: a name that cannot stand in a bundle.
Result<std::vector<BundleAnchor>> read_bundle_anchors(const std::filesystem::path& directory,
                                                      const LedgerReader& reader,
                                                      std::uint64_t size);

}  // namespace phantom
