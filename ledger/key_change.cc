#include "ledger/key_change.h"

#include "events/diag.h"
#include "ledger/epochs.h"
#include "ledger/key_files.h"
#include "ledger/layout.h"
#include "ledger/writer.h"

#include <limits>

namespace phantom {
namespace {

Draft stamped(Draft draft, const AppenderOptions& options) {
  draft.id = make_event_id(*options.clock, *options.random);
  draft.occurred_ns = options.clock->wall_ns();
  draft.mono_ns = options.clock->mono_ns();
  draft.boot_id = options.clock->boot_id();
  return draft;
}

// Asked once: what opened the writer's keys opens them for the change too.
class RememberingUnlock final : public KeyUnlock {
 public:
  explicit RememberingUnlock(KeyUnlock* from) : from_(from) {}

  Result<SecretBytes> key_for(const SealTerms& terms) override {
    if (known_ && known_->terms == terms) return known_->key.clone();
    PH_ASSIGN(SecretBytes key, from_->key_for(terms));
    known_ = KeySeal{terms, key.clone()};
    return key;
  }

 private:
  KeyUnlock* from_;
  std::optional<KeySeal> known_;
};

}  // namespace

Result<Receipt> change_key_seal(const Home& home, const Context& context,
                                const AppenderOptions& options, const MakeSeal& make_seal) {
  auto lease = Lease::acquire(LedgerFiles{home.ledger()}.lock(), options.wait_max);
  if (!lease.ok() && lease.error().code == Code::kBusy) {
    lease.error().message = "another process holds the ledger, and with it the keys";
    lease.error().hint = "end 'phantom ledger serve' and running sessions first";
  }
  if (!lease.ok()) return std::move(lease.error());

  RememberingUnlock unlock(options.unlock);
  WriterOptions writer_options;
  writer_options.clock = options.clock;
  writer_options.random = options.random;
  writer_options.store = options.store;
  writer_options.unlock = options.unlock == nullptr ? nullptr : &unlock;
  // No epoch may begin while its key file is being written.
  writer_options.epoch_events_max = std::numeric_limits<std::uint64_t>::max();
  PH_ASSIGN(const std::unique_ptr<Writer> writer,
            Writer::open(home, std::move(*lease), writer_options));
  PH_ASSIGN(std::optional<KeySeal> seal, make_seal());
  const char* const method = seal ? seal_method_name(seal->terms.method) : "none";
  PH_ASSIGN(const Receipt receipt, writer->append(stamped(keys_sealed(context, method), options)));

  KeyFiles files(home.keys(), writer_options.unlock);
  Status changed = files.replace_all(std::move(seal), *options.random);
  if (!changed.ok()) {
    Draft draft = keys_sealed(context, method);
    draft.outcome = Outcome::Failed;
    draft.reason = Reason::IoError;
    if (const auto noted = writer->append(stamped(std::move(draft), options)); !noted.ok()) {
      diag::warn("that the keys stayed as they were was not recorded: " + noted.error().message);
    }
    return std::move(changed.error());
  }
  PH_TRY(writer->close());
  return receipt;
}

}  // namespace phantom
