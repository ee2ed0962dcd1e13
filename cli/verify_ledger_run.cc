#include "cli/anchor_log.h"
#include "cli/audit_events.h"
#include "cli/environment.h"
#include "cli/log_access.h"
#include "cli/verify_kinds.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/trust.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

// The origin of what this home has pinned. With more than one pin the ledger's head says which.
std::optional<std::string> pinned_origin(const Home& home) {
  std::vector<std::string> origins;
  std::error_code code;
  for (const auto& file : fs::directory_iterator(home.trust(), code)) {
    if (file.path().extension() != ".vkey") continue;
    origins.push_back(std::string(kOriginPrefix) + file.path().stem().string());
  }
  if (origins.empty()) return std::nullopt;
  std::sort(origins.begin(), origins.end());
  const auto head = read_head_file(LedgerFiles{home.ledger()}.head());
  if (head.ok() && head->newest) {
    const std::string& named = head->newest->checkpoint.origin;
    if (std::find(origins.begin(), origins.end(), named) != origins.end()) return named;
  }
  return origins.front();
}

// Whether what the home has verified before is what this run trusts.
Result<bool> use_pins(const Home& home, VerifyOptions& options, const VerifyArgs& args) {
  const std::optional<std::string> origin = pinned_origin(home);
  if (!origin) return false;
  if (!options.key) {
    PH_ASSIGN(options.key, pinned_key(home, *origin));
  }
  if (!args.trust_state) {
    PH_ASSIGN(const std::optional<SignedCheckpoint> pinned, pinned_checkpoint(home, *origin));
    if (pinned) options.trust = pinned->note;
    return pinned.has_value();
  }
  return false;
}

bool trust_fails(const VerifyReport& report) {
  return std::any_of(report.checks.begin(), report.checks.end(), [](const Check& check) {
    return check.id == "trust" && check.state == CheckState::kFail;
  });
}

// The home's policy unless another is given, and what its anchors gave.
Status use_own_anchors(const Home& home, VerifyOptions& options, const VerifyArgs& args) {
  const AnchorFiles files = anchor_files(home);
  if (!args.policy) {
    auto policy = load_anchor_policy(files.policy());
    if (!policy && policy.error().code == Code::kNotFound) return {};
    if (!policy) return std::move(policy.error());
    options.policy = std::move(*policy);
    PH_TRY(use_max_unanchored(args, options));
  }
  return args.receipts ? Status() : add_receipts(files.root, options);
}

// Without it nothing can be decided: exit code 3.
Error missing(Error error) {
  error.code = Code::kNotFound;
  return error;
}

class LedgerRun {
 public:
  explicit LedgerRun(Environment& environment) : environment_(environment) {}

  Result<Verified> run(const VerifyArgs& args, VerifyOptions& options) {
    Result<Home> home = environment_.home();
    if (args.ledger) {
      options.ledger = *args.ledger;
      std::error_code code;
      own_ = home.ok() && fs::equivalent(home->ledger(), options.ledger, code);
    } else {
      if (!home.ok()) return missing(std::move(home.error()));
      own_ = true;
      options.ledger = home->ledger();
      PH_ASSIGN(const auto service, environment_.service());
      if (service && ::access(LedgerFiles{options.ledger}.db().c_str(), R_OK | X_OK) != 0) {
        return unreadable_service(*service, {Code::kDenied, std::strerror(errno)});
      }
    }
    if (own_) {
      auto pins = use_pins(*home, options, args);
      if (!pins.ok()) return missing(std::move(pins.error()));
      pinned_trust_ = *pins;
      if (Status anchors = use_own_anchors(*home, options, args); !anchors.ok()) {
        return missing(std::move(anchors.error()));
      }
    }
    add_held_receipts(options);
    if (args.deep) options.depth = VerifyDepth::kDeep;
    if (args.incremental) options.depth = VerifyDepth::kIncremental;
    VerifyReport report = verify_ledger(options);
    if (args.incremental && trust_fails(report)) {
      // Rows that do not lead to what was trusted: the whole walk says what is wrong with them.
      options.depth = VerifyDepth::kFull;
      report = verify_ledger(options);
    }
    return Verified{std::move(report), options.ledger.string(), pinned_trust_ ? "home" : ""};
  }

  // What was verified is what this home trusts from now on, and that it was is on record.
  Status after_good(const VerifyReport& report) {
    if (!own_) return {};
    PH_ASSIGN(const Home home, environment_.home());
    if (const Status kept = advance_checkpoint(home, report.synced_note); !kept.ok()) {
      environment_.out().note("the trusted checkpoint was not moved on: " + kept.error().message);
    }
    OpenLog log;
    log.own = true;
    record_about_log(environment_, log,
                     audit_verified(environment_.context(), report.head->size, report.head->root,
                                    "L" + std::to_string(report.rung)));
    return {};
  }

 private:
  Environment& environment_;
  bool own_ = false;
  bool pinned_trust_ = false;
};

}  // namespace

VerifyKind ledger_kind(Environment& environment) {
  const auto ledger = std::make_shared<LedgerRun>(environment);
  VerifyKind kind;
  kind.flag = "ledger";
  kind.allows = {"against",     "policy",       "receipts", "max-unanchored",
                 "trust-state", "update-trust", "deep",     "incremental"};
  kind.run = [ledger](const VerifyArgs& args, VerifyOptions& options) {
    return ledger->run(args, options);
  };
  kind.after_good = [ledger](const VerifyReport& report) { return ledger->after_good(report); };
  return kind;
}

}  // namespace phantom
