#pragma once
// A witness on disk: its key, the logs it watches, and one small file per log with the newest
// checkpoint it cosigned. docs/FORMAT.md section 17.
//
//   witness.key          the key, plain key file
//   logs                 the logs, one line a key; replaced as a whole
//   <SHA-256 of origin>  state of a log: replaced as a whole, durably, before an answer leaves
//   evidence/            checkpoints of logs that forked, as they were sent
//   LOCK, logs.lock      leases: of the one that serves, of those that change the list
//
// It is no part of a phantom home and needs none: a witness has to remember exactly what it signed
// and nothing else, must answer for ledgers that are not its own, and shares no fate with one.

#include "events/clock.h"
#include "events/random.h"
#include "events/result.h"
#include "ledger/cosignature.h"
#include "ledger/lease.h"
#include "ledger/witness.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct WitnessFiles {
  std::filesystem::path directory;
  std::filesystem::path key() const { return directory / "witness.key"; }
  std::filesystem::path logs() const { return directory / "logs"; }
  std::filesystem::path lock() const { return directory / "LOCK"; }
  std::filesystem::path logs_lock() const { return directory / "logs.lock"; }
  std::filesystem::path evidence() const { return directory / "evidence"; }
  std::filesystem::path state(std::string_view origin) const {
    return directory / origin_digest(origin);
  }
};

// Makes the directory and a key of that name. kExists when there is a witness, or was one.
Result<CosignerKey> create_witness(const std::filesystem::path& directory, const std::string& name,
                                   Random& random);

// From now on checkpoints of `origin` that `key` signed are cosigned; works beside a witness that
// serves. A second key for an origin is added to the first. kExists: it is already so. kCorrupt:
// the origin was known and its state is lost; then only `resume` helps, a checkpoint that this
// witness cosigned and `key` signed: the newest that anybody still has.
Status add_witnessed_log(const std::filesystem::path& directory, const VerifierKey& key,
                         const std::string& origin, const std::optional<std::string>& resume);
// Its state stays: should the log be added again, it goes on from there. kNotFound.
Status remove_witnessed_log(const std::filesystem::path& directory, std::string_view origin);

struct WitnessedLogState {
  WitnessedLog log;
  Result<WitnessState> state;
};
struct WitnessListing {
  CosignerKey key;
  std::vector<WitnessedLogState> logs;
};
Result<WitnessListing> list_witness(const std::filesystem::path& directory);

// Told to whoever runs the witness: a log forked, a state is lost, a write failed. One line,
// escaped.
using WitnessAlarm = std::function<void(const std::string&)>;

// The one that serves a directory. Safe from several threads; requests are taken one at a time.
class ServingWitness {
 public:
  // kBusy: another process serves it. kNotFound: no witness there. `clock` must outlive this;
  // `alarm` is called on the thread that serves.
  static Result<std::unique_ptr<ServingWitness>> open(const std::filesystem::path& directory,
                                                      const Clock& clock, WitnessAlarm alarm = {});

  const CosignerKey& key() const { return cosigner_.key(); }
  // Answers a request; what a 200 says is durable. After a write that failed everything is
  // answered with 500, until the directory is opened again.
  WitnessAnswer add_checkpoint(std::string_view body);
  // The newest cosigned checkpoint of the log with this digest of its origin; 404 when there is
  // none.
  WitnessAnswer newest(std::string_view digest);

 private:
  ServingWitness(WitnessFiles files, Lease lease, Cosigner cosigner, const Clock& clock,
                 WitnessAlarm alarm);
  void tell(const Error& error) const;
  // All with mutex_ held.
  Status refresh_logs();
  Result<WitnessAnswer> answer(const AddCheckpoint& request);
  void keep_evidence(const AddCheckpoint& request, const WitnessState& state) const;

  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  WitnessFiles files_;
  Lease lease_;
  Cosigner cosigner_;
  const Clock& clock_;
  WitnessAlarm alarm_;
  std::mutex mutex_;
  std::vector<WitnessedLog> logs_;  // as the file with logs_stamp_ has them
  std::optional<Stamp> logs_stamp_;
  bool broken_ = false;
};

}  // namespace phantom
