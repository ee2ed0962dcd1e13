#pragma once
// What can be wrong with a ledger and the files around it, and what may be done about it. Pure:
// the facts come from ledger/repair.h.

#include "ledger/head_guard.h"
#include "ledger/verify.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

enum class Damage {
  kNoLedger,  // nothing there, and nothing says there was
  kWiped,     // gone, and something says there was one
  kUnfinishedCreation,
  kUnfinishedRestore,
  kUnfinishedUpgrade,
  kOtherFormat,  // of an older or newer phantom
  kStoreDamaged,
  kRolledBack,
  kForked,
  kKeyMissing,
  kHeadCopy,   // stale beyond a crash, damaged, missing
  kTornTail,   // the end of a log that nobody was told was recorded
  kEpochKeys,  // files of a change of epoch that did not end
  kLeftover,   // our own temporary files
  kForeign     // files nobody here wrote
};
// "head-copy", as shown and recorded.
const char* damage_name(Damage damage);

enum class Remedy {
  kRepair,  // phantom ledger repair does it: nothing is lost that cannot be derived again
  kItself,  // the next writer does it; nothing to worry about
  kPerson,  // a person has to decide or type a command
  kNothing  // cannot be mended here: only a backup helps
};

struct Finding {
  Damage damage;
  Remedy remedy;
  std::string what;
  std::string action;  // what repair does, or what to do
};

struct ExaminedLedger {
  bool store_there = false;
  std::optional<VerifyReport> report;       // when the store is there
  std::optional<HeadVerdict> head_verdict;  // when store and copy can be read
  std::string head_evidence;                // both notes, when they contradict
  HeadFile copy;
  bool copy_there = false;
  std::optional<std::string> trust_problem;  // the pin against the store, when they contradict
  bool trust_forked = false;
  bool ever_pinned = false;
  bool creating = false;                   // keys/creating
  bool restoring = false;                  // the marker of a restore
  bool upgrading = false;                  // directories of an upgrade
  std::optional<std::uint64_t> epoch;      // in force
  std::vector<std::uint64_t> epoch_files;  // numbers of the key files
  bool log_key_there = false;
  std::vector<std::string> leftovers;  // paths in the home
  std::vector<std::string> foreign;
};

// In order of weight; empty: nothing is wrong.
std::vector<Finding> classify(const ExaminedLedger& facts);

// 0 nothing is left to do, 1 something that cannot be mended here, 3 a person has to act.
int exit_code_of(const std::vector<Finding>& findings);

}  // namespace phantom
