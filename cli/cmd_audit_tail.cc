#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/log_access.h"
#include "events/envelope.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"

#include <algorithm>
#include <csignal>
#include <poll.h>

namespace phantom {
namespace {

constexpr int kPollMs = 200;
constexpr std::uint64_t kShownFirst = 10;

volatile std::sig_atomic_t stop_requested = 0;

void request_stop(int) { stop_requested = 1; }

void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = request_stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

struct TailArgs {
  std::optional<std::uint64_t> lines;
  bool json = false;
};

// Waits until the head guard names a bigger size. False when told to stop.
bool wait_for_more(const std::filesystem::path& head, std::uint64_t size) {
  while (stop_requested == 0) {
    const Result<HeadFile> file = read_head_file(head);
    if (file.ok() && file->newest && file->newest->checkpoint.size > size) return true;
    poll(nullptr, 0, kPollMs);
  }
  return false;
}

Result<int> tail(Environment& environment, const TailArgs& args) {
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  const Unsealer unseal = own_unsealer(environment);
  Output& out = environment.out();
  stop_on_signals();
  const std::uint64_t first_size = log.reader->head().checkpoint.size;
  Seq next = first_size - std::min(first_size, args.lines.value_or(kShownFirst));
  AuditRange range{"audit tail", next, next, 0};
  Status bad;
  while (bad.ok()) {
    const std::uint64_t size = log.reader->head().checkpoint.size;
    PH_TRY(log.reader->scan(next, size, [&](Seq seq, const Bytes& bytes) {
      const auto entry = parse_entry(bytes);
      if (!entry.ok()) {
        bad = entry.error();
        return false;
      }
      out.line(args.json ? entry_to_json(**entry, bytes, unseal) : entry_to_line(**entry));
      range.last_seq = seq;
      ++range.matched;
      return stop_requested == 0;
    }));
    next = size;
    if (!bad.ok() || !out.flush()) break;
    if (!wait_for_more(LedgerFiles{log.directory}.head(), size)) break;
    PH_TRY(log.reader->catch_up());
  }
  record_about_log(environment, log, audit_read(environment.context(), range));
  PH_TRY(std::move(bad));
  return kExitOk;
}

}  // namespace

Command audit_tail_command() {
  const auto args = std::make_shared<TailArgs>();
  Command command;
  command.words = {"audit", "tail"};
  command.summary = "print new events as they are recorded";
  command.description =
      "Prints the newest events, then each new one within a fraction of a second, until Ctrl-C.";
  command.options = {
      {"lines", "N", "how many old events to begin with, 10 if not given", &args->lines, {}, 'n'},
      {"json", "", "print one JSON object per line", &args->json}};
  command.run = [args](Environment& environment) { return tail(environment, *args); };
  return command;
}

}  // namespace phantom
