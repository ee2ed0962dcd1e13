#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/verify_inputs.h"
#include "events/encoding.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/selftest.h"
#include "ledger/trust.h"

namespace phantom {
namespace {

struct SelftestArgs {
  std::optional<std::string> ledger;
  std::optional<std::string> key;
  std::optional<std::uint64_t> changes;
  std::optional<std::uint64_t> seed;
  std::optional<std::uint64_t> first;
  bool json = false;
};

constexpr std::uint64_t kChangesDefault = 200;
constexpr std::uint64_t kChangesMax = 10'000'000;

// One's own ledger with the key pinned for it; none when there is no ledger yet.
Status use_own_ledger(const Home& home, SelftestOptions& options) {
  std::error_code code;
  if (!std::filesystem::exists(home.ledger(), code)) return {};
  options.ledger = home.ledger();
  const auto head = read_head_file(LedgerFiles{home.ledger()}.head());
  if (!options.key && head.ok() && head->newest) {
    PH_ASSIGN(options.key, pinned_key(home, head->newest->checkpoint.origin));
  }
  return {};
}

std::uint64_t random_seed() {
  std::array<std::uint8_t, 4> bytes;
  system_random().fill(bytes);
  std::uint64_t seed = 0;
  for (const std::uint8_t byte : bytes) seed = seed << 8 | byte;
  return seed;
}

std::string reproduce(const SelftestOptions& options, const SelftestMiss& miss) {
  std::string command = "phantom audit selftest --seed " + std::to_string(options.seed) +
                        " --first " + std::to_string(miss.number) + " --mutate 1";
  if (options.ledger) command += " --ledger " + options.ledger->string();
  return command;
}

SelftestTally total_of(const SelftestReport& report) {
  SelftestTally total;
  for (const auto& [kind, tally] : report.kinds) {
    total.made += tally.made;
    total.caught += tally.caught;
    total.harmless += tally.harmless;
  }
  return total;
}

std::string as_json(const SelftestOptions& options, const SelftestReport& report) {
  const SelftestTally total = total_of(report);
  Json json;
  json.begin().field_number("v", 1).field("verdict", report.missed.empty() ? "CAUGHT" : "MISSED");
  json.key("ledger");
  if (options.ledger) {
    json.text(options.ledger->string());
  } else {
    json.null();
  }
  json.field_number("events", report.head.size).field("root", to_hex(report.head.root));
  json.field_number("seed", options.seed).field_number("first", options.first);
  json.field_number("changes", total.made).field_number("caught", total.caught);
  json.field_number("harmless", total.harmless);
  json.key("kinds").begin_list();
  for (const auto& [kind, tally] : report.kinds) {
    json.begin().field("kind", kind).field_number("made", tally.made);
    json.field_number("caught", tally.caught).field_number("harmless", tally.harmless).end();
  }
  json.end_list().key("caught_by").begin_list();
  for (const auto& [check, count] : report.caught_by) {
    json.begin().field("check", check).field_number("count", count).end();
  }
  json.end_list().key("missed").begin_list();
  for (const SelftestMiss& miss : report.missed) {
    json.begin().field_number("number", miss.number).field("kind", miss.kind);
    json.field("what", miss.what).field("reproduce", reproduce(options, miss)).end();
  }
  return json.end_list().end().str();
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

void print_text(Output& out, const SelftestOptions& options, const SelftestReport& report) {
  const SelftestTally total = total_of(report);
  const std::string subject =
      options.ledger ? escape_terminal(options.ledger->string()) : "a ledger made for this";
  out.line((report.missed.empty() ? out.green("CAUGHT") : out.red("MISSED")) + " " + subject);
  out.line("copied: " + std::to_string(report.head.size) + " events, root " +
           to_hex(report.head.root));
  out.line("seed: " + std::to_string(options.seed));
  out.line("changes: " + std::to_string(total.made) + " made, " + std::to_string(total.caught) +
           " caught, " + std::to_string(total.harmless) + " without effect on the record, " +
           std::to_string(report.missed.size()) + " missed");
  for (const auto& [kind, tally] : report.kinds) {
    std::string line = "  " + padded(kind, 16) + std::to_string(tally.caught) + " of " +
                       std::to_string(tally.made) + " caught";
    if (tally.harmless > 0) line += ", " + std::to_string(tally.harmless) + " without effect";
    out.line(line);
  }
  out.line("caught by:");
  for (const auto& [check, count] : report.caught_by) {
    out.line("  " + padded(check, 16) + std::to_string(count));
  }
  for (const SelftestMiss& miss : report.missed) {
    out.line("missed: " + std::to_string(miss.number) + " " + miss.kind + ": " +
             escape_terminal(miss.what));
    out.line("  again: " + escape_terminal(reproduce(options, miss)));
  }
}

Result<int> selftest(Environment& environment, const SelftestArgs& args) {
  SelftestOptions options;
  options.changes = args.changes.value_or(kChangesDefault);
  if (options.changes == 0 || options.changes > kChangesMax) {
    environment.out().note("--mutate needs a number from 1 to " + std::to_string(kChangesMax));
    return kExitUsage;
  }
  options.seed = args.seed ? *args.seed : random_seed();
  options.first = args.first.value_or(0);
  if (args.key) {
    PH_ASSIGN(options.key, read_verifier_key(*args.key));
  }
  if (args.ledger) {
    options.ledger = *args.ledger;
  } else {
    PH_ASSIGN(const Home home, environment.home());
    PH_TRY(use_own_ledger(home, options));
  }
  Result<SelftestReport> report = [&] {
    Progress progress("changes");
    options.progress = [&progress](std::uint64_t done, std::uint64_t total) {
      progress.show(done, total);
    };
    return run_selftest(options);
  }();
  if (!report.ok()) return std::move(report.error());
  if (args.json) {
    environment.out().line(as_json(options, *report));
  } else {
    print_text(environment.out(), options, *report);
  }
  return report->missed.empty() ? kExitOk : kExitFailed;
}

}  // namespace

Command audit_selftest_command() {
  const auto args = std::make_shared<SelftestArgs>();
  Command command;
  command.words = {"audit", "selftest"};
  command.summary = "damage copies of the record and see that each change is noticed";
  command.description =
      "Copies the ledger to a private temporary directory, or makes a small one if there is none, "
      "then changes the copy, once per change starting from a fresh one: bytes and whole files, "
      "rows written through the store so that its checksums fit, and older states put back. audit "
      "verify, with the pinned key and the copy's checkpoint as trust, has to fail each time. A "
      "change after which every row and the head read as before is counted as without effect.\n"
      "The ledger itself is only read, and no event is recorded: nothing of its content is shown. "
      "Tables of a big ledger are shared between the copies.\n"
      "Exit codes: 0 everything was caught, 1 a change was missed or the ledger does not verify to "
      "begin with.";
  command.options = {
      {"mutate", "N", "how many changes; 200 if not given", &args->changes},
      {"seed", "S", "decides the changes; random if not given, and printed", &args->seed},
      {"first", "I", "number of the first change, to make one again", &args->first},
      {"ledger", "DIR", "another ledger than one's own", &args->ledger},
      {"key", "VKEY", "its verifier key, or a file with it; what it names itself if not given",
       &args->key},
      {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return selftest(environment, *args); };
  return command;
}

}  // namespace phantom
