#include "ledger/restore.h"

#include "events/encoding.h"
#include "events/seal.h"
#include "ledger/backup_keys.h"
#include "ledger/backup_source.h"
#include "ledger/epochs.h"
#include "ledger/evidence.h"
#include "ledger/head_guard.h"
#include "ledger/key_files.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/lifecycle_events.h"
#include "ledger/reader.h"
#include "ledger/rows.h"
#include "ledger/store_reader.h"
#include "ledger/subject.h"
#include "ledger/tree.h"
#include "ledger/trust.h"
#include "ledger/verify.h"
#include "ledger/writer.h"

namespace phantom {
namespace {

namespace fs = std::filesystem;

Error io_error(const std::string& what, const std::error_code& code) {
  return {Code::kIo, what + ": " + code.message()};
}

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

// What verification would hold against a ledger.
Status check_verdict(const VerifyReport& report) {
  if (report.verdict == Verdict::kVerified) return {};
  for (const CheckState state : {CheckState::kFail, CheckState::kIndeterminate}) {
    for (const Check& check : report.checks) {
      if (check.state != state) continue;
      return Error{state == CheckState::kFail ? Code::kCorrupt : Code::kIndeterminate,
                   "the ledger that was built does not verify: " + check.id + ": " + check.reason};
    }
  }
  return Error{Code::kInternal, "the ledger that was built does not verify"};
}

class Restore {
 public:
  Restore(const Home& home, const RestoreOptions& options)
      : home_(home),
        options_(options),
        files_{home.ledger()},
        aside_{home.root / "ledger.new"},
        marker_(home.root / "restoring"),
        evidence_(home, *options.clock),
        keys_(home.keys(), options.unlock) {}

  Result<Restored> run() {
    PH_TRY(make_private_directory(home_.root));
    const fs::path gate = home_.root / "CREATE";
    PH_TRY(Lease::make_file(gate));
    PH_ASSIGN(const Lease one_at_a_time, Lease::acquire(gate, options_.wait_max));
    PH_ASSIGN(const bool finished, finish_earlier());
    if (finished) return done_;

    std::error_code code;
    if (fs::exists(files_.db(), code)) {
      return Error{Code::kExists, "there is a ledger at " + home_.ledger().string(),
                   "move the directory away if it is damaged, and keep it as evidence"};
    }
    PH_ASSIGN(const BackupSource source, BackupSource::open(options_.backup));
    PH_TRY(take_keys_of_backup(options_.backup, home_.keys()));
    PH_ASSIGN(Signer log_key, load_log_key(source.origin()));
    PH_ASSIGN(const std::vector<KnownCheckpoint> known,
              gather_known(source, log_key.verifier_key()));
    PH_TRY(build(source, log_key, known));
    PH_TRY(verify_aside(log_key.verifier_key()));
    PH_TRY(put_in_place());
    PH_TRY(settle(log_key.verifier_key(), *new_head_));
    done_.evidence = evidence_.name();
    return done_;
  }

 private:
  // An attempt that died between the rename and the end.
  Result<bool> finish_earlier() {
    const auto note = read_file(marker_, kHeadNoteBytesMax);
    if (!note && note.error().code == Code::kNotFound) return false;
    if (!note) return note.error();
    std::error_code code;
    if (!fs::exists(files_.db(), code)) return false;  // died before the rename
    PH_ASSIGN(const SignedCheckpoint head, parse_checkpoint(as_text(*note)));
    PH_ASSIGN(const Signer log_key, keys_.load(log_key_file(home_.keys())));
    PH_TRY(settle(log_key.verifier_key(), head));
    done_.head = head.checkpoint;
    done_.finished_earlier = true;
    return true;
  }

  Result<Signer> load_log_key(const std::string& origin) {
    std::error_code code;
    if (fs::exists(home_.keys(), code)) PH_TRY(keys_.finish_replacing());
    auto key = keys_.load(log_key_file(home_.keys()));
    if (!key && key.error().code == Code::kNotFound) {
      return Error{Code::kNotFound,
                   "the signing keys are not at " + home_.keys().string() +
                       "; nothing could be recorded without them",
                   "put the keys directory back first; 'phantom audit verify --tiles " +
                       options_.backup.string() + " --key VKEY' checks the backup without it"};
    }
    if (!key) return std::move(key.error());
    if (key->verifier_key().name != origin) {
      return Error{Code::kExists, "the keys at " + home_.keys().string() + " are of " +
                                      escape_terminal(key->verifier_key().name) +
                                      ", the backup is of " + escape_terminal(origin)};
    }
    PH_ASSIGN(const auto pinned, pinned_key(home_, origin));
    if (pinned && pinned->text() != key->verifier_key().text()) {
      return Error{Code::kCorrupt, "keys/log.key is not the key that is pinned under trust/"};
    }
    return key;
  }

  // Everything that says how far the ledger once was. Each has to be signed by its key.
  Result<std::vector<KnownCheckpoint>> gather_known(const BackupSource& source,
                                                    const VerifierKey& key) const {
    std::vector<KnownCheckpoint> known;
    PH_ASSIGN(auto pinned, pinned_checkpoint(home_, source.origin()));
    if (pinned) known.push_back({"the trust pin", std::move(*pinned)});
    const auto head = read_head_file(files_.head());
    if (head && head->newest) known.push_back({"the head copy", *head->newest});
    if (!head && head.error().code != Code::kNotFound) return head.error();
    PH_ASSIGN(auto backed_up, source.trust());
    if (backed_up) known.push_back({"the backup's trust pin", std::move(*backed_up)});
    for (const SignedCheckpoint& anchor : options_.anchors) known.push_back({"an anchor", anchor});
    for (const KnownCheckpoint& each : known) {
      if (check_note(each.checkpoint.note, key) == NoteCheck::kGood) continue;
      return Error{Code::kCorrupt,
                   each.where + " is not signed by " + key.text() + ":\n" + each.checkpoint.note};
    }
    return known;
  }

  Status build(const BackupSource& source, const Signer& log_key,
               const std::vector<KnownCheckpoint>& known) {
    std::error_code code;
    if (fs::remove_all(aside_.directory, code); code) {
      return io_error("remove " + aside_.directory.string(), code);
    }
    PH_TRY(make_private_directory(aside_.directory));
    PH_ASSIGN(const std::unique_ptr<Store> store, Store::create(aside_.db(), {}));
    StoreBuilder builder(log_key.verifier_key(),
                         [&store](const RowChanges& changes) { return store->commit(changes); });
    for (const KnownCheckpoint& each : known) builder.want(each.checkpoint.checkpoint.size);
    PH_TRY(source.feed(builder, options_.progress));
    PH_ASSIGN(const std::string identity, store->identity());
    PH_TRY(builder.finish(identity));
    done_.restored = source.checkpoint().checkpoint;

    std::optional<Loss> loss;
    const BackupComparison compared = compare_with_known(
        builder.size(), [&](std::uint64_t size) { return builder.root_at(size); }, known);
    PH_TRY(decide(compared, source.checkpoint(), loss));
    PH_TRY(close_with_events(*store, builder, log_key, loss));
    PH_TRY(store->close());
    PH_ASSIGN(HeadGuard guard, HeadGuard::create(aside_.head()));
    PH_TRY(guard.publish(new_head_->note));
    PH_TRY(guard.publish(new_head_->note));
    PH_TRY(guard.sync());
    return Lease::make_file(aside_.lock());
  }

  Status decide(const BackupComparison& compared, const SignedCheckpoint& backup,
                std::optional<Loss>& loss) {
    if (compared.age == BackupAge::kCurrent) return {};
    const KnownCheckpoint& other = *compared.newest;
    const Checkpoint& newer = other.checkpoint.checkpoint;
    const std::string evidence =
        "\nthe backup says:\n" + backup.note + other.where + " says:\n" + other.checkpoint.note;
    if (compared.age == BackupAge::kForked) {
      return Error{Code::kCorrupt,
                   "the backup is of another history than " + other.where + evidence,
                   "keep both as evidence; this cannot be overridden"};
    }
    if (!options_.accept_loss) {
      return Error{Code::kCorrupt,
                   "the backup is older than " + other.where + ": " +
                       events_text(newer.size - backup.checkpoint.size) + " would be lost" +
                       evidence,
                   "use a newer backup; or, on a terminal, --accept-loss REASON"};
    }
    PH_ASSIGN(const std::string reason, options_.accept_loss(backup.checkpoint, other));
    loss = Loss{newer, reason};
    done_.lost = newer;
    return {};
  }

  // The last commit of the new store: that it was restored, and the key that signs from now on.
  Status close_with_events(Store& store, const StoreBuilder& builder, const Signer& log_key,
                           const std::optional<Loss>& loss) {
    auto epoch_key = keys_.load(epoch_key_file(home_.keys(), builder.epoch().number));
    if (!epoch_key && epoch_key.error().code == Code::kNotFound) {
      return Error{Code::kNotFound,
                   "the backup ends in epoch " + std::to_string(builder.epoch().number) +
                       ", whose key is not at " + home_.keys().string() +
                       ": it was destroyed when the next epoch began",
                   "use a newer backup, or the keys that were kept with this one"};
    }
    if (!epoch_key) return std::move(epoch_key.error());
    if (epoch_key->verifier_key().text() != builder.epoch().key.text()) {
      return Error{Code::kCorrupt, "the epoch key on disk is not the one the backup announces"};
    }
    const std::uint64_t next = builder.epoch().number + 1;
    const Signer next_key =
        Signer::generate(epoch_name(log_key.verifier_key().name, next), *options_.random);
    std::vector<Submission> batch(2);
    PH_ASSIGN(batch[0].draft,
              stamped(ledger_restored(options_.context, builder.head()->checkpoint, loss)));
    EpochClosing closing;
    closing.epoch = builder.epoch().number;
    closing.first_seq = builder.epoch().first_seq;
    closing.events = builder.size() + batch.size() - closing.first_seq;
    closing.reason = CloseReason::kRestored;
    PH_ASSIGN(batch[1].draft, stamped(epoch_announced(options_.context, next,
                                                      next_key.verifier_key().text(), closing)));

    PH_ASSIGN(Sequencer sequencer, Sequencer::load(store, builder.head()->checkpoint));
    PH_ASSIGN(Sequencer::Prepared prepared,
              sequencer.prepare(store, batch, options_.clock->wall_ns()));
    for (const Result<Receipt>& result : prepared.results) {
      if (!result.ok()) return result.error();
    }
    const std::string note = sign_checkpoint(prepared.checkpoint, log_key, *epoch_key);
    prepared.changes.puts.emplace_back(rows::commit(prepared.checkpoint.size), note);
    // Its key has to be there before a ledger that asks for it can be.
    PH_TRY(keys_.save(epoch_key_file(home_.keys(), next), next_key, *options_.random));
    PH_TRY(store.commit(prepared.changes));
    new_head_ = SignedCheckpoint{prepared.checkpoint, note};
    done_.head = prepared.checkpoint;
    done_.epoch = next;
    return {};
  }

  Result<Draft> stamped(Draft draft) const {
    draft.id = make_event_id(*options_.clock, *options_.random);
    draft.occurred_ns = options_.clock->wall_ns();
    draft.mono_ns = options_.clock->mono_ns();
    draft.boot_id = options_.clock->boot_id();
    if (draft.to_seal.empty()) return draft;
    PH_ASSIGN(const Subject subject, ensure_subject(home_, *options_.random));
    for (const SealRequest& request : draft.to_seal) {
      draft.sealed.push_back(
          seal_field(subject.key, subject.id, draft.id, request, *options_.random));
    }
    draft.to_seal.clear();
    return draft;
  }

  Status verify_aside(const VerifierKey& key) const {
    VerifyOptions verify;
    verify.ledger = aside_.directory;
    verify.key = key;
    verify.clock = options_.clock;
    return check_verdict(verify_ledger(verify));
  }

  Status put_in_place() {
    std::error_code code;
    if (fs::exists(home_.ledger(), code)) PH_TRY(evidence_.move_here(home_.ledger()));
    PH_TRY(write_file_durably(marker_, as_bytes(new_head_->note), 0600));
    fs::rename(aside_.directory, home_.ledger(), code);
    if (code) return io_error("rename " + aside_.directory.string(), code);
    return sync_directory(home_.root);
  }

  // Pins and keys follow the ledger that is in place now. May be done twice.
  Status settle(const VerifierKey& key, const SignedCheckpoint& head) const {
    PH_ASSIGN(const auto pinned, pinned_checkpoint(home_, key.name));
    if (pinned) {
      // Only an accepted loss gets here with a pin that this ledger contradicts.
      PH_ASSIGN(const bool ours, is_of_the_new_ledger(pinned->checkpoint));
      if (!ours) {
        PH_TRY(retire_checkpoint(home_, key.name, compact_utc(options_.clock->wall_ns())));
      }
    }
    PH_TRY(pin_ledger(home_, key, head.note));
    PH_TRY(destroy_old_epoch_key());
    std::error_code code;
    fs::remove(marker_, code);
    if (code) return io_error("remove " + marker_.string(), code);
    return sync_directory(home_.root);
  }

  Result<bool> is_of_the_new_ledger(const Checkpoint& pinned) const {
    PH_ASSIGN(const std::unique_ptr<LedgerReader> reader, open_reader(home_.ledger()));
    if (pinned.size > reader->head().checkpoint.size) return false;
    const NodeSource nodes = [&reader](unsigned height, std::uint64_t index) {
      return reader->node(height, index);
    };
    PH_ASSIGN(const Digest root, root_at(nodes, pinned.size));
    return root == pinned.root;
  }

  Status destroy_old_epoch_key() const {
    const auto lease = Lease::try_acquire(files_.lock());
    if (!lease && lease.error().code == Code::kBusy) return {};  // its writer did it at its start
    if (!lease) return lease.error();
    PH_ASSIGN(const std::unique_ptr<StoreReader> store, StoreReader::open(files_.db()));
    PH_ASSIGN(const HeadFile head, read_head_file(files_.head()));
    if (!head.newest) return Error{Code::kCorrupt, "the head copy of the new ledger is damaged"};
    PH_ASSIGN(const EpochState epoch, read_epoch(*store, head.newest->checkpoint.size));
    return keys_.destroy_other_epochs(epoch.number);
  }

  Home home_;
  const RestoreOptions& options_;
  LedgerFiles files_;
  LedgerFiles aside_;
  fs::path marker_;
  Evidence evidence_;
  KeyFiles keys_;
  Restored done_;
  std::optional<SignedCheckpoint> new_head_;
};

}  // namespace

BackupComparison compare_with_known(
    std::uint64_t size, const std::function<std::optional<Digest>(std::uint64_t)>& root_at,
    const std::vector<KnownCheckpoint>& known) {
  BackupComparison out;
  for (const KnownCheckpoint& each : known) {
    const Checkpoint& checkpoint = each.checkpoint.checkpoint;
    if (checkpoint.size <= size && checkpoint.size > 0 &&
        root_at(checkpoint.size) != checkpoint.root) {
      return {BackupAge::kForked, each};
    }
    const bool newest = !out.newest || checkpoint.size > out.newest->checkpoint.checkpoint.size;
    if (checkpoint.size > size && newest) out = {BackupAge::kOlder, each};
  }
  return out;
}

Result<Restored> restore_ledger(const Home& home, const RestoreOptions& options) {
  return Restore(home, options).run();
}

}  // namespace phantom
