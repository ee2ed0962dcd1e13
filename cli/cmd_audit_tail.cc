#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/follow.h"
#include "cli/log_access.h"
#include "events/envelope.h"
#include "ledger/layout.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::uint64_t kShownFirst = 10;

struct TailArgs {
  std::optional<std::uint64_t> lines;
  bool json = false;
};

Result<int> tail(Environment& environment, const TailArgs& args) {
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  const Unsealer unseal = own_unsealer(environment, log);
  Output& out = environment.out();
  stop_on_signals();
  const std::uint64_t first_size = log.reader->head().checkpoint.size;
  Seq next = first_size - std::min(first_size, args.lines.value_or(kShownFirst));
  note_removed(environment, *log.reader, next);
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
      out.line(args.json ? entry_to_json(**entry, bytes, unseal) : entry_to_line(**entry, unseal));
      range.last_seq = seq;
      ++range.matched;
      return !stop_was_requested();
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
