#pragma once
// Producers of the events about platforms, and what they say when read again.

#include "events/draft.h"
#include "events/result.h"
#include "proxy/platform.h"
#include "proxy/sync_config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace phantom {

class LedgerReader;

struct SyncItemFacts {
  std::string secret_name;  // full
  std::uint64_t secret_version = 0;
  WriteAction action = WriteAction::kCreate;
};

// How the last request went.
struct SyncEnding {
  PlatformResult result = PlatformResult::kDone;
  int http_status = 0;  // 0: there was no answer
  unsigned attempts = 0;
};

// In all of these context.project must be set. Filed under the secrets they name.
Draft sync_item_requested(const Context& context, const SyncTarget& target,
                          const SyncItemFacts& facts);
Draft sync_item_completed(const Context& context, Seq requested, const SyncTarget& target,
                          const SyncItemFacts& facts, const SyncEnding& ending);
Draft sync_pull_requested(const Context& context, const SyncTarget& target);
Draft sync_pull_completed(const Context& context, Seq requested, const SyncTarget& target,
                          const std::vector<std::string>& secret_names, const SyncEnding& ending);

// Whether, as far as the record tells, phantom itself put the secret there and has not deleted it
// since.
Result<bool> is_synced_there(const LedgerReader& ledger, const std::string& project,
                             const SyncTarget& target, const std::string& full_name);

}  // namespace phantom
