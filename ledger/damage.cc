#include "ledger/damage.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

constexpr const char* kUseBackup = "build it anew: phantom ledger restore DIR";
constexpr const char* kKeepEvidence =
    "keep the directory as evidence; then build it anew: phantom ledger restore DIR";

// Checks whose failure is damage of the store itself.
constexpr std::array<std::string_view, 9> kStoreChecks{
    "files", "meta", "entries", "tree", "checkpoints", "tags", "ids", "rows", "key"};

const Check* failed_store_check(const VerifyReport& report) {
  for (const Check& check : report.checks) {
    const bool of_store =
        std::find(kStoreChecks.begin(), kStoreChecks.end(), check.id) != kStoreChecks.end();
    if (check.state == CheckState::kFail && of_store) return &check;
  }
  return nullptr;
}

const Check* check_named(const VerifyReport& report, std::string_view id) {
  for (const Check& check : report.checks) {
    if (check.id == id) return &check;
  }
  return nullptr;
}

class Classifier {
 public:
  explicit Classifier(const ExaminedLedger& facts) : facts_(facts) {}

  std::vector<Finding> run() {
    if (!facts_.store_there) {
      no_store();
    } else {
      store();
      keys();
    }
    for (const std::string& path : facts_.leftovers) {
      add(Damage::kLeftover, Remedy::kRepair, path + " was left by a process that died",
          "move it to the evidence directory");
    }
    for (const std::string& path : facts_.foreign) {
      add(Damage::kForeign, Remedy::kPerson, path + " is no file of a ledger",
          "look at it, then move it away; phantom leaves it alone");
    }
    return std::move(findings_);
  }

 private:
  void add(Damage damage, Remedy remedy, std::string what, std::string action) {
    findings_.push_back({damage, remedy, std::move(what), std::move(action)});
  }

  void no_store() {
    if (facts_.upgrading) {
      return add(Damage::kUnfinishedUpgrade, Remedy::kPerson,
                 "an upgrade was cut off between two renames",
                 "start it again, it goes on from there: phantom ledger upgrade");
    }
    if (facts_.creating) {
      return add(Damage::kUnfinishedCreation, Remedy::kPerson, "the ledger was never finished",
                 "make it: phantom ledger init");
    }
    if (facts_.ever_pinned || facts_.copy.newest) {
      return add(Damage::kWiped, Remedy::kNothing,
                 facts_.copy.newest
                     ? "the store is gone; its head copy says:\n" + facts_.copy.newest->note
                     : "the ledger is gone; the trust directory knows it",
                 kUseBackup);
    }
    add(Damage::kNoLedger, Remedy::kPerson, "there is no ledger here",
        "start one: phantom ledger init; or bring one back: phantom ledger restore DIR");
  }

  void store() {
    if (facts_.creating) {
      add(Damage::kUnfinishedCreation, Remedy::kPerson, "the ledger is made, but not pinned yet",
          "finish it: phantom ledger init");
    }
    if (facts_.restoring) {
      add(Damage::kUnfinishedRestore, Remedy::kPerson, "a restore was cut off at its end",
          "start it again, it finishes: phantom ledger restore DIR");
    }
    if (facts_.upgrading) {
      add(Damage::kUnfinishedUpgrade, Remedy::kPerson, "an upgrade was cut off at its end",
          "start it again, it finishes: phantom ledger upgrade");
    }
    if (const Check* check = facts_.report ? failed_store_check(*facts_.report) : nullptr) {
      return add(Damage::kStoreDamaged, Remedy::kNothing,
                 "the check '" + check->id + "' fails: " + check->reason, kKeepEvidence);
    }
    const Check* meta = facts_.report ? check_named(*facts_.report, "meta") : nullptr;
    if (meta != nullptr && meta->state == CheckState::kIndeterminate) {
      return add(Damage::kOtherFormat, Remedy::kPerson, meta->reason,
                 "of an older one: phantom ledger upgrade; of a newer one: use a newer phantom");
    }
    if (head()) return;
    if (facts_.trust_problem) {
      return add(facts_.trust_forked ? Damage::kForked : Damage::kRolledBack, Remedy::kNothing,
                 *facts_.trust_problem, kKeepEvidence);
    }
    const Check* files = facts_.report ? check_named(*facts_.report, "files") : nullptr;
    if (files != nullptr && files->state == CheckState::kPass && !files->reason.empty()) {
      add(Damage::kTornTail, Remedy::kItself,
          files->reason + "; nothing that was acknowledged is in it",
          "nothing: the next writer drops it");
    }
  }

  // True when it settles what state the store is in.
  bool head() {
    if (facts_.head_verdict == HeadVerdict::kStoreBehind) {
      add(Damage::kRolledBack, Remedy::kNothing,
          "the store is older than its head copy\n" + facts_.head_evidence, kKeepEvidence);
      return true;
    }
    if (facts_.head_verdict == HeadVerdict::kForked) {
      add(Damage::kForked, Remedy::kNothing,
          "store and head copy are two histories\n" + facts_.head_evidence, kKeepEvidence);
      return true;
    }
    const Check* check = facts_.report ? check_named(*facts_.report, "head") : nullptr;
    const bool fails = check != nullptr && check->state == CheckState::kFail;
    if (fails || !facts_.copy_there || facts_.copy.damaged) {
      add(Damage::kHeadCopy, Remedy::kRepair,
          fails ? check->reason : "the head copy is missing or damaged",
          "keep what is there, write it anew from the newest commit");
    } else if (facts_.head_verdict == HeadVerdict::kStoreAhead) {
      add(Damage::kHeadCopy, Remedy::kItself, "the head copy is behind, as a crash leaves it",
          "nothing: the next writer brings it up to date");
    }
    return false;
  }

  void keys() {
    if (!facts_.log_key_there) {
      add(Damage::kKeyMissing, Remedy::kNothing, "keys/log.key is missing: nothing can be recorded",
          "put the keys directory back from where you keep a copy");
      return;
    }
    if (!facts_.epoch) return;
    const auto& files = facts_.epoch_files;
    if (std::find(files.begin(), files.end(), *facts_.epoch) == files.end()) {
      add(Damage::kKeyMissing, Remedy::kNothing,
          "keys/epoch-" + std::to_string(*facts_.epoch) + ".key, the key in force, is missing",
          "put the keys directory back from where you keep a copy");
    }
    if (files.size() > 1) {
      add(Damage::kEpochKeys, Remedy::kItself, "a change of the epoch key did not end",
          "nothing: the next writer ends it");
    }
  }

  const ExaminedLedger& facts_;
  std::vector<Finding> findings_;
};

}  // namespace

const char* damage_name(Damage damage) {
  switch (damage) {
    case Damage::kNoLedger:
      return "no-ledger";
    case Damage::kWiped:
      return "wiped";
    case Damage::kUnfinishedCreation:
      return "unfinished-creation";
    case Damage::kUnfinishedRestore:
      return "unfinished-restore";
    case Damage::kUnfinishedUpgrade:
      return "unfinished-upgrade";
    case Damage::kOtherFormat:
      return "other-format";
    case Damage::kStoreDamaged:
      return "store-damaged";
    case Damage::kRolledBack:
      return "rolled-back";
    case Damage::kForked:
      return "forked";
    case Damage::kKeyMissing:
      return "key-missing";
    case Damage::kHeadCopy:
      return "head-copy";
    case Damage::kTornTail:
      return "torn-tail";
    case Damage::kEpochKeys:
      return "epoch-keys";
    case Damage::kLeftover:
      return "leftover";
    case Damage::kForeign:
      return "foreign";
  }
  return "unknown";
}

std::vector<Finding> classify(const ExaminedLedger& facts) { return Classifier(facts).run(); }

int exit_code_of(const std::vector<Finding>& findings) {
  const auto any = [&](Remedy remedy) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.remedy == remedy; });
  };
  if (any(Remedy::kNothing)) return 1;
  return any(Remedy::kPerson) || any(Remedy::kRepair) ? 3 : 0;
}

}  // namespace phantom
