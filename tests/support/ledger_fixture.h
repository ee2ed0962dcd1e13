#pragma once
// A ledger in memory whose rows a test can change as an attacker would who rewrites the store and
// gets all of RocksDB's checksums right.

#include "events/draft.h"
#include "ledger/head_guard.h"
#include "ledger/sequencer.h"
#include "ledger/signer.h"
#include "ledger/store_reader.h"
#include "ledger/verify.h"
#include "tests/support/seeded_random.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace phantom::test {

class MemoryLedger final : public StoreReader {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  // Holds ledger.created. Equal seeds make equal ledgers; kOther has the same log key and other
  // epoch keys.
  enum class Epochs { kOwn, kOther };
  explicit MemoryLedger(std::uint64_t seed = 1, Epochs epochs = Epochs::kOwn);

  // One commit of `count` events.
  void commit(std::size_t count);
  void commit(std::vector<Draft> drafts);
  // A commit of `count` events and the announcement of the next epoch.
  void start_epoch(std::size_t count = 0);
  // What the next epoch's announcement says when it is the event after `count` more.
  Draft announcement(std::size_t count = 0);
  // The number of a new epoch key that no event announces.
  std::size_t add_epoch_key();
  // From the next commit on, these sign: what a thief of the keys could do.
  void sign_with(std::size_t epoch) { signing_epoch_ = epoch; }

  const VerifierKey& key() const { return log_key_.verifier_key(); }
  const std::string& origin() const { return sequencer_.origin(); }
  std::uint64_t size() const { return sequencer_.size(); }
  // The note of a commit, as it was made: changes of rows do not change it.
  const std::string& note(std::uint64_t size) const { return notes_.at(size); }
  const std::string& head_note() const { return notes_.rbegin()->second; }

  // Signs `checkpoint` with the log key and the key of `epoch`, whatever it says.
  std::string sign(const Checkpoint& checkpoint, std::size_t epoch) const;
  std::size_t epochs() const { return epoch_keys_.size(); }

  Rows rows;           // what the verifier will find
  HeadFile head_copy;  // follows each commit
  VerifyReport verify(const VerifyOptions& options = {}) const;
  // With this ledger's own key pinned.
  VerifyReport verify_own() const;

  std::unique_ptr<RowCursor> cursor(std::string_view prefix, std::string_view from) const override;
  Result<std::optional<std::string>> get(std::string_view key) const override;
  Result<std::optional<Row>> floor(std::string_view key) const override;
  Result<std::optional<std::string>> foreign_key(std::string_view known) const override;
  Status catch_up() override { return {}; }

 private:
  Draft next_draft();
  EventId next_id();

  SeededRandom random_;
  Sequencer sequencer_;
  Signer log_key_;
  std::vector<Signer> epoch_keys_;
  std::size_t signing_epoch_ = 1;
  Seq epoch_first_seq_ = 0;
  std::map<std::uint64_t, std::string> notes_;
  std::uint64_t drafts_ = 0;
  std::int64_t now_ns_ = 1'767'323'045'678'000'000;
};

const Check& check_of(const VerifyReport& report, std::string_view id);
// "entries: event 3: ..." of the check that failed, or why nothing did.
std::string verdict_text(const VerifyReport& report);

}  // namespace phantom::test
