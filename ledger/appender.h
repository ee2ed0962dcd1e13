#pragma once
// The way to the ledger for everything that records: one call, whichever process holds the lease.
//
// The first process that needs to write takes the lease, opens the store and serves the others
// over a Unix socket; when it goes, the next one that appends takes over. Drafts that were not
// acknowledged are sent again under the same event id and are recorded exactly once.
//
// What an append promises: before it returns ok nothing may be assumed. After ok the event has a
// number no other event will ever have, a signed checkpoint covers it, and it survives power loss.
// On kIndeterminate it may or may not be in the ledger; any other error: nothing was written.

#include "events/clock.h"
#include "events/draft.h"
#include "events/random.h"
#include "events/result.h"
#include "ledger/home.h"
#include "ledger/store.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace phantom {

class KeyUnlock;  // ledger/key_seal.h

using AppendCallback = std::function<void(Result<Receipt>)>;

// Looks at the bytes of a draft before it leaves the process; an error refuses the append. The
// vault installs one that searches for the secret values loaded in this process.
using DraftGuard = std::function<Status(ByteView draft)>;

struct AppenderOptions {
  const Clock* clock = &system_clock();
  Random* random = &system_random();
  // Bound on waiting for the lease, or for the process that holds it: then kBusy.
  std::chrono::milliseconds wait_max{5'000};
  // Drafts that may wait at once; the next one gets kLimit.
  std::size_t queue_events_max = 8'192;
  // Opens sealed key files when this process becomes the writer, on whichever thread that happens;
  // without one sealed keys give kDenied. Outlives the appender.
  KeyUnlock* unlock = nullptr;
  // The socket of the service that keeps the ledger: then this process only ever submits there, and
  // never becomes the writer.
  std::optional<std::filesystem::path> service;
  StoreOptions store;
  // Events an epoch key signs for before the next one takes over, while this process writes.
  std::uint64_t epoch_events_max = 65'536;
};

// Safe from several threads.
class Appender {
 public:
  virtual ~Appender() = default;

  // Blocks until the event is durable or refused. Stamps id and times where the draft has none.
  virtual Result<Receipt> append(Draft draft) = 0;

  // Many events, in order, each on its own terms: one may be refused and the next one recorded.
  // They share commits, so that this is by far the quickest way for many.
  virtual std::vector<Result<Receipt>> append_all(std::vector<Draft> drafts);

  // One without blocking. `done` is called once, on a thread of the appender or, for a draft
  // that is refused at once, on the caller's. It must not block and must not call the appender.
  virtual void append_async(Draft draft, AppendCallback done) = 0;

  // Install before the first append of a process that holds secrets.
  virtual void set_guard(DraftGuard guard) = 0;

  // Waits for what was accepted, releases the lease. Later appends get kClosed.
  virtual Status close() = 0;
};

// Opens an existing ledger; never creates one. kNotFound: there is none. kBusy: the lease could
// not be had in time. kCorrupt: the head guard says it was rolled back or forked.
Result<std::unique_ptr<Appender>> open_appender(const Home& home, const AppenderOptions& options);

struct CreatedLedger {
  std::string origin;
  std::string ledger_id;
  std::string vkey;
};

// Makes keys, store, head and trust pin, and appends the first event. kExists when there is a
// ledger; kDenied when `trust/` says there was one.
Result<CreatedLedger> create_ledger(const Home& home, const Context& context,
                                    const AppenderOptions& options);

}  // namespace phantom
