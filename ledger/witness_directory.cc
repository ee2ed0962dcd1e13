#include "ledger/witness_directory.h"

#include "events/diag.h"
#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/home.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLogsBytesMax = 8 * 1024 * 1024;
constexpr std::size_t kStateBytesMax = 2 * kWitnessBodyBytesMax;
constexpr std::size_t kEvidencePerLogMax = 16;
constexpr std::chrono::seconds kLogsLockWait{5};

std::string named(std::string_view origin) { return "log " + escape_terminal(origin); }

Status require_witness(const WitnessFiles& files) {
  std::error_code code;
  if (fs::exists(files.key(), code)) return make_private_directory(files.directory);
  return Error{Code::kNotFound, "there is no witness in " + files.directory.string(),
               "make one: phantom witness init " + files.directory.string()};
}

Result<std::vector<WitnessedLog>> read_logs(const WitnessFiles& files) {
  auto bytes = read_file(files.logs(), kLogsBytesMax);
  if (!bytes.ok()) return std::move(bytes.error()).in("the witness's list of logs");
  auto logs = parse_witnessed_logs(as_text(*bytes));
  if (!logs.ok()) return std::move(logs.error()).in(files.logs().string());
  return logs;
}

Status write_logs(const WitnessFiles& files, const std::vector<WitnessedLog>& logs) {
  return write_file_durably(files.logs(), as_bytes(format_witnessed_logs(logs)), 0600);
}

// kNotFound: there is no file. kCorrupt: it cannot be relied on.
Result<WitnessState> read_state(const WitnessFiles& files, std::string_view origin,
                                const CosignerKey& key) {
  const fs::path file = files.state(origin);
  auto bytes = read_file(file, kStateBytesMax);
  if (!bytes.ok()) return std::move(bytes.error());
  auto state = parse_witness_state(as_text(*bytes), origin, key);
  if (!state.ok()) return std::move(state.error()).in(file.string());
  return state;
}

Error lost_state(std::string_view origin, const Error& why) {
  return {Code::kCorrupt, "the state of " + named(origin) + " is lost: " + why.message,
          "nothing is cosigned for it; take the newest checkpoint that this witness cosigned, from "
          "the log or who verifies it, and run: phantom witness add-log ... --resume FILE"};
}

// Of a log that is on the list.
Result<WitnessState> state_of(const WitnessFiles& files, std::string_view origin,
                              const CosignerKey& key) {
  auto state = read_state(files, origin, key);
  if (state.ok() || state.error().code == Code::kDenied || state.error().code == Code::kIo) {
    return state;
  }
  return lost_state(origin, state.error());
}

Status write_state(const WitnessFiles& files, const WitnessState& state) {
  return write_file_durably(files.state(state.origin), as_bytes(format_witness_state(state)), 0600);
}

Result<WitnessState> resumed_state(const std::string& note, const std::string& origin,
                                   const VerifierKey& key, const CosignerKey& cosigner) {
  const auto refuse = [&](const std::string& why) {
    return Error{Code::kInvalid,
                 "this checkpoint does not say where " + named(origin) + " was: " + why};
  };
  WitnessState state;
  state.origin = origin;
  auto parsed = parse_checkpoint(note);
  if (!parsed.ok()) return refuse(parsed.error().message);
  if (parsed->checkpoint.origin != origin) return refuse("it is of another log");
  if (check_note(note, key) != NoteCheck::kGood) return refuse("the log's key did not sign it");
  const CosignatureCheck cosigned = check_cosignature(note, cosigner);
  if (cosigned.found != NoteCheck::kGood) return refuse("this witness did not cosign it");
  // Only lines that were verified are kept.
  PH_ASSIGN(const SignedNote parts, parse_note(note));
  std::string kept = parts.text + "\n";
  for (const NoteSignature& line : parts.signatures) {
    const bool logs = line.name == key.name && line.id == key.id;
    const bool ours = line.name == cosigner.name && line.id == cosigner.id;
    if (logs || ours) kept += line.line();
  }
  state.newest = {std::move(parsed->checkpoint), std::move(kept), cosigned.time_s};
  return state;
}

// Makes sure that there is a state to go on from.
Status prepare_state(const WitnessFiles& files, const VerifierKey& key, const std::string& origin,
                     const std::optional<std::string>& resume, bool was_listed) {
  PH_ASSIGN(const Cosigner cosigner, Cosigner::load(files.key()));
  const auto state = read_state(files, origin, cosigner.key());
  if (state.ok() && !resume) return {};
  if (state.ok()) {
    return Error{Code::kExists, "the state of " + named(origin) + " is not lost",
                 "leave out --resume"};
  }
  if (resume) {
    PH_ASSIGN(const WitnessState resumed, resumed_state(*resume, origin, key, cosigner.key()));
    return write_state(files, resumed);
  }
  if (state.error().code == Code::kNotFound && !was_listed) {
    return write_state(files, WitnessState{origin, {}});
  }
  if (state.error().code == Code::kDenied || state.error().code == Code::kIo) return state.error();
  return lost_state(origin, state.error());
}

}  // namespace

// With the key it is a witness; what a crash before that left is taken up again.
Result<CosignerKey> create_witness(const fs::path& directory, const std::string& name,
                                   Random& random) {
  if (!is_key_name(name)) {
    return Error{Code::kInvalid, "a witness's name is not empty and has no spaces and no '+'"};
  }
  const WitnessFiles files{directory};
  PH_TRY(make_private_directory(directory));
  std::error_code code;
  if (fs::exists(files.key(), code)) {
    return Error{Code::kExists, "there is a witness in " + directory.string() + " already"};
  }
  for (fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code)) {
    const fs::path file = it->path().filename();
    if (file == "LOCK" || file == "logs.lock" || file.string().find(".new-") != std::string::npos) {
      continue;
    }
    const auto logs = file == "logs" ? read_logs(files) : std::vector<WitnessedLog>(1);
    if (logs.ok() && logs->empty()) continue;
    return Error{Code::kExists, directory.string() + " is not empty: it holds " + file.string(),
                 "a witness that has lost its key cannot go on: make a new one elsewhere"};
  }
  if (code) return Error{Code::kIo, "read " + directory.string() + ": " + code.message()};
  PH_TRY(Lease::make_file(files.lock()));
  PH_TRY(Lease::make_file(files.logs_lock()));
  PH_TRY(write_logs(files, {}));
  const Cosigner cosigner = Cosigner::generate(name, random);
  PH_TRY(cosigner.save(files.key()));
  return cosigner.key();
}

// The state is there before the list names the log.
Status add_witnessed_log(const fs::path& directory, const VerifierKey& key,
                         const std::string& origin, const std::optional<std::string>& resume) {
  if (!is_origin(origin)) {
    return Error{Code::kInvalid, "an origin is one line of text, at most 255 bytes long"};
  }
  const WitnessFiles files{directory};
  PH_TRY(require_witness(files));
  PH_ASSIGN(const Lease lease, Lease::acquire(files.logs_lock(), kLogsLockWait));
  PH_ASSIGN(std::vector<WitnessedLog> logs, read_logs(files));
  auto log = std::find_if(logs.begin(), logs.end(),
                          [&](const WitnessedLog& each) { return each.origin == origin; });
  const bool was_listed = log != logs.end();
  if (!was_listed) log = logs.insert(logs.end(), {origin, {}});
  PH_TRY(prepare_state(files, key, origin, resume, was_listed));
  for (const VerifierKey& known : log->keys) {
    if (known.name != key.name || known.id != key.id) continue;
    if (resume) return {};
    return Error{Code::kExists, named(origin) + " is watched already, by this key"};
  }
  log->keys.push_back(key);
  return write_logs(files, logs);
}

Status remove_witnessed_log(const fs::path& directory, std::string_view origin) {
  const WitnessFiles files{directory};
  PH_TRY(require_witness(files));
  PH_ASSIGN(const Lease lease, Lease::acquire(files.logs_lock(), kLogsLockWait));
  PH_ASSIGN(std::vector<WitnessedLog> logs, read_logs(files));
  const auto log = std::find_if(logs.begin(), logs.end(),
                                [&](const WitnessedLog& each) { return each.origin == origin; });
  if (log == logs.end() || log->keys.empty()) {
    return Error{Code::kNotFound, named(origin) + " is not watched"};
  }
  log->keys.clear();
  return write_logs(files, logs);
}

Result<WitnessListing> list_witness(const fs::path& directory) {
  const WitnessFiles files{directory};
  PH_TRY(require_witness(files));
  PH_ASSIGN(const Cosigner cosigner, Cosigner::load(files.key()));
  PH_ASSIGN(std::vector<WitnessedLog> logs, read_logs(files));
  WitnessListing listing{cosigner.key(), {}};
  for (WitnessedLog& log : logs) {
    if (log.keys.empty()) continue;
    auto state = state_of(files, log.origin, listing.key);
    listing.logs.push_back({std::move(log), std::move(state)});
  }
  return listing;
}

ServingWitness::ServingWitness(WitnessFiles files, Lease lease, Cosigner cosigner,
                               const Clock& clock, WitnessAlarm alarm)
    : files_(std::move(files)),
      lease_(std::move(lease)),
      cosigner_(std::move(cosigner)),
      clock_(clock),
      alarm_(alarm ? std::move(alarm) : [](const std::string& text) { diag::warn(text); }) {}

void ServingWitness::tell(const Error& error) const {
  alarm_(error.message + (error.hint.empty() ? "" : "; " + error.hint));
}

Result<std::unique_ptr<ServingWitness>> ServingWitness::open(const fs::path& directory,
                                                             const Clock& clock,
                                                             WitnessAlarm alarm) {
  WitnessFiles files{directory};
  PH_TRY(require_witness(files));
  auto lease = Lease::try_acquire(files.lock());
  if (!lease.ok()) {
    if (lease.error().code != Code::kBusy) return std::move(lease.error());
    const auto pid = Lease::holder(files.lock());
    return Error{Code::kBusy, "another process serves the witness in " + directory.string() +
                                  (pid.ok() && *pid ? ": process " + std::to_string(**pid) : "")};
  }
  PH_ASSIGN(Cosigner cosigner, Cosigner::load(files.key()));
  std::unique_ptr<ServingWitness> witness(new ServingWitness(
      std::move(files), std::move(*lease), std::move(cosigner), clock, std::move(alarm)));
  PH_TRY(witness->refresh_logs());
  for (const WitnessedLog& log : witness->logs_) {
    if (log.keys.empty()) continue;
    const auto state = state_of(witness->files_, log.origin, witness->key());
    if (!state.ok()) witness->tell(state.error());
  }
  return witness;
}

// The list changes while a witness serves: it is read again when its file is another one.
Status ServingWitness::refresh_logs() {
  struct stat info {};
  if (::stat(files_.logs().c_str(), &info) != 0) {
    return Error{Code::kIo, "the witness's list of logs: " + std::string(std::strerror(errno))};
  }
  const Stamp stamp{info.st_dev, info.st_ino,
                    info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
  if (logs_stamp_ == stamp) return {};
  PH_ASSIGN(logs_, read_logs(files_));
  logs_stamp_ = stamp;
  return {};
}

WitnessAnswer ServingWitness::add_checkpoint(std::string_view body) {
  const auto request = parse_add_checkpoint(body);
  if (!request.ok()) return malformed_answer(request.error());
  const std::lock_guard lock(mutex_);
  auto answered = answer(*request);
  if (answered.ok()) return std::move(*answered);
  tell(answered.error());
  return broken_answer();
}

// Compared, decided and stored under one lock in this process and one lease between processes: no
// smaller tree can take the place of a larger one.
Result<WitnessAnswer> ServingWitness::answer(const AddCheckpoint& request) {
  if (broken_) {
    return Error{Code::kClosed, "a write of this witness failed before", "start it again"};
  }
  if (!lease_.still_there()) {
    broken_ = true;
    return Error{Code::kClosed, files_.lock().string() + " was removed or replaced"};
  }
  PH_TRY(refresh_logs());
  const std::string& origin = request.checkpoint.origin;
  const auto log = std::find_if(logs_.begin(), logs_.end(),
                                [&](const WitnessedLog& each) { return each.origin == origin; });
  if (log == logs_.end() || log->keys.empty()) return unknown_origin_answer();
  PH_ASSIGN(const WitnessState state, state_of(files_, origin, key()));
  const auto now_s = static_cast<std::uint64_t>(clock_.wall_ns() / 1'000'000'000);
  WitnessDecision decision = decide(request, *log, state, cosigner_, now_s);
  if (decision.conduct == LogConduct::kFork) keep_evidence(request, state);
  if (decision.conduct == LogConduct::kNoProof) {
    alarm_(named(origin) + " signed a tree of size " + std::to_string(request.checkpoint.size) +
           " that was not shown to continue the one cosigned last");
  }
  if (!decision.problem.empty()) alarm_(named(origin) + ": " + decision.problem);
  if (decision.next) {
    // Durable from here on; only now may the cosignature be seen.
    if (Status written = write_state(files_, *decision.next); !written.ok()) {
      broken_ = true;
      return std::move(written.error());
    }
  }
  return std::move(decision.answer);
}

// Two signed roots for one size speak for themselves, wherever they are taken.
void ServingWitness::keep_evidence(const AddCheckpoint& request, const WitnessState& state) const {
  const Checkpoint& checkpoint = request.checkpoint;
  alarm_(named(checkpoint.origin) + " FORKED: it signed another tree of size " +
         std::to_string(checkpoint.size) + " than the one that was cosigned; both are kept in " +
         files_.evidence().string());
  const std::string prefix = origin_digest(checkpoint.origin) + "-";
  Status kept = make_private_directory(files_.evidence());
  std::size_t count = 0;
  std::error_code code;
  for (fs::directory_iterator it(files_.evidence(), code), end; !code && it != end;
       it.increment(code)) {
    if (it->path().filename().string().starts_with(prefix)) ++count;
  }
  if (count >= kEvidencePerLogMax) return;
  for (const std::string& note : {request.note, state.newest->note}) {
    const fs::path file =
        files_.evidence() / (prefix + std::to_string(checkpoint.size) + "-" +
                             to_hex(sha256({as_bytes(note)})).substr(0, 16) + ".note");
    if (!kept.ok() || fs::exists(file, code)) continue;
    kept = write_file_durably(file, as_bytes(note), 0600);
  }
  if (!kept.ok()) tell(std::move(kept.error()).in("evidence was not kept"));
}

WitnessAnswer ServingWitness::newest(std::string_view digest) {
  const std::lock_guard lock(mutex_);
  if (const Status fresh = refresh_logs(); !fresh.ok()) {
    tell(fresh.error());
    return broken_answer();
  }
  for (const WitnessedLog& log : logs_) {
    if (log.keys.empty() || origin_digest(log.origin) != digest) continue;
    const auto state = state_of(files_, log.origin, key());
    if (!state.ok()) {
      tell(state.error());
      return broken_answer();
    }
    if (!state->newest) break;
    return WitnessAnswer{200, "text/plain; charset=utf-8", state->newest->note};
  }
  return WitnessAnswer{404, "text/plain; charset=utf-8", "nothing was cosigned for this log\n"};
}

}  // namespace phantom
