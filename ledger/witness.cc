#include "ledger/witness.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/tree.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kLogsHeader = "phantom-witness-logs/1\n";
constexpr std::string_view kNoKeys = "- ";
constexpr std::string_view kStateHeader = "phantom-witness-state/1\n";
constexpr std::string_view kNever = "nothing cosigned\n";
constexpr std::string_view kNewest = "cosigned\n";
constexpr std::size_t kOriginBytesMax = 255;
constexpr std::uint64_t kClockBehindMaxSeconds = 10;

Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }
Error corrupt(std::string message) { return {Code::kCorrupt, std::move(message)}; }

// Takes a line off `text`, without its newline; none when there is no newline.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<Digest> parse_hash(std::string_view line) {
  Digest hash{};
  const auto bytes = from_base64(line);
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

WitnessAnswer plain(int status, std::string body) {
  WitnessAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

WitnessDecision refuse(int status, std::string body, LogConduct conduct = LogConduct::kFine) {
  WitnessDecision decision;
  decision.answer = plain(status, std::move(body));
  decision.conduct = conduct;
  return decision;
}

// The lines by keys of the log; none when there is no such line or one of them does not verify.
std::optional<std::string> verified_lines(const AddCheckpoint& request, const WitnessedLog& log) {
  std::string lines;
  for (const VerifierKey& key : log.keys) {
    const NoteCheck found = check_note(request.note, key);
    if (found == NoteCheck::kBad) return std::nullopt;
    if (found == NoteCheck::kUnknown) continue;
    const auto line = std::find_if(
        request.parts.signatures.begin(), request.parts.signatures.end(),
        [&](const NoteSignature& each) { return each.name == key.name && each.id == key.id; });
    lines += line->line();
  }
  if (lines.empty()) return std::nullopt;
  return lines;
}

LogConduct fork_or_fine(const AddCheckpoint& request, const WitnessState& state) {
  const bool fork = state.newest && request.checkpoint.size == state.newest->checkpoint.size &&
                    request.checkpoint.root != state.newest->checkpoint.root;
  return fork ? LogConduct::kFork : LogConduct::kFine;
}

// What is wrong with the tree, given the one that was cosigned last.
std::optional<WitnessDecision> judge_tree(const AddCheckpoint& request, const WitnessState& state) {
  const Checkpoint& next = request.checkpoint;
  if (next.size == 0 && next.root != empty_root()) {
    return refuse(422, "the root of an empty tree is another\n", LogConduct::kNoProof);
  }
  if (request.old_size == 0) {
    if (request.proof.empty()) return std::nullopt;
    return refuse(422, "from size 0 there is nothing to prove\n");
  }
  const Checkpoint& last = state.newest->checkpoint;
  if (fork_or_fine(request, state) == LogConduct::kFork) {
    return refuse(422, "another root was cosigned for this size\n", LogConduct::kFork);
  }
  if (verify_consistency(last.size, last.root, next.size, next.root, request.proof)) {
    return std::nullopt;
  }
  return refuse(422, "the proof does not lead from the tree cosigned last to this one\n",
                LogConduct::kNoProof);
}

WitnessDecision cosign(const AddCheckpoint& request, const std::string& log_lines,
                       const WitnessState& state, const Cosigner& cosigner, std::uint64_t now_s) {
  const std::uint64_t last_s = state.newest ? state.newest->time_s : 0;
  if (now_s == 0 || now_s + kClockBehindMaxSeconds < last_s) {
    WitnessDecision decision;
    decision.answer = broken_answer();
    decision.problem = "the clock is at " + std::to_string(now_s) +
                       " s, behind the last cosignature of this log at " + std::to_string(last_s) +
                       " s: set the clock";
    return decision;
  }
  const std::uint64_t time_s = std::max(now_s, last_s);
  const std::string line =
      cosignature_line(cosigner.key(), cosigner.cosign(time_s, request.parts.text));
  WitnessDecision decision;
  decision.answer = plain(200, line);
  decision.next = WitnessState{
      state.origin, WitnessState::Newest{request.checkpoint,
                                         request.parts.text + "\n" + log_lines + line, time_s}};
  return decision;
}

}  // namespace

bool is_origin(std::string_view origin) {
  if (origin.empty() || origin.size() > kOriginBytesMax) return false;
  while (!origin.empty()) {
    const Utf8Character decoded = decode_utf8(origin);
    if (decoded.length == 0 || decoded.code < 0x20) return false;
    origin.remove_prefix(decoded.length);
  }
  return true;
}

std::string origin_digest(std::string_view origin) { return to_hex(sha256({as_bytes(origin)})); }

std::string format_witnessed_logs(const std::vector<WitnessedLog>& logs) {
  std::string text(kLogsHeader);
  for (const WitnessedLog& log : logs) {
    if (log.keys.empty()) text.append(kNoKeys).append(log.origin).append("\n");
    for (const VerifierKey& key : log.keys) text += key.text() + " " + log.origin + "\n";
  }
  return text;
}

Result<std::vector<WitnessedLog>> parse_witnessed_logs(std::string_view text) {
  if (!take(text, kLogsHeader)) return corrupt("it is not a list of logs");
  std::vector<WitnessedLog> logs;
  while (!text.empty()) {
    const auto line = take_line(text);
    const std::size_t space = line ? line->find(' ') : std::string_view::npos;
    if (space == std::string_view::npos) return corrupt("a line is not a key and an origin");
    const std::string_view origin = line->substr(space + 1);
    if (!is_origin(origin)) return corrupt("a line is not a key and an origin");
    auto log = std::find_if(logs.begin(), logs.end(),
                            [&](const WitnessedLog& each) { return each.origin == origin; });
    const bool is_first = log == logs.end();
    if (is_first) log = logs.insert(logs.end(), {std::string(origin), {}});
    if (line->starts_with(kNoKeys)) {
      if (is_first) continue;
      return corrupt("a log stands twice");
    }
    auto key = parse_verifier_key(line->substr(0, space));
    if (!key.ok()) return corrupt("a line is not a key and an origin");
    if (!is_first && log->keys.empty()) return corrupt("a log stands twice");
    for (const VerifierKey& known : log->keys) {
      if (known.name == key->name && known.id == key->id) return corrupt("a key stands twice");
    }
    log->keys.push_back(std::move(*key));
  }
  return logs;
}

std::string format_witness_state(const WitnessState& state) {
  std::string text(kStateHeader);
  if (state.newest) return text.append(kNewest).append(state.newest->note);
  return text.append(kNever).append(state.origin).append("\n");
}

Result<WitnessState> parse_witness_state(std::string_view text, std::string_view origin,
                                         const CosignerKey& key) {
  WitnessState state;
  state.origin = origin;
  if (!take(text, kStateHeader)) return corrupt("it is not the state of a log");
  if (take(text, kNever)) {
    if (text != state.origin + "\n") return corrupt("it is of another log");
    return state;
  }
  if (!take(text, kNewest)) return corrupt("it is not the state of a log");
  auto checkpoint = parse_checkpoint(text);
  if (!checkpoint.ok()) return corrupt(std::move(checkpoint.error().message));
  if (checkpoint->checkpoint.origin != origin) return corrupt("it is of another log");
  const CosignatureCheck check = check_cosignature(text, key);
  if (check.found != NoteCheck::kGood) {
    return corrupt("its checkpoint is not cosigned by this witness");
  }
  state.newest = {std::move(checkpoint->checkpoint), std::move(checkpoint->note), check.time_s};
  return state;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > kWitnessBodyBytesMax) return invalid("the request is too long");
  AddCheckpoint request;
  auto line = take_line(body);
  if (!line || !take(*line, "old ")) return invalid("the first line is not 'old' and a size");
  const auto old_size = parse_decimal(*line);
  if (!old_size) return invalid("the first line is not 'old' and a size");
  request.old_size = *old_size;
  for (;;) {
    line = take_line(body);
    if (!line) return invalid("there is no empty line after the proof");
    if (line->empty()) break;
    const auto hash = parse_hash(*line);
    if (!hash) return invalid("a line of the proof is not a hash in base64");
    if (request.proof.size() == kWitnessProofLinesMax) {
      return invalid("the proof has more than 63 lines");
    }
    request.proof.push_back(*hash);
  }
  request.note = body;
  PH_ASSIGN(request.parts, parse_note(body));
  PH_ASSIGN(request.checkpoint, parse_checkpoint_text(request.parts.text));
  return request;
}

// The order is that of the specification: the first of these that is not met is answered.
WitnessDecision decide(const AddCheckpoint& request, const WitnessedLog& log,
                       const WitnessState& state, const Cosigner& cosigner, std::uint64_t now_s) {
  PH_CHECK(request.checkpoint.origin == log.origin && state.origin == log.origin, "one origin");
  const auto log_lines = verified_lines(request, log);
  if (!log_lines) return refuse(403, "the checkpoint is not signed by a key of this log\n");
  if (request.old_size > request.checkpoint.size) {
    return refuse(400, "the old size is larger than the checkpoint's\n");
  }
  const std::uint64_t last_size = state.newest ? state.newest->checkpoint.size : 0;
  if (request.old_size != last_size) {
    WitnessDecision decision =
        refuse(409, std::to_string(last_size) + "\n", fork_or_fine(request, state));
    decision.answer.content_type = "text/x.tlog.size";
    return decision;
  }
  if (auto wrong = judge_tree(request, state)) return std::move(*wrong);
  return cosign(request, *log_lines, state, cosigner, now_s);
}

WitnessAnswer malformed_answer(const Error& error) { return plain(400, error.message + "\n"); }
WitnessAnswer unknown_origin_answer() { return plain(404, "this log is not watched here\n"); }
WitnessAnswer broken_answer() { return plain(500, "the witness cannot answer for this log\n"); }

}  // namespace phantom
