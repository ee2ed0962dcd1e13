#include "vault/approval.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/sha256.h"
#include "schema/events_generated.h"
#include "vault/secret_name.h"
#include "vault/vault_file.h"

#include <algorithm>
#include <array>
#include <limits>

namespace phantom {
namespace {

// Crockford's digits: no i, l, o, u.
constexpr std::string_view kIdDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kIdGroups = 3;
constexpr std::size_t kIdGroupDigits = 4;
constexpr std::size_t kIdBytes = kIdGroups * (kIdGroupDigits + 1) - 1;
constexpr std::size_t kToolBytesMax = 128;
constexpr std::size_t kHostBytesMax = 300;

bool is_tool_name(std::string_view name) {
  return !name.empty() && name.size() <= kToolBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.' || c == '-';
         });
}

bool is_host_text(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

std::vector<std::string> texts_of(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* texts) {
  std::vector<std::string> out;
  if (texts == nullptr) return out;
  for (const flatbuffers::String* text : *texts) out.push_back(text->str());
  return sorted(std::move(out));
}

Digest digest_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  Digest digest{};
  if (bytes != nullptr && bytes->size() == digest.size()) {
    std::copy(bytes->begin(), bytes->end(), digest.begin());
  }
  return digest;
}

Bytes bytes_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  return bytes == nullptr ? Bytes() : Bytes(bytes->begin(), bytes->end());
}

// What an event says of its end, but no later than the ledger's own time allows.
std::int64_t end_of(std::uint64_t claimed, std::int64_t from, std::int64_t length_max) {
  const std::int64_t latest = from + length_max;
  return claimed > static_cast<std::uint64_t>(latest) ? latest : static_cast<std::int64_t>(claimed);
}

std::int64_t clamp_ns(std::uint64_t ns) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  return ns > static_cast<std::uint64_t>(kMax) ? kMax : static_cast<std::int64_t>(ns);
}

bool is_over(const Approval& approval, std::int64_t now_ns) {
  return now_ns >= approval.expires_ns;
}

}  // namespace

Status check_request(const ApprovalRequest& request) {
  if (!is_tool_name(request.tool)) return Error{Code::kInvalid, "that is not the name of a tool"};
  if (request.arguments.size() > kArgumentsBytesMax) {
    return Error{Code::kLimit,
                 "the arguments take " + std::to_string(request.arguments.size()) +
                     " bytes, more than a person can be shown (" +
                     std::to_string(kArgumentsBytesMax) + ")",
                 "ask for less in one call"};
  }
  if (request.secret_names.size() > kApprovalListMax || request.hosts.size() > kApprovalListMax) {
    return Error{Code::kLimit,
                 "one approval is for at most " + std::to_string(kApprovalListMax) +
                     " secrets and as many hosts",
                 "ask for less in one call"};
  }
  for (const std::string& name : request.secret_names) {
    if (!is_valid_secret_name(name)) {
      return Error{Code::kInvalid, "not the name of a secret: " + escape_terminal(name)};
    }
  }
  for (const std::string& host : request.hosts) {
    if (!is_host_text(host)) return Error{Code::kInvalid, "not a host: " + escape_terminal(host)};
  }
  return {};
}

Digest arguments_digest(std::string_view canonical_arguments) {
  return sha256(as_bytes(canonical_arguments));
}

std::string make_approval_id(Random& random) {
  std::array<std::uint8_t, kIdGroups * kIdGroupDigits> bytes{};
  random.fill(bytes);
  std::string id;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i != 0 && i % kIdGroupDigits == 0) id += '-';
    id += kIdDigits[bytes[i] % kIdDigits.size()];
  }
  return id;
}

bool is_approval_id(std::string_view text) {
  if (text.size() != kIdBytes) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i % (kIdGroupDigits + 1) == kIdGroupDigits;
    if (dash ? text[i] != '-' : kIdDigits.find(text[i]) == std::string_view::npos) return false;
  }
  return true;
}

std::optional<std::string> read_approval_id(std::string_view typed) {
  std::string digits;
  for (char c : typed) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    digits += c;
    if (digits.size() > kIdBytes) return std::nullopt;
  }
  if (digits.size() != kIdGroups * kIdGroupDigits) return std::nullopt;
  std::string id;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && i % kIdGroupDigits == 0) id += '-';
    id += digits[i];
  }
  if (!is_approval_id(id)) return std::nullopt;
  return id;
}

const char* approval_state_name(ApprovalState state) {
  switch (state) {
    case ApprovalState::kAsked:
      return "asked";
    case ApprovalState::kGranted:
      return "granted";
    case ApprovalState::kUsed:
      return "used";
    case ApprovalState::kDenied:
      return "denied";
    case ApprovalState::kExpired:
      return "expired";
    case ApprovalState::kStanding:
      return "standing";
    case ApprovalState::kRevoked:
      return "revoked";
  }
  return "unknown";
}

Status ApprovalFold::add(Seq seq, ByteView bytes) {
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  approval_.newest_seq = seq;
  // A copy of its own is aligned as FlatBuffers wants it.
  const Bytes payload(entry->payload()->begin(), entry->payload()->end());
  const EventNo type = entry->type();
  // An event of a type that is newer than this program is not one of ours.
  if (!check_payload(type, payload).ok()) return {};
  const std::int64_t time_ns = entry->time_ns();
  Approval& approval = approval_;

  if (!begun_) {
    if (type == event_no<schema::ApprovalAsked>()) {
      const auto* asked = flatbuffers::GetRoot<schema::ApprovalAsked>(payload.data());
      if (text_of(asked->approval()) != approval.id) return {};
      approval.tool = text_of(asked->tool());
      approval.arguments_digest = digest_of(asked->arguments_digest());
      approval.secret_names = texts_of(asked->secret_names());
      approval.hosts = texts_of(asked->hosts());
      approval.session = text_of(entry->session());
      approval.expires_ns = end_of(asked->expires_ns(), time_ns, kQuestionNs);
    } else if (type == event_no<schema::ApprovalGrantAdded>()) {
      const auto* added = flatbuffers::GetRoot<schema::ApprovalGrantAdded>(payload.data());
      if (text_of(added->approval()) != approval.id) return {};
      approval.standing = true;
      approval.state = ApprovalState::kStanding;
      approval.tool = text_of(added->tool());
      approval.secret_names = texts_of(added->secret_names());
      approval.uses_max = added->uses_max();
      approval.sealed_expires_ns = clamp_ns(added->expires_ns());
      approval.expires_ns = end_of(added->expires_ns(), time_ns, kStandingNsMax);
      approval.seal = bytes_of(added->seal());
      approval.granted_seq = seq;
    } else {
      return {};
    }
    // Whoever appends decides what an event says; what could not have been asked for was not.
    ApprovalRequest shown;
    shown.tool = approval.tool;
    shown.secret_names = approval.secret_names;
    shown.hosts = approval.hosts;
    if (!check_request(shown).ok()) return {};
    approval.project = text_of(entry->project());
    approval.agent_tool = text_of(entry->agent_tool());
    approval.asked_ns = time_ns;
    approval.asked_seq = seq;
    begun_ = true;
    return {};
  }

  const bool open =
      approval.state == ApprovalState::kAsked || approval.state == ApprovalState::kGranted;
  if (type == event_no<schema::McpToolRequested>()) {
    // A use that nobody had allowed uses it up all the same: nothing is ever done twice.
    ++approval.uses;
    if (open) approval.state = ApprovalState::kUsed;
    if (approval.standing && approval.state == ApprovalState::kStanding &&
        approval.uses >= approval.uses_max) {
      approval.state = ApprovalState::kUsed;
    }
    return {};
  }
  if (approval.standing) {
    if (type == event_no<schema::ApprovalGrantRevoked>() &&
        approval.state == ApprovalState::kStanding) {
      approval.state = ApprovalState::kRevoked;
    }
    if (type == event_no<schema::ApprovalExpired>() && approval.state == ApprovalState::kStanding) {
      approval.state = ApprovalState::kExpired;
    }
    return {};
  }
  if (!open) return {};
  if (type == event_no<schema::ApprovalGranted>()) {
    const auto* granted = flatbuffers::GetRoot<schema::ApprovalGranted>(payload.data());
    const bool same = text_of(granted->approval()) == approval.id &&
                      text_of(granted->tool()) == approval.tool &&
                      digest_of(granted->arguments_digest()) == approval.arguments_digest;
    // An answer after the time to answer is none.
    if (!same || is_over(approval, time_ns)) return {};
    approval.state = ApprovalState::kGranted;
    approval.granted_seq = seq;
    approval.sealed_expires_ns = clamp_ns(granted->expires_ns());
    approval.expires_ns = end_of(granted->expires_ns(), time_ns, kGrantNs);
    approval.seal = bytes_of(granted->seal());
  } else if (type == event_no<schema::ApprovalDenied>()) {
    approval.state = ApprovalState::kDenied;
  } else if (type == event_no<schema::ApprovalExpired>()) {
    approval.state = ApprovalState::kExpired;
  }
  return {};
}

std::optional<Approval> ApprovalFold::result() const {
  if (!begun_) return std::nullopt;
  return approval_;
}

bool is_open(const Approval& approval, std::int64_t now_ns) {
  return (approval.state == ApprovalState::kAsked || approval.state == ApprovalState::kGranted ||
          approval.state == ApprovalState::kStanding) &&
         !is_over(approval, now_ns);
}

ApprovalVerdict judge_approval(const std::optional<Approval>& found, const Context& context,
                               const ApprovalRequest& request, std::int64_t now_ns) {
  if (!found) return ApprovalVerdict::kUnknown;
  const Approval& approval = *found;
  if (approval.project != context.project) return ApprovalVerdict::kOtherProject;
  if (approval.tool != request.tool) return ApprovalVerdict::kOtherTool;
  const std::vector<std::string> secrets = sorted(request.secret_names);
  if (approval.standing) {
    if (!std::includes(approval.secret_names.begin(), approval.secret_names.end(), secrets.begin(),
                       secrets.end())) {
      return ApprovalVerdict::kOtherSecrets;
    }
  } else {
    if (approval.session != context.session) return ApprovalVerdict::kOtherSession;
    if (approval.arguments_digest != arguments_digest(request.arguments)) {
      return ApprovalVerdict::kArgumentsChanged;
    }
    if (approval.secret_names != secrets || approval.hosts != sorted(request.hosts)) {
      return ApprovalVerdict::kOtherSecrets;
    }
  }
  switch (approval.state) {
    case ApprovalState::kUsed:
      return ApprovalVerdict::kUsed;
    case ApprovalState::kDenied:
      return ApprovalVerdict::kDenied;
    case ApprovalState::kRevoked:
      return ApprovalVerdict::kRevoked;
    case ApprovalState::kAsked:
      return is_over(approval, now_ns) ? ApprovalVerdict::kQuestionExpired
                                       : ApprovalVerdict::kNotAnswered;
    case ApprovalState::kExpired:
      return approval.granted_seq == 0 ? ApprovalVerdict::kQuestionExpired
                                       : ApprovalVerdict::kGrantExpired;
    case ApprovalState::kGranted:
    case ApprovalState::kStanding:
      break;
  }
  return is_over(approval, now_ns) ? ApprovalVerdict::kGrantExpired : ApprovalVerdict::kUsable;
}

namespace {

struct VerdictRow {
  ApprovalVerdict verdict;
  Reason reason;
  const char* sentence;
  const char* hint;
};

constexpr const char* kAskAgain = "call the tool again without an approval to ask anew";

constexpr VerdictRow kVerdicts[] = {
    {ApprovalVerdict::kUsable, Reason::None, "can be used", ""},
    {ApprovalVerdict::kUnknown, Reason::NotApproved, "is not known here", kAskAgain},
    {ApprovalVerdict::kOtherProject, Reason::OtherProject, "belongs to another project", kAskAgain},
    {ApprovalVerdict::kOtherSession, Reason::OtherSession, "was asked for in another session",
     kAskAgain},
    {ApprovalVerdict::kOtherTool, Reason::OtherTool, "is for another tool", kAskAgain},
    {ApprovalVerdict::kArgumentsChanged, Reason::ArgumentsChanged, "is for other arguments",
     kAskAgain},
    {ApprovalVerdict::kOtherSecrets, Reason::ArgumentsChanged, "is for other secrets or hosts",
     kAskAgain},
    {ApprovalVerdict::kDenied, Reason::UserDeclined, "was denied",
     "talk to the person who said no"},
    {ApprovalVerdict::kRevoked, Reason::NotApproved, "was revoked", kAskAgain},
    {ApprovalVerdict::kUsed, Reason::ApprovalUsed, "was used already", kAskAgain},
    {ApprovalVerdict::kQuestionExpired, Reason::ApprovalExpired, "was not answered in time",
     kAskAgain},
    {ApprovalVerdict::kGrantExpired, Reason::ApprovalExpired, "was not used in time", kAskAgain},
    {ApprovalVerdict::kNotAnswered, Reason::NotApproved, "waits for a person",
     "a person runs 'phantom approve ID' in a terminal of their own"},
    {ApprovalVerdict::kBadSeal, Reason::BadSeal,
     "carries a grant that was not made with the key of this vault",
     "'phantom audit show --type approval.granted' shows who recorded it"},
};

const VerdictRow& row_of(ApprovalVerdict verdict) {
  for (const VerdictRow& row : kVerdicts) {
    if (row.verdict == verdict) return row;
  }
  PH_CHECK(false, "a verdict without a row");
  return kVerdicts[0];
}

}  // namespace

Reason verdict_reason(ApprovalVerdict verdict) { return row_of(verdict).reason; }

Error verdict_error(ApprovalVerdict verdict, const std::string& id) {
  const VerdictRow& row = row_of(verdict);
  const Code code = verdict == ApprovalVerdict::kUnknown ? Code::kNotFound : Code::kDenied;
  const std::string name = is_approval_id(id) ? id : "with that id";
  return {code, "the approval " + name + " " + row.sentence, row.hint};
}

std::string grant_text(const Approval& approval, std::int64_t expires_ns) {
  std::string text = "phantom/approval/v1\n";
  const auto line = [&text](std::string_view key, const std::string& value) {
    text += key;
    text += ' ';
    text += value;
    text += '\n';
  };
  line("kind", approval.standing ? "standing" : "once");
  line("id", approval.id);
  line("tool", approval.tool);
  line("arguments", approval.standing ? "any" : to_hex(approval.arguments_digest));
  line("project", approval.project);
  line("session", approval.standing ? "any" : approval.session);
  line("uses", std::to_string(approval.uses_max));
  line("expires", std::to_string(expires_ns));
  for (const std::string& name : approval.secret_names) line("secret", name);
  for (const std::string& host : approval.hosts) line("host", host);
  return text;
}

}  // namespace phantom
