#pragma once
// The third step of verification: the checkpoints of the commits that end in a span. Each is
// independent of all others, so that spans are checked side by side.

#include "ledger/store_reader.h"
#include "ledger/verify_fold.h"
#include "ledger/verify_report.h"

#include <optional>

namespace phantom {

// Which commits' signatures are checked besides those that close an epoch. The text of every
// checkpoint, its root and the form of its signature lines are always checked.
struct SignatureScope {
  std::uint64_t after_size = 0;  // of commits over more events than this
};

struct CommitsResult {
  std::optional<Failure> failure;
  std::uint64_t signatures_skipped = 0;  // commits
};

// Of commits over events before `first_kept` exactly those that end an epoch are there, and the
// newest one.
CommitsResult check_commits(const StoreReader& rows, const Span& span, const CommitContext& context,
                            const Checkpoint& head, const SignatureScope& scope, Seq first_kept);

}  // namespace phantom
