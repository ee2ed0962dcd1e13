// Making a ledger. A different call from opening one, so that a wrong path or a wiped disk never
// starts a second history silently.
//
// The ledger is made aside, complete with its first event, and renamed into place. What a crash
// leaves, and what the next attempt finds:
//   keys/creating exists, no ledger     -> unfinished: keys and the directory aside are made anew
//   keys/creating exists, ledger exists -> the rename happened: the ledger is whole; pin and finish
//   no keys/creating                    -> finished, or never begun

#include "events/encoding.h"
#include "ledger/appender.h"
#include "ledger/epochs.h"
#include "ledger/key_files.h"
#include "ledger/layout.h"
#include "ledger/point.h"
#include "ledger/rows.h"
#include "ledger/trust.h"
#include "ledger/writer.h"

namespace phantom {
namespace {

namespace fs = std::filesystem;

Error io_error(const std::string& what, const std::error_code& code) {
  return {Code::kIo, what + ": " + code.message()};
}

// A marker that stays or comes back would let a later 'init' succeed over a ledger in use.
Status remove_durably(const fs::path& file) {
  std::error_code code;
  fs::remove(file, code);
  if (code) return io_error("remove " + file.string(), code);
  return sync_directory(file.parent_path());
}

Status refuse_second_history(const Home& home, bool unfinished) {
  std::error_code code;
  const char* const kHint =
      "restore the ledger from a backup; to start over, move the whole of PHANTOM_HOME away";
  PH_ASSIGN(const bool pinned, any_pinned(home));
  const LedgerFiles files{home.ledger()};
  const bool directory = fs::exists(home.ledger(), code);
  const bool store = fs::exists(files.db(), code) || fs::exists(files.db_before_upgrade(), code);
  if (directory && (store || !pinned)) {
    return Error{Code::kExists, "there is a ledger at " + home.ledger().string() + " already"};
  }
  if (pinned) {
    const fs::path gone = directory ? files.db() : home.ledger();
    return Error{Code::kDenied,
                 "there was a ledger here: " + home.trust().string() + " knows it, but " +
                     gone.string() + " is gone",
                 kHint};
  }
  if (!unfinished && fs::exists(log_key_file(home.keys()), code)) {
    return Error{Code::kDenied,
                 "there was a ledger here: its signing key is still in " + home.keys().string(),
                 kHint};
  }
  return {};
}

// The first commit, in the directory aside.
Result<SignedCheckpoint> write_first_commit(const LedgerFiles& files, const Signer& log_key,
                                            const Signer& epoch_key, const Context& context,
                                            const std::string& ledger_id,
                                            const AppenderOptions& options) {
  const std::string& origin = log_key.verifier_key().name;
  std::vector<Submission> batch(1);
  Draft& draft = batch[0].draft;
  draft = ledger_created(context, origin, ledger_id, log_key.verifier_key().text(),
                         epoch_key.verifier_key().text());
  draft.id = make_event_id(*options.clock, *options.random);
  draft.occurred_ns = options.clock->wall_ns();
  draft.mono_ns = options.clock->mono_ns();
  draft.boot_id = options.clock->boot_id();

  PH_ASSIGN(std::unique_ptr<Store> store, Store::create(files.db(), options.store));
  Sequencer sequencer = Sequencer::empty(origin);
  PH_ASSIGN(Sequencer::Prepared prepared,
            sequencer.prepare(*store, batch, options.clock->wall_ns()));
  if (!prepared.results[0].ok()) return std::move(prepared.results[0].error());
  const SignedCheckpoint head{prepared.checkpoint,
                              sign_checkpoint(prepared.checkpoint, log_key, epoch_key)};
  PH_ASSIGN(const std::string identity, store->identity());
  prepared.changes.puts.emplace_back(rows::commit(head.checkpoint.size), head.note);
  prepared.changes.puts.emplace_back(rows::meta("format"), std::string(rows::kFormat));
  prepared.changes.puts.emplace_back(rows::meta("store"), identity);
  PH_TRY(store->commit(prepared.changes));
  PH_TRY(store->close());
  PH_ASSIGN(HeadGuard guard, HeadGuard::create(files.head()));
  PH_TRY(guard.publish(head.note));
  PH_TRY(guard.publish(head.note));
  PH_TRY(guard.sync());
  PH_TRY(Lease::make_file(files.lock()));
  return head;
}

}  // namespace

Result<CreatedLedger> create_ledger(const Home& home, const Context& context,
                                    const AppenderOptions& options) {
  PH_TRY(make_private_directory(home.root));
  PH_TRY(make_private_directory(home.keys()));
  PH_TRY(make_private_directory(home.trust()));
  const fs::path gate = home.root / "CREATE";
  PH_TRY(Lease::make_file(gate));
  PH_ASSIGN(const Lease one_at_a_time, Lease::acquire(gate, options.wait_max));

  const fs::path marker = home.keys() / "creating";
  const fs::path aside = home.root / "ledger.new";
  std::error_code code;
  const bool unfinished = fs::exists(marker, code);
  if (unfinished && fs::exists(home.ledger(), code)) {
    PH_ASSIGN(const Signer key,
              KeyFiles(home.keys(), options.unlock).load(log_key_file(home.keys())));
    PH_ASSIGN(const HeadFile head, read_head_file(LedgerFiles{home.ledger()}.head()));
    if (!head.newest) return Error{Code::kCorrupt, "the head copy of the new ledger is damaged"};
    PH_TRY(pin_ledger(home, key.verifier_key(), head.newest->note));
    PH_TRY(remove_durably(marker));
    const std::string& origin = key.verifier_key().name;
    return CreatedLedger{origin, origin.substr(kOriginPrefix.size()), key.verifier_key().text()};
  }
  PH_TRY(refuse_second_history(home, unfinished));
  PH_TRY(write_file_durably(marker, {}, 0600));
  if (fs::remove_all(aside, code); code) return io_error("remove " + aside.string(), code);

  std::array<std::uint8_t, 16> id_bytes{};
  options.random->fill(id_bytes);
  const std::string ledger_id = to_hex(id_bytes);
  const std::string origin = std::string(kOriginPrefix) + ledger_id;
  const Signer log_key = Signer::generate(origin, *options.random);
  const Signer epoch_key = Signer::generate(epoch_name(origin, 1), *options.random);
  PH_TRY(log_key.save(log_key_file(home.keys())));
  PH_TRY(epoch_key.save(epoch_key_file(home.keys(), 1)));
  PH_POINT("create.keys_saved");

  PH_TRY(make_private_directory(aside));
  PH_ASSIGN(const SignedCheckpoint head, write_first_commit(LedgerFiles{aside}, log_key, epoch_key,
                                                            context, ledger_id, options));
  PH_POINT("create.store_made");
  PH_TRY(sync_directory(aside));
  fs::rename(aside, home.ledger(), code);
  if (code) return io_error("rename " + aside.string(), code);
  PH_POINT("create.renamed");
  PH_TRY(sync_directory(home.root));
  PH_TRY(pin_ledger(home, log_key.verifier_key(), head.note));
  PH_POINT("create.pinned");
  PH_TRY(remove_durably(marker));
  return CreatedLedger{origin, ledger_id, log_key.verifier_key().text()};
}

}  // namespace phantom
