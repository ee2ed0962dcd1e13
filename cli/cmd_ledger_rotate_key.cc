#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "events/encoding.h"
#include "ledger/epochs.h"
#include "ledger/layout.h"
#include "ledger/lease.h"

#include <chrono>
#include <poll.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::chrono::seconds kAnnouncedMax{10};
constexpr int kPollMs = 20;

struct RotateArgs {
  bool json = false;
};

struct Change {
  EpochRecord closed;
  EpochRecord opened;
};

// The end of epoch `number` and what came after it, once both are there.
Result<std::optional<Change>> find_change(const LedgerReader& reader, std::uint64_t number) {
  PH_ASSIGN(std::vector<EpochRecord> epochs, read_epochs(reader));
  for (std::size_t i = 0; i + 1 < epochs.size(); ++i) {
    if (epochs[i].number != number) continue;
    return std::optional(Change{std::move(epochs[i]), std::move(epochs[i + 1])});
  }
  return std::optional<Change>();
}

// The writer announces the epoch right after the request; it may be another process.
Result<Change> wait_for_change(LedgerReader& reader, std::uint64_t number) {
  const auto deadline = std::chrono::steady_clock::now() + kAnnouncedMax;
  for (;;) {
    PH_TRY(reader.catch_up());
    PH_ASSIGN(std::optional<Change> change, find_change(reader, number));
    if (change) return std::move(*change);
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{Code::kIndeterminate,
                   "the request is recorded, but the ledger's writer has not announced an epoch",
                   "the next process that writes does it; see 'phantom ledger info'"};
    }
    ::poll(nullptr, 0, kPollMs);
  }
}

Result<int> rotate(Environment& environment, const RotateArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  // Before this process may hold the lease itself: the question is then answered for it.
  const auto holder = Lease::holder(LedgerFiles{home.ledger()}.lock());
  PH_ASSIGN(Appender * appender, environment.appender());
  PH_ASSIGN(LedgerReader * reader, environment.reader());
  PH_ASSIGN(const std::vector<EpochRecord> before, read_epochs(*reader));
  const std::uint64_t number = before.back().number;
  PH_ASSIGN(const Receipt request,
            appender->append(rotation_requested(environment.context(), number)));
  PH_ASSIGN(const Change change, wait_for_change(*reader, number));
  PH_ASSIGN(const auto service, environment.service());
  // The service's process is not to be seen from here.
  std::optional<int> process;
  if (holder.ok() && *holder) {
    process = **holder;
  } else if (!service) {
    process = ::getpid();
  }

  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1);
    json.field_number("requested_seq", request.seq);
    json.field_number("announced_seq", change.opened.announced_seq);
    json.field_number("old_epoch", change.closed.number);
    json.field_number("old_first_seq", change.closed.first_seq);
    json.field_number("old_events", change.closed.events);
    json.field_number("new_epoch", change.opened.number).field("new_vkey", change.opened.vkey);
    json.key("writer_pid");
    if (process) {
      json.number(static_cast<std::uint64_t>(*process));
    } else {
      json.null();
    }
    out.line(json.end().str());
    return kExitOk;
  }
  out.line("old epoch  " + std::to_string(change.closed.number) + ", closed with " +
           std::to_string(change.closed.events) + " events");
  out.line("new epoch  " + std::to_string(change.opened.number) + ", announced at event " +
           std::to_string(change.opened.announced_seq));
  out.line("new key    " + escape_terminal(change.opened.vkey));
  std::string writer = "the service";
  if (process) {
    writer = *process == ::getpid() ? "this process" : "process " + std::to_string(*process);
  }
  out.line("writer     " + writer);
  return kExitOk;
}

}  // namespace

Command ledger_rotate_key_command() {
  const auto args = std::make_shared<RotateArgs>();
  Command command;
  command.words = {"ledger", "rotate-key"};
  command.summary = "start a new epoch key now";
  command.description =
      "Asks the ledger's writer, or acts as it when none is running, to announce a new epoch key "
      "and destroy the old one's secret. The request is recorded. From then on nobody can sign for "
      "the events before it. The log key, which others pin, stays.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return rotate(environment, *args); };
  return command;
}

}  // namespace phantom
