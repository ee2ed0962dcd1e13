#pragma once
// Does verification notice? Changes are made to a private copy of a ledger, one at a time, and the
// verifier has to catch each: to bytes of its files, to whole files, to rows written through the
// store so that the engine's checksums fit, and by putting an older state back.

#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/verify.h"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

struct SelftestOptions {
  // Only read, beside its writer if there is one. None: a small ledger made for this run.
  std::optional<std::filesystem::path> ledger;
  std::optional<VerifierKey> key;  // pinned; none: the one that the ledger itself names
  // Change `first + i` is the same for the same seed and ledger, whatever is asked for beside it.
  std::uint64_t seed = 0;
  std::uint64_t first = 0;
  std::uint64_t changes = 200;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  // The verifier that is tested.
  std::function<VerifyReport(const VerifyOptions&)> verify = verify_ledger;
};

struct SelftestTally {
  std::uint64_t made = 0;
  std::uint64_t caught = 0;
  std::uint64_t harmless = 0;  // verified, and head and rows read as before: no evidence changed
};

struct SelftestMiss {
  std::uint64_t number = 0;
  std::string kind;
  std::string what;
};

struct SelftestReport {
  Checkpoint head;
  std::map<std::string, SelftestTally> kinds;
  std::map<std::string, std::uint64_t> caught_by;  // the check that failed, or "read error"
  std::vector<SelftestMiss> missed;
};

// kNotFound: there is no ledger. kCorrupt: it does not verify before anything is changed. kIo,
// kLimit, kDenied: no copy could be made.
Result<SelftestReport> run_selftest(const SelftestOptions& options);

// Pure: every kind of change there is, in the order they are made in.
std::vector<std::string> selftest_kinds();

}  // namespace phantom
