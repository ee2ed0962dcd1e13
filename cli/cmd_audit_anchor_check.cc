#include "cli/anchor_log.h"
#include "cli/anchor_results.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/report.h"
#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kReceiptsMax = 10'000;  // of each anchor
constexpr std::size_t kHeldMax = 100;

struct CheckArgs {
  bool online = false;
  bool json = false;
};

// What one anchor said when it was asked.
struct Asked {
  std::string anchor;
  std::string said;
  int exit_code = kExitOk;
};

class Checking {
 public:
  Checking(Environment& environment, AnchorHome& home, const CheckArgs& args)
      : environment_(environment), home_(home), args_(args) {}

  Result<int> run() {
    PH_ASSIGN(const SignedCheckpoint newest, home_.newest());
    PH_ASSIGN(ReceiptSet set, read_receipts(home_.files, kReceiptsMax));
    older_ = set.older;
    if (args_.online) {
      for (const AnchorSpec& spec : home_.policy.policy.anchors) ask(spec, newest, set.receipts);
      // A witness that was asked has cosigned the newest.
      PH_ASSIGN(ReceiptSet now, read_receipts(home_.files, kReceiptsMax));
      for (AnchorReceipt& each : held_) now.receipts.push_back(std::move(each));
      set = std::move(now);
    }
    const WeighedLog log = weighed_log_of(*home_.reader, home_.log_key);
    outcome_ = weigh_anchors(home_.policy, set.receipts, 0, log, system_clock().wall_ns());
    receipts_ = set.receipts.size();
    if (outcome_.failure && outcome_.failure->exit_code == kExitFailed) {
      keep_contradiction(newest, set.receipts);
    }
    args_.json ? print_json() : print_text();
    return exit_code();
  }

 private:
  using Append = std::function<Result<Receipt>(Draft)>;

  Append append() {
    return [this](Draft draft) -> Result<Receipt> {
      PH_ASSIGN(Appender* const appender, environment_.appender());
      return appender->append(std::move(draft));
    };
  }

  void said(const AnchorSpec& spec, std::string text, int exit_code) {
    asked_.push_back({spec.name, std::move(text), exit_code});
  }

  void conflict(const AnchorSpec& spec, const SignedCheckpoint& newest,
                const AnchorContradicts& theirs) {
    const AnchorResult kept = keep_conflict(home_, spec, newest, theirs, system_clock(),
                                            environment_.context(), append());
    said(spec,
         theirs.message + (kept.evidence.empty() ? "" : "; both sides are in " + kept.evidence),
         kExitFailed);
    if (kept.unrecorded) environment_.out().note("not on record: " + kept.unrecorded->message);
  }

  void ask(const AnchorSpec& spec, const SignedCheckpoint& newest,
           const std::vector<AnchorReceipt>& receipts) {
    std::vector<std::uint64_t> kept;
    for (const AnchorReceipt& receipt : receipts) {
      if (receipt.anchor == spec.name) kept.push_back(receipt.size);
    }
    AnchorRound round;
    round.variable = [this](const char* name) { return environment_.variable(name); };
    const auto anchor = make_anchor(setup_of(home_, spec, round));
    if (spec.kind == "witness" && !spec.place.empty()) {
      return ask_by_push(spec, *anchor, newest, kept.empty() ? 0 : kept.back());
    }
    auto held = anchor->held(kept, kHeldMax);
    if (!held.ok()) {
      const bool mute = held.error().code == Code::kUnsupported;
      // What it was given and no longer has is missing, not unreachable.
      const int code = held.error().code == Code::kNotFound ? kExitIndeterminate
                                                            : exit_code_of(held.error().code);
      return said(spec, held.error().message, mute ? kExitOk : code);
    }
    for (AnchorReceipt& each : *held) {
      auto wrong = compare_held(each, home_.log_key, *home_.reader);
      if (!wrong.ok()) return said(spec, wrong.error().message, kExitIndeterminate);
      if (*wrong) return conflict(spec, newest, **wrong);
      held_.push_back(std::move(each));
    }
    const bool has_newest =
        kept.empty() || std::any_of(held->begin(), held->end(), [&](const AnchorReceipt& each) {
          return each.size >= kept.back();
        });
    if (!has_newest) {
      return said(spec,
                  "no longer holds the checkpoint of " + std::to_string(kept.back()) +
                      " events it was given",
                  kExitIndeterminate);
    }
    said(spec, "holds " + plural(held->size(), "checkpoint") + " of this ledger, none against it",
         kExitOk);
  }

  void ask_by_push(const AnchorSpec& spec, Anchor& anchor, const SignedCheckpoint& newest,
                   std::uint64_t last_size) {
    auto answer = anchor.push({newest, *home_.reader, last_size});
    if (!answer.ok()) return said(spec, answer.error().message, exit_code_of(answer.error().code));
    if (const auto* theirs = std::get_if<AnchorContradicts>(&*answer)) {
      return conflict(spec, newest, *theirs);
    }
    const AnchorResult kept =
        keep_anchored(home_, spec, std::get<AnchorGave>(*answer), environment_.context(), append());
    said(spec, "cosigned " + std::to_string(newest.checkpoint.size) + " events",
         kept.error ? exit_code_of(kept.error->code) : kExitOk);
  }

  // The receipt that our own ledger contradicts.
  void keep_contradiction(const SignedCheckpoint& newest,
                          const std::vector<AnchorReceipt>& receipts) {
    for (const AnchorReceipt& receipt : receipts) {
      const AnchorSpec* spec = home_.policy.policy.find(receipt.anchor);
      auto wrong = compare_held(receipt, home_.log_key, *home_.reader);
      if (spec == nullptr || !wrong.ok() || !*wrong) continue;
      const AnchorResult kept = keep_conflict(home_, *spec, newest, **wrong, system_clock(),
                                              environment_.context(), append());
      if (!kept.evidence.empty()) evidence_ = kept.evidence;
      return;
    }
  }

  int exit_code() const {
    int code = kExitOk;
    if (outcome_.failure) {
      code = outcome_.failure->exit_code;
    } else if (outcome_.state == CheckState::kIndeterminate) {
      code = kExitIndeterminate;
    } else if (outcome_.state == CheckState::kPolicy) {
      code = kExitPolicy;
    } else if (outcome_.state == CheckState::kSkipped) {
      code = kExitIndeterminate;
    }
    for (const Asked& each : asked_) {
      if (each.exit_code == kExitFailed) return kExitFailed;
      if (code == kExitOk || (code == kExitPolicy && each.exit_code != kExitOk)) {
        code = each.exit_code == kExitOk ? code : each.exit_code;
      }
    }
    return code;
  }

  std::string reason() const {
    return outcome_.failure ? outcome_.failure->reason : outcome_.reason;
  }
  CheckState state() const { return outcome_.failure ? CheckState::kFail : outcome_.state; }

  void print_text() {
    Output& out = environment_.out();
    out.line(plural(receipts_, "receipt") + ", " + std::to_string(outcome_.covered) + " of " +
             plural(home_.reader->head().checkpoint.size, "event") + " covered");
    if (older_ > 0) out.line(plural(older_, "older receipt") + " not looked at");
    for (const Asked& each : asked_) {
      out.line(escape_terminal(each.anchor) + ": " + escape_terminal(each.said));
    }
    out.line(std::string(check_state_name(state())) +
             (reason().empty() ? "" : ": " + finding_text({"anchors", state(), reason()})));
    if (!evidence_.empty()) out.hint("both sides are kept in " + evidence_);
  }

  void print_json() {
    Json json;
    json.begin().field_number("v", 1).field("status", check_state_name(state()));
    json.field("reason", reason()).field_number("receipts", receipts_);
    json.field_number("size", home_.reader->head().checkpoint.size);
    json.field_number("covered", outcome_.covered).key("asked").begin_list();
    for (const Asked& each : asked_) {
      json.begin().field("anchor", each.anchor).field("said", each.said);
      json.key("exit_code").integer(each.exit_code).end();
    }
    json.end_list();
    if (!evidence_.empty()) json.field("evidence", evidence_);
    environment_.out().line(json.end().str());
  }

  Environment& environment_;
  AnchorHome& home_;
  const CheckArgs& args_;
  std::vector<Asked> asked_;
  std::vector<AnchorReceipt> held_;
  AnchorOutcome outcome_;
  std::size_t receipts_ = 0;
  std::uint64_t older_ = 0;
  std::string evidence_;
};

}  // namespace

Command audit_anchor_check_command() {
  const auto args = std::make_shared<CheckArgs>();
  Command command;
  command.words = {"audit", "anchor", "check"};
  command.summary = "check the receipts against the ledger";
  command.description =
      "Checks every receipt offline: the log's signature, the root at its size, the anchor's own "
      "signature or time stamp; then quorum and bounds of the policy. --online also asks the "
      "anchors "
      "what they hold: directories, repositories and stores are read, witnesses are given the "
      "newest "
      "checkpoint.\n"
      "This checks receipts, not events: that is phantom audit verify.\n"
      "Exit codes: 0 they hold; 1 one contradicts the ledger, both sides are kept as evidence; 3 "
      "the "
      "quorum is not met, or nothing is anchored; 4 the newest are too old; 75 an anchor cannot be "
      "reached.";
  command.options = {{"online", "", "ask the anchors, too", &args->online},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) -> Result<int> {
    PH_ASSIGN(const Home root, environment.home());
    PH_ASSIGN(AnchorHome home, AnchorHome::open(root));
    return Checking(environment, home, *args).run();
  };
  return command;
}

}  // namespace phantom
