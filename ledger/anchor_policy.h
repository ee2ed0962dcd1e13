#pragma once
// The anchor policy: who keeps our checkpoints, and how much of that a verifier asks for. Text, one
// line an idea; a superset of C2SP tlog-policy. docs/FORMAT.md section 16. Pure.
//
//   log VKEY [URL]                            quorum NAME|none        (exactly one)
//   witness NAME VKEY [URL]                   max-unanchored 1h|1000  (one of each, at most)
//   group NAME all|any|K MEMBER...            interval 10m
//   anchor NAME directory PATH                on-failure warn
//   anchor NAME git REPOSITORY [ref REF] [tag]
//   anchor NAME tsa URL|manual ca FILE
//   anchor NAME put URL [header file|env NAME]
//   anchor NAME peer VKEY PATH
//
// Names refer backwards only. A line that starts with # is a comment; there is no other kind.

#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/cosignature.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct PolicyLog {
  VerifierKey key;
  std::string url;
};

// A place where checkpoints go. Which fields are set is the kind's affair.
struct AnchorSpec {
  std::string name;
  std::string kind;                      // witness, directory, git, tsa, put or peer
  std::string place;                     // path, URL or "manual"; may be empty for a witness
  std::optional<CosignerKey> witness{};  // whose cosignatures count
  std::optional<VerifierKey> peer{};     // who signs the teammate's ledger
  std::string ca{};                      // tsa: file of certificates, beside the policy
  std::string ref{};                     // git: empty for our own
  bool tag = false;                      // git: a tag for every checkpoint, too
  std::string header_source{};           // put: "file" or "env"; empty for none
  std::string header_name{};             // put: the file or the variable

  // True when a third party signs the receipts, so that our copy of one proves that it was given.
  bool signs() const { return kind == "witness" || kind == "tsa" || kind == "peer"; }
};

struct PolicyGroup {
  std::string name;
  std::size_t needed = 0;
  std::vector<std::string> members;
};

struct AnchorPolicy {
  std::vector<PolicyLog> logs;
  std::vector<AnchorSpec> anchors;  // in order; witnesses too
  std::vector<PolicyGroup> groups;
  std::string quorum;  // name of an anchor or a group; empty for "none"
  std::optional<std::int64_t> unanchored_ns_max;
  std::optional<std::uint64_t> unanchored_events_max;
  std::optional<std::int64_t> interval_ns;

  const AnchorSpec* find(std::string_view name) const;
  const PolicyLog* log_of(std::string_view origin) const;
};

// kInvalid, with the number of the line.
Result<AnchorPolicy> parse_anchor_policy(std::string_view text);

// How many events the quorum covers, when `held` says so of each anchor: the largest size that the
// quorum's members cover together. Without a quorum what the best anchor covers.
std::uint64_t covered_events(const AnchorPolicy& policy,
                             const std::function<std::uint64_t(const AnchorSpec&)>& held);

// What the quorum still lacks when `held` is 0 for these: "2 of {w1, w2, tsa1}".
std::string quorum_text(const AnchorPolicy& policy);

// "1h" and "1000": a time or a number of events, in place of what the policy says. kInvalid.
Status set_unanchored_max(AnchorPolicy& policy, std::string_view text);
// 90s, 10m, 2h, 7d.
std::optional<std::int64_t> parse_duration_ns(std::string_view text);

// The policy's text with a line more, above its quorum, or without the lines that define `name`.
// kInvalid when the outcome would not be a policy, kNotFound. A text of nothing becomes a policy
// with `quorum none`.
Result<std::string> with_policy_line(std::string_view text, const std::string& line);
Result<std::string> without_anchor(std::string_view text, std::string_view name);

}  // namespace phantom
