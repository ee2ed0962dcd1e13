#pragma once
// What a run trusts from before: the floor, a checkpoint that a repository has committed, and the
// cache, the checkpoint of the last good run, which may come from anybody. Pure.
//
//   floor  cache                                           trusted
//   no     there                                           the cache, as it is
//   no     missing                                         nothing; an error unless `first_run`
//   no     does not parse                                  an error
//   yes    missing, does not parse, of another log,        the floor; the report says why
//          not signed by the pinned key, smaller
//   yes    any other                                       the cache, with the pinned key's line
//
// So a cache can make a run slower, and never more lenient than the floor alone. One that the
// pinned key signed and that reaches beyond the floor is evidence: a log that does not hold it was
// rolled back or forked.

#include "ledger/checkpoint.h"

#include <optional>
#include <string>

namespace phantom {

enum class FirstRun { kNo, kYes };

struct Trust {
  std::optional<std::string> note;
  std::string from = "none";  // or "cache", "floor"; "home" when it is what the home has pinned
  std::string why = {};       // why the cache was passed over
};

// `cache` is unset when no cache was named.
Result<Trust> choose_trust(const std::optional<SignedCheckpoint>& floor,
                           std::optional<Result<std::string>> cache,
                           const std::optional<VerifierKey>& key, FirstRun first_run);

}  // namespace phantom
