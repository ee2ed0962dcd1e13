#pragma once
// What a witness answers: the rules of C2SP tlog-witness v1.0.0 for add-checkpoint, and the texts
// of the files it keeps. Pure. docs/FORMAT.md section 17.

#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/cosignature.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::size_t kWitnessBodyBytesMax = 64 * 1024;
inline constexpr std::size_t kWitnessProofLinesMax = 63;

// A log that the witness was told to watch.
struct WitnessedLog {
  std::string origin;
  // Any of them may sign. Empty: it is watched no longer; that it was is never forgotten.
  std::vector<VerifierKey> keys;
};
// True for what can be the first line of a checkpoint.
bool is_origin(std::string_view origin);
// What names an origin in files and URLs: its SHA-256 in lower-case hex.
std::string origin_digest(std::string_view origin);

// The list of logs, as one file: `phantom-witness-logs/1`, then a line `<vkey> <origin>` for each
// key, in the order in which they were added. `- <origin>` stands for a log without keys.
std::string format_witnessed_logs(const std::vector<WitnessedLog>& logs);
// kCorrupt: not such a list.
Result<std::vector<WitnessedLog>> parse_witnessed_logs(std::string_view text);

// The newest checkpoint that was cosigned for an origin, with the lines of the log's keys and the
// witness's own, which are all verified.
struct WitnessState {
  std::string origin;
  // None: nothing was ever cosigned. That is a state of its own, written when the log was added,
  // and never concluded from a file that is missing.
  struct Newest {
    Checkpoint checkpoint;
    std::string note;
    std::uint64_t time_s = 0;
  };
  std::optional<Newest> newest;
};
std::string format_witness_state(const WitnessState& state);
// kCorrupt: damaged, of another origin, or not cosigned by `key`.
Result<WitnessState> parse_witness_state(std::string_view text, std::string_view origin,
                                         const CosignerKey& key);

// The body of an add-checkpoint request.
struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<Digest> proof;
  std::string note;
  SignedNote parts;
  Checkpoint checkpoint;
};
// kInvalid: answer 400.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);

struct WitnessAnswer {
  int status = 0;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// What speaks against the log, beyond a request that is merely out of date.
enum class LogConduct {
  kFine,
  kNoProof,  // signed, and not shown to continue what was cosigned
  kFork      // two signed roots for one size: proof of a split view
};

struct WitnessDecision {
  WitnessAnswer answer;
  std::optional<WitnessState> next;  // to be durable before the answer leaves
  LogConduct conduct = LogConduct::kFine;
  std::string problem = {};  // of a 5xx, for who runs the witness
};

// None when the origin has no log: its answer is unknown_origin_answer(). `now_s` is seconds since
// 1970. A clock up to ten seconds behind the last cosignature is taken for that time; behind by
// more, nothing is signed.
WitnessDecision decide(const AddCheckpoint& request, const WitnessedLog& log,
                       const WitnessState& state, const Cosigner& cosigner, std::uint64_t now_s);

WitnessAnswer malformed_answer(const Error& error);
WitnessAnswer unknown_origin_answer();
// The witness cannot answer for itself. Says nothing about why.
WitnessAnswer broken_answer();

}  // namespace phantom
