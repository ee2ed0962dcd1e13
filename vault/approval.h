#pragma once
// Calls that wait for a person. An approval is not a row somewhere: it is what the events under
// approval:<id> say, folded in order. docs/FORMAT.md section 19 has states and crash table.
//
//   asked -> granted -> used        each step is appended only if the step before it is still the
//         -> denied | expired       newest event under the tag, so each happens at most once
//   standing: added -> used, used, ... -> revoked | used up | over
//
// Pure: no clock, no store, no randomness of its own. vault/approval_desk.h does the rest.

#include "events/draft.h"
#include "events/random.h"
#include "events/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kQuestionNs = 600 * kSecondNs;  // time to answer
inline constexpr std::int64_t kGrantNs = 300 * kSecondNs;     // from the answer on, time to use it
inline constexpr std::int64_t kStandingNsMax = 30 * 24 * 3'600 * kSecondNs;
inline constexpr std::uint32_t kStandingUsesMax = 1'000;
inline constexpr std::size_t kOpenPerSessionMax = 5;
inline constexpr std::size_t kOpenPerProjectMax = 20;

// What is asked for. Project and session are those of the event's context.
struct ApprovalRequest {
  std::string tool;
  // Canonical JSON (RFC 8785). A person has to see all of it, so at most kArgumentsBytesMax.
  std::string arguments;
  std::vector<std::string> secret_names;  // full names (vault/secret_name.h)
  std::vector<std::string> hosts;         // host or host:port
  // Who asks, for the check against self-approval (cli/asker.h). Sealed; not part of the request.
  std::string asker;
};
inline constexpr std::size_t kArgumentsBytesMax = 4'096;
inline constexpr std::size_t kApprovalListMax = 64;  // secrets, and hosts

// kInvalid, kLimit: nothing that can be asked for.
Status check_request(const ApprovalRequest& request);

Digest arguments_digest(std::string_view canonical_arguments);

// Three groups of four: "k7m2-9xqd-4hfp", 60 random bits, no letters that look like digits.
std::string make_approval_id(Random& random);
bool is_approval_id(std::string_view text);
// What a person may type for it: upper case, blanks at the ends, groups run together. None: no id.
std::optional<std::string> read_approval_id(std::string_view typed);

enum class ApprovalState { kAsked, kGranted, kUsed, kDenied, kExpired, kStanding, kRevoked };
const char* approval_state_name(ApprovalState state);

struct Approval {
  std::string id;
  ApprovalState state = ApprovalState::kAsked;
  bool standing = false;
  std::string tool;
  Digest arguments_digest{};  // zero for a standing grant: any arguments
  std::string project;
  std::string session;                    // empty for a standing grant: any session
  std::vector<std::string> secret_names;  // sorted, each once
  std::vector<std::string> hosts;         // sorted, each once
  std::string agent_tool;                 // of the asker
  std::int64_t asked_ns = 0;              // ledger time of the first event
  // The question's end, the grant's, or the standing grant's; never later than ledger time allows.
  std::int64_t expires_ns = 0;
  std::int64_t sealed_expires_ns = 0;  // as the grant says it, which its seal covers
  std::uint32_t uses = 0;
  std::uint32_t uses_max = 1;
  Bytes seal;           // of the grant
  Seq asked_seq = 0;    // or of the standing grant
  Seq granted_seq = 0;  // of the newest grant
  Seq newest_seq = 0;   // of all events under the tag: what an append is conditional on
};

// The fold. Feed the entries of one tag oldest first; events that make no sense where they stand
// change nothing but newest_seq. kCorrupt for bytes that are not an entry.
class ApprovalFold {
 public:
  explicit ApprovalFold(std::string id) { approval_.id = std::move(id); }
  Status add(Seq seq, ByteView entry);
  // None until it was asked for.
  std::optional<Approval> result() const;

 private:
  Approval approval_;
  bool begun_ = false;
};

enum class ApprovalVerdict {
  kUsable,
  kUnknown,
  kOtherProject,
  kOtherSession,
  kOtherTool,
  kArgumentsChanged,
  kOtherSecrets,  // other secrets or hosts than the person was shown, or beyond a standing grant
  kDenied,
  kRevoked,
  kUsed,
  kQuestionExpired,
  kGrantExpired,
  kNotAnswered,
  kBadSeal
};
// May the request be done under it now? Says kUsable before anybody looked at the seal.
ApprovalVerdict judge_approval(const std::optional<Approval>& approval, const Context& context,
                               const ApprovalRequest& request, std::int64_t now_ns);
Reason verdict_reason(ApprovalVerdict verdict);
// kDenied (kUnknown: kNotFound) with a sentence and what to do.
Error verdict_error(ApprovalVerdict verdict, const std::string& id);

bool is_open(const Approval& approval, std::int64_t now_ns);

// The text a grant is sealed over: everything that was allowed, one way to write it.
std::string grant_text(const Approval& approval, std::int64_t expires_ns);

// Makes the seal of a text with the key of the opened vault: Vault::approval_seal.
using ApprovalSealer = std::function<Digest(std::string_view text)>;

}  // namespace phantom
