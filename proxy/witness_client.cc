#include "proxy/witness_client.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kSizeType = "text/x.tlog.size";
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
constexpr std::size_t kQuotedBytesMax = 120;

// The first line of an answer, for people.
std::string quoted(std::string_view body) {
  const std::string_view line = body.substr(0, body.find('\n'));
  if (line.empty()) return "";
  return ": " + escape_terminal(line.substr(0, kQuotedBytesMax));
}

Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }

}  // namespace

Status WitnessReply::as_status() const {
  switch (kind) {
    case Kind::kCosigned:
      return {};
    case Kind::kLargerTree:
      return Error{Code::kCorrupt, message,
                   "this ledger was rolled back or replaced: keep everything as it is and compare "
                   "it with its backups"};
    case Kind::kInconsistent:
      return Error{Code::kCorrupt, message,
                   "the witness has seen another history of this ledger: keep everything as it is"};
    case Kind::kNotTrusted:
      return Error{Code::kDenied, message,
                   "who runs the witness adds this ledger's key: phantom witness add-log VKEY"};
    case Kind::kUnknownLog:
      return Error{Code::kNotFound, message,
                   "who runs the witness adds this ledger: phantom witness add-log VKEY"};
  }
  return Error{Code::kInternal, "not a reply of a witness"};
}

std::string add_checkpoint_body(std::uint64_t old_size, const std::vector<Digest>& proof,
                                std::string_view note) {
  std::string body = "old " + std::to_string(old_size) + "\n";
  for (const Digest& hash : proof) body += to_base64(hash) + "\n";
  return body.append("\n").append(note);
}

WitnessExchange::WitnessExchange(CosignerKey key, Checkpoint checkpoint, std::string note,
                                 std::uint64_t old_size)
    : key_(std::move(key)),
      checkpoint_(std::move(checkpoint)),
      note_(std::move(note)),
      old_size_(old_size) {}

Result<WitnessExchange> WitnessExchange::begin(CosignerKey key, std::string_view note,
                                               std::uint64_t last_size) {
  PH_ASSIGN(SignedCheckpoint parsed, parse_checkpoint(note));
  // A size beyond ours cannot be proved from; the witness then says what it has.
  const std::uint64_t old_size = last_size > parsed.checkpoint.size ? 0 : last_size;
  return WitnessExchange(std::move(key), std::move(parsed.checkpoint), std::move(parsed.note),
                         old_size);
}

Result<std::optional<WitnessReply>> WitnessExchange::take(const Answer& answer,
                                                          std::uint64_t now_s) {
  ++attempts_;
  const std::string says =
      "witness " + key_.name + " answers " + std::to_string(answer.status) + quoted(answer.body);
  WitnessReply reply;
  switch (answer.status) {
    case 200:
      return cosigned(answer.body, now_s);
    case 409:
      return conflict(answer);
    case 422:
      reply.kind = WitnessReply::Kind::kInconsistent;
      reply.witness_size = old_size_;
      reply.message = says + "; it holds the tree of size " + std::to_string(checkpoint_.size) +
                      " for no continuation of the one of size " + std::to_string(old_size_) +
                      " that it cosigned";
      return std::optional(reply);
    case 403:
      reply.kind = WitnessReply::Kind::kNotTrusted;
      reply.message = says;
      return std::optional(reply);
    case 404:
      reply.kind = WitnessReply::Kind::kUnknownLog;
      reply.message = says;
      return std::optional(reply);
    default:
      if (answer.status == 408 || answer.status == 429 || answer.status >= 500) {
        return Error{Code::kBusy, says, "try again later"};
      }
      return invalid(says);
  }
}

Result<std::optional<WitnessReply>> WitnessExchange::conflict(const Answer& answer) {
  const std::string name = "witness " + key_.name;
  std::string_view text = answer.body;
  const bool whole_line = text.ends_with('\n');
  if (whole_line) text.remove_suffix(1);
  const auto size = whole_line ? parse_decimal(text) : std::nullopt;
  if (answer.content_type.substr(0, answer.content_type.find(';')) != kSizeType || !size) {
    // Some witnesses answer so when the root is another for a size that they have cosigned.
    WitnessReply reply;
    reply.kind = WitnessReply::Kind::kInconsistent;
    reply.witness_size = old_size_;
    reply.message = name + " answers 409 to a tree of size " + std::to_string(checkpoint_.size) +
                    " and names no size that it has";
    return std::optional(reply);
  }
  if (*size > checkpoint_.size) {
    WitnessReply reply;
    reply.kind = WitnessReply::Kind::kLargerTree;
    reply.witness_size = *size;
    reply.message = name + " has cosigned " + escape_terminal(checkpoint_.origin) + " at size " +
                    std::to_string(*size) + "; this ledger ends at size " +
                    std::to_string(checkpoint_.size);
    return std::optional(reply);
  }
  if (*size == old_size_) return invalid(name + " refuses the size that it asks for");
  if (attempts_ >= kWitnessAttemptsMax) {
    return Error{Code::kBusy, name + " moves on faster than it can be asked", "try again later"};
  }
  old_size_ = *size;
  return std::optional<WitnessReply>();
}

Result<std::optional<WitnessReply>> WitnessExchange::cosigned(std::string_view lines,
                                                              std::uint64_t now_s) const {
  const std::string name = "witness " + key_.name;
  PH_ASSIGN(const SignedNote ours, parse_note(note_));
  const std::string answered = ours.text + "\n" + std::string(lines);
  const auto parsed = parse_note(answered);
  if (!parsed.ok() || parsed->text != ours.text) {
    return invalid(name + " answers 200 without signature lines");
  }
  const CosignatureCheck check = check_cosignature(answered, key_);
  if (check.found == NoteCheck::kUnknown) {
    return invalid(name + " signs with another key than the one that is pinned");
  }
  if (check.found == NoteCheck::kBad) {
    return invalid(name + " sends a cosignature that does not verify");
  }
  WitnessReply reply;
  for (const NoteSignature& line : parsed->signatures) {
    if (line.name != key_.name || line.id != key_.id) continue;
    const std::uint64_t time_s = parse_cosignature(line)->time_s;
    const std::uint64_t off = time_s > now_s ? time_s - now_s : now_s - time_s;
    if (off > kWitnessClockSkewMaxSeconds) {
      return Error{Code::kBusy,
                   name + " cosigns with a time that is " + std::to_string(off) +
                       " s away from the time here",
                   "set the clock that is wrong"};
    }
    reply.lines += line.line();
  }
  reply.witness_size = checkpoint_.size;
  reply.time_s = check.time_s;
  return std::optional(std::move(reply));
}

Result<WitnessReply> ask_witness(const Witness& witness, std::string_view note,
                                 std::uint64_t last_size, const ConsistencyProofs& proofs,
                                 const Clock& clock) {
  PH_ASSIGN(WitnessExchange exchange, WitnessExchange::begin(witness.key, note, last_size));
  PH_ASSIGN(HttpUrl url, parse_http_url(witness.url));
  if (!url.query.empty()) return invalid("the URL of a witness has no query");
  while (url.path.ends_with('/')) url.path.pop_back();
  HttpRequest request;
  request.method = "POST";
  request.target = url.path + "/add-checkpoint";
  request.fields = {{"Content-Type", "text/plain; charset=utf-8"}};
  request.answer_bytes_max = kAnswerBytesMax;
  PH_ASSIGN(const auto client, HttpClient::open(std::move(url), witness.http));
  for (;;) {
    const std::uint64_t old_size = exchange.old_size();
    std::vector<Digest> proof;
    if (old_size != 0 && old_size != exchange.size()) {
      PH_ASSIGN(proof, proofs(old_size, exchange.size()));
    }
    request.body = to_bytes(add_checkpoint_body(old_size, proof, note));
    PH_ASSIGN(const HttpAnswer answer, client->exchange(request));
    const std::string* type = answer.field("content-type");
    const auto now_s = static_cast<std::uint64_t>(clock.wall_ns() / 1'000'000'000);
    PH_ASSIGN(std::optional<WitnessReply> reply,
              exchange.take({answer.status, type != nullptr ? std::string_view(*type) : "",
                             as_text(answer.body)},
                            now_s));
    if (reply) return std::move(*reply);
  }
}

}  // namespace phantom
