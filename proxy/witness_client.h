#pragma once
// Asks a C2SP tlog-witness (v1.0.0) for its cosignature on a checkpoint of ours.
//
// The exchange of one checkpoint is decided in pure steps (WitnessExchange); ask_witness() sends
// them over HTTP. What the witness says is checked against its pinned key.

#include "events/clock.h"
#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/cosignature.h"
#include "proxy/http_client.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct Witness {
  std::string url;  // submission prefix: <url>/add-checkpoint
  CosignerKey key;  // pinned
  HttpClientOptions http = {};
};

// What a witness says to a checkpoint.
struct WitnessReply {
  enum class Kind {
    kCosigned,      // it has seen this tree, and no other
    kLargerTree,    // it has cosigned a larger tree of this origin than ours: we were rolled back
    kInconsistent,  // our tree is not a continuation of the one it has cosigned
    kNotTrusted,    // it knows the origin, not the key that signed
    kUnknownLog     // it does not watch this origin
  };
  Kind kind = Kind::kCosigned;
  std::uint64_t witness_size = 0;  // as it says, or as was proved to it
  std::string lines = {};          // of kCosigned: lines by its key, to be put after the note
  std::uint64_t time_s = 0;        // of kCosigned: the latest in `lines`
  std::string message = {};        // of all others, for people

  // Good when it was cosigned. Else the reply as an error: kCorrupt for kLargerTree and
  // kInconsistent, kDenied for kNotTrusted, kNotFound for kUnknownLog.
  Status as_status() const;
};

// Proof from the tree of size `old_size` to that of the checkpoint, 0 < old_size <= its size.
using ConsistencyProofs =
    std::function<Result<std::vector<Digest>>(std::uint64_t old_size, std::uint64_t size)>;

// `note` is a signed checkpoint; `last_size` the size that this witness cosigned last as far as is
// known, 0 for none. A wrong one costs a round trip: the witness says which it is.
//
// Errors: kBusy: not reached, too slow, overloaded, or its clock or ours is off by more than five
// minutes. kInvalid: not an answer of a witness, or a cosignature that does not verify. Errors of
// `proofs` as they are.
Result<WitnessReply> ask_witness(const Witness& witness, std::string_view note,
                                 std::uint64_t last_size, const ConsistencyProofs& proofs,
                                 const Clock& clock);

// The body of an add-checkpoint request.
std::string add_checkpoint_body(std::uint64_t old_size, const std::vector<Digest>& proof,
                                std::string_view note);

inline constexpr std::uint64_t kWitnessClockSkewMaxSeconds = 300;
inline constexpr int kWitnessAttemptsMax = 3;

// Pure: the exchange with one witness about one checkpoint.
class WitnessExchange {
 public:
  // kInvalid: not a checkpoint.
  static Result<WitnessExchange> begin(CosignerKey key, std::string_view note,
                                       std::uint64_t last_size);

  // Size of the old tree that the next request starts from; a proof is needed unless it is 0.
  std::uint64_t old_size() const { return old_size_; }
  std::uint64_t size() const { return checkpoint_.size; }

  struct Answer {
    int status = 0;
    std::string_view content_type;
    std::string_view body;
  };
  // None: ask once more, from old_size(). Errors as those of ask_witness().
  Result<std::optional<WitnessReply>> take(const Answer& answer, std::uint64_t now_s);

 private:
  WitnessExchange(CosignerKey key, Checkpoint checkpoint, std::string note, std::uint64_t old_size);
  Result<std::optional<WitnessReply>> conflict(const Answer& answer);
  Result<std::optional<WitnessReply>> cosigned(std::string_view lines, std::uint64_t now_s) const;

  CosignerKey key_;
  Checkpoint checkpoint_;
  std::string note_;
  std::uint64_t old_size_;
  int attempts_ = 0;
};

}  // namespace phantom
