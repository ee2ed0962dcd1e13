#pragma once
// What a sync did, for people and for programs. Pure.

#include "cli/output.h"
#include "proxy/sync_run.h"

#include <string>
#include <vector>

namespace phantom {

struct TargetReport {
  SyncTarget target;
  SyncReport report;
  std::vector<std::string> left;  // surplus there that phantom did not put there
};

enum class SyncMode { kDryRun, kReal };

struct SyncCounts {
  std::size_t done = 0;
  std::size_t unchanged = 0;
  std::size_t planned = 0;  // of a dry run
  std::size_t failed = 0;
};
SyncCounts count_outcomes(const std::vector<TargetReport>& reports, SyncMode mode);

// kExitOk: all as it should be. kExitTemporary: nothing was done, and all that went wrong may go
// well later. kExitFailed: anything else.
ExitCode sync_exit_code(const std::vector<TargetReport>& reports, SyncMode mode);

std::string sync_text(const std::vector<TargetReport>& reports, SyncMode mode);
std::string sync_json(const std::string& environment, const std::vector<TargetReport>& reports,
                      SyncMode mode);

}  // namespace phantom
