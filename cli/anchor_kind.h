#pragma once
// Talking to anchors. A kind is a file cli/anchor_<kind>.cc with one class, a line in
// anchor_kinds.cc, and the form of its line in ledger/anchor_policy.cc.

#include "events/clock.h"
#include "events/random.h"
#include "events/result.h"
#include "ledger/anchor_events.h"
#include "ledger/anchor_files.h"
#include "ledger/reader.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace phantom {

// What every kind gets.
struct AnchorSetup {
  AnchorSpec spec;
  std::string ca_pem;
  std::string ledger_id;  // our log's, 32 hex digits
  VerifierKey log_key;
  std::chrono::milliseconds time_max{20'000};  // for one exchange
  std::function<const char*(const char*)> variable;
  const Clock* clock = &system_clock();
  Random* random = &system_random();
};

// The checkpoint that is to be kept, without the epoch's signature; and the log it is of.
struct AnchorPush {
  SignedCheckpoint checkpoint;
  const LedgerReader& reader;
  std::uint64_t last_size = 0;  // of the newest receipt; 0 for none
};

struct AnchorGave {
  AnchorReceipt receipt;
  std::int64_t vouched_ns = 0;
};

// The anchor holds something that is no part of our log, or more than our log has.
struct AnchorContradicts {
  AnchorHolds holds;
  std::string note;     // as the anchor holds it; empty when it only said so
  std::string message;  // what does not fit, for people
};

using AnchorAnswer = std::variant<AnchorGave, AnchorContradicts>;

class Anchor {
 public:
  virtual ~Anchor() = default;

  // Gives it the checkpoint; what it already holds is fine. kBusy: not reached. kDenied: it does
  // not take it. kInvalid, kNotFound: the line of the policy is wrong for what is there.
  // kUnsupported: it needs a person (cmd_audit_anchor_push.cc).
  virtual Result<AnchorAnswer> push(const AnchorPush& push) = 0;

  // The newest notes it holds of our log, at most `newest_max`, as receipts that are `held`. `kept`
  // are the sizes that we have receipts for. kUnsupported: it keeps nothing that can be read back.
  virtual Result<std::vector<AnchorReceipt>> held(const std::vector<std::uint64_t>& kept,
                                                  std::size_t newest_max) = 0;

  // True when held() reads from this machine only.
  virtual bool is_local() const { return false; }
};

// Every kind of the policy has one.
std::unique_ptr<Anchor> make_anchor(AnchorSetup setup);

std::unique_ptr<Anchor> make_directory_anchor(AnchorSetup setup);
std::unique_ptr<Anchor> make_git_anchor(AnchorSetup setup);
std::unique_ptr<Anchor> make_tsa_anchor(AnchorSetup setup);
std::unique_ptr<Anchor> make_put_anchor(AnchorSetup setup);
std::unique_ptr<Anchor> make_witness_anchor(AnchorSetup setup);
std::unique_ptr<Anchor> make_peer_anchor(AnchorSetup setup);

// What a note that an anchor holds says against our log: none when it fits. kInvalid: the note is
// not one that our log signed, so that it says nothing about it.
Result<std::optional<AnchorContradicts>> compare_held(const AnchorReceipt& held,
                                                      const VerifierKey& log_key,
                                                      const LedgerReader& reader);

}  // namespace phantom
