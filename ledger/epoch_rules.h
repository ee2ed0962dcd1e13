#pragma once
// How the epochs of a ledger follow each other, and which key signs which commit. Pure; the one
// place that knows it. docs/FORMAT.md section 5.
//
//   ledger.created at event 0 puts epoch 1 in force.
//   ledger.epoch_announced at event a names the key of epoch n+1 and closes epoch n:
//     epoch n signs for the events from its first one to a, both included;
//     epoch n+1 begins with event a+1.
//   A commit lies within one epoch, and that epoch's key signs it. So the announcement is the last
//   event of its commit, which the closed epoch signs.
//   An epoch that signed for nothing else still has its closing event.
//   No key is in force twice.

#include "ledger/checkpoint.h"
#include "ledger/verify_entry.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace phantom {

// take() every KeyNews in order of events, then ask for commits: all at the end, or those up to the
// newest event taken. Not thread-safe while taking; const calls are safe from several threads.
class EpochRules {
 public:
  // `origin` is the ledger's, from its checkpoints.
  explicit EpochRules(std::string origin) : origin_(std::move(origin)) {}

  struct Epoch {
    std::uint64_t number = 0;
    VerifierKey key;
    Seq first_seq = 0;  // first event it signs for; past the end when there is none yet
    std::optional<Seq> closing_seq;  // its last event; none while it is in force
  };

  // Goes on in the middle, where `in_force` signs; earlier epochs are not known.
  static EpochRules resume(std::string origin, VerifierKey log_key, Epoch in_force);

  // Takes the news of event `seq`, which says that its commit began at `commit_first_seq`. None
  // when it fits, else what is wrong with the event; then nothing is taken.
  std::optional<std::string> take(const KeyNews& news, Seq seq, Seq commit_first_seq);

  // The epoch that must have signed the commit of events [first_seq, size), size > first_seq, once
  // the news of all these events are taken. kCorrupt: no epoch may sign such a commit. The pointer
  // is good until the next take().
  Result<const Epoch*> epoch_of_commit(Seq first_seq, std::uint64_t size) const;

  // Of the log key, from ledger.created; none before it.
  const std::optional<VerifierKey>& log_key() const { return log_key_; }
  // In order, from epoch 1.
  const std::vector<Epoch>& epochs() const { return epochs_; }

 private:
  std::optional<std::string> take_first(const KeyNews& news, Seq seq);
  std::optional<std::string> check_closing(const KeyNews& news, Seq seq,
                                           Seq commit_first_seq) const;

  std::string origin_;
  std::optional<VerifierKey> log_key_;
  std::vector<Epoch> epochs_;
  std::set<PublicKey> used_;
  // The writers of format 1 did not say what an announcement closes. Whoever says it once, always
  // does.
  bool closings_told_ = false;
};

}  // namespace phantom
