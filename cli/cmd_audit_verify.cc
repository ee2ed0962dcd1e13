#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/log_access.h"
#include "cli/report_formats.h"
#include "cli/verify_inputs.h"
#include "cli/verify_run.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/trust.h"
#include "ledger/verify.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kProofBytesMax = 64 * 1024;
constexpr std::size_t kEntryFileBytesMax = 128 * 1024;

// The origin of what this home has pinned. With more than one pin the ledger's head says which.
std::optional<std::string> pinned_origin(const Home& home) {
  std::vector<std::string> origins;
  std::error_code code;
  for (const auto& file : fs::directory_iterator(home.trust(), code)) {
    if (file.path().extension() != ".vkey") continue;
    origins.push_back(std::string(kOriginPrefix) + file.path().stem().string());
  }
  if (origins.empty()) return std::nullopt;
  std::sort(origins.begin(), origins.end());
  const auto head = read_head_file(LedgerFiles{home.ledger()}.head());
  if (head.ok() && head->newest) {
    const std::string& named = head->newest->checkpoint.origin;
    if (std::find(origins.begin(), origins.end(), named) != origins.end()) return named;
  }
  return origins.front();
}

Status use_pins(const Home& home, VerifyOptions& options, bool want_trust) {
  const std::optional<std::string> origin = pinned_origin(home);
  if (!origin) return {};
  if (!options.key) {
    PH_ASSIGN(options.key, pinned_key(home, *origin));
  }
  if (want_trust) {
    PH_ASSIGN(const std::optional<SignedCheckpoint> pinned, pinned_checkpoint(home, *origin));
    if (pinned) options.trust = pinned->note;
  }
  return {};
}

bool is_own_ledger(const Result<Home>& home, const fs::path& ledger) {
  std::error_code code;
  return home.ok() && fs::equivalent(home->ledger(), ledger, code);
}

Result<int> check_proof(Environment& environment, const VerifyArgs& args) {
  const auto proof = read_file(*args.proof, kProofBytesMax);
  if (!proof.ok()) return refuse_input(environment, proof.error());
  const auto entry = read_file(*args.entry, kEntryFileBytesMax);
  if (!entry.ok()) return refuse_input(environment, entry.error());
  std::optional<VerifierKey> key;
  if (args.key) {
    auto read = read_verifier_key(*args.key);
    if (!read.ok()) return refuse_input(environment, read.error());
    key = *read;
  }
  const VerifyReport report = verify_proof(as_text(*proof), *entry, key);
  return print_report(environment, args, report, *args.proof);
}

Result<int> check_ledger(Environment& environment, const VerifyArgs& args) {
  const Result<Home> home = environment.home();
  VerifyOptions options;
  if (args.ledger) {
    options.ledger = *args.ledger;
  } else if (home.ok()) {
    options.ledger = home->ledger();
    PH_ASSIGN(const auto service, environment.service());
    if (service && ::access(LedgerFiles{options.ledger}.db().c_str(), R_OK | X_OK) != 0) {
      return refuse_input(environment,
                          unreadable_service(*service, {Code::kDenied, std::strerror(errno)}));
    }
  } else {
    environment.out().error(home.error());
    return kExitIndeterminate;
  }
  const bool own = !args.ledger || is_own_ledger(home, options.ledger);
  if (const auto stopped = read_outside(environment, args, options)) return *stopped;
  if (own) {
    if (const Status pins = use_pins(*home, options, !args.trust_state); !pins.ok()) {
      environment.out().error(pins.error());
      return kExitIndeterminate;
    }
  }
  if (args.deep) options.depth = VerifyDepth::kDeep;
  if (args.incremental) options.depth = VerifyDepth::kIncremental;
  const VerifyReport report = with_progress(options, [&] { return verify_ledger(options); });
  const int exit_code = print_report(environment, args, report, options.ledger.string());
  if (report.exit_code != kExitOk) return exit_code;
  if (args.trust_state && args.update_trust) {
    PH_TRY(update_trust_state(*args.trust_state, report));
  }
  if (own) {
    if (const Status kept = advance_checkpoint(*home, report.synced_note); !kept.ok()) {
      environment.out().note("the trusted checkpoint was not moved on: " + kept.error().message);
    }
    OpenLog log;
    log.own = true;
    record_about_log(environment, log,
                     audit_verified(environment.context(), report.head->size, report.head->root,
                                    "L" + std::to_string(report.rung)));
  }
  return exit_code;
}

// What the flags cannot mean together; empty when they are fine.
std::string contradiction(const VerifyArgs& args) {
  if (args.proof.has_value() != args.entry.has_value()) return "--proof and --entry go together";
  if (args.proof && (args.ledger || !args.anchors.empty() || args.trust_state)) {
    return "--proof stands alone: no --ledger, --against or --trust-state";
  }
  if (args.tiles && (args.ledger || args.proof))
    return "--tiles stands in place of --ledger and --proof";
  if (args.deep && args.incremental) return "--deep and --incremental exclude each other";
  if ((args.deep || args.incremental) && (args.tiles || args.proof)) {
    return "--deep and --incremental are for ledgers";
  }
  if (args.ca && !args.tiles) return "--ca goes with --tiles";
  if (args.update_trust && !args.trust_state) return "--update-trust needs --trust-state";
  if (args.json && !args.formats.empty()) return "--json is short for --format json: give one";
  const std::size_t formats = std::max<std::size_t>(args.formats.size(), 1);
  if (args.outputs.size() > formats) return "more -o than --format";
  if (formats > args.outputs.size() + 1) return "only one report fits on standard output";
  return "";
}

Result<int> verify(Environment& environment, const VerifyArgs& given) {
  if (const std::string wrong = contradiction(given); !wrong.empty()) {
    environment.out().note(wrong);
    environment.out().hint("phantom audit verify --help shows how it is used");
    return kExitUsage;
  }
  const VerifyArgs args = with_pins(given);
  if (args.tiles) return check_tiles(environment, args);
  return args.proof ? check_proof(environment, args) : check_ledger(environment, args);
}

}  // namespace

Command audit_verify_command() {
  const auto args = std::make_shared<VerifyArgs>();
  Command command;
  command.words = {"audit", "verify"};
  command.summary = "check that the record is whole and unchanged";
  command.description =
      "Reads the whole ledger, a published copy of it, or one proof, and says what it found and "
      "how much that means: "
      "L0 parses, L1 consistent, L2 authentic to a key you pinned, L3 append-only against what you "
      "trusted before, L4 anchored outside. Needs no vault and no password and works beside a "
      "running writer.\n"
      "Reads every event. The signatures it checks are those of the newest checkpoints and of the "
      "ones that end an epoch: --deep checks all. --incremental begins at the trusted checkpoint, "
      "for a check after each push; without one that holds it reads everything.\n"
      "One's own ledger is checked against the key pinned when it was made and the checkpoint of "
      "the last good run, which then moves forward. Anyone else's needs --key: without it the "
      "answer is INDETERMINATE even if nothing is wrong.\n"
      "sarif, junit and github are for the services that show them; -o puts each report into a "
      "file "
      "of its own.\n"
      "Exit codes: 0 VERIFIED, 1 FAILED, 2 usage, 3 INDETERMINATE, 74 I/O, 75 a server that cannot "
      "be reached, 77 permission.";
  command.options = {
      {"ledger", "DIR", "the ledger; one's own if not given", &args->ledger},
      {"pins", "DIR",
       "what a repository has committed: DIR/ledger.vkey as the key, unless --key is given, and "
       "DIR/anchor.json as a checkpoint that the ledger must contain",
       &args->pins},
      {"key", "VKEY", "the log's verifier key, or a file with it", &args->key},
      {"against", "FILE", "a checkpoint kept elsewhere that the ledger must contain",
       &args->anchors},
      {"trust-state", "FILE", "the checkpoint of the last good run", &args->trust_state},
      {"update-trust", "", "after exit 0, move that file forward", &args->update_trust},
      {"deep", "", "check the signatures of all checkpoints, the old ones too", &args->deep},
      {"incremental", "", "read only what came after the trusted checkpoint", &args->incremental},
      {"tiles", "DIR-or-URL", "a log published as tiles, in a directory or on a web server",
       &args->tiles},
      {"ca", "FILE", "with --tiles https://: certificates to trust beside the system's", &args->ca},
      {"proof", "FILE", "check one event by its proof, without a ledger", &args->proof},
      {"entry", "FILE", "the event's bytes, with --proof", &args->entry},
      {"format", "FORMAT", "how to report", &args->formats, report_format_names()},
      {"output",
       "FILE",
       "write the report there; the nth belongs to the nth --format",
       &args->outputs,
       {},
       'o'},
      {"json", "", "short for --format json", &args->json}};
  command.run = [args](Environment& environment) { return verify(environment, *args); };
  return command;
}

}  // namespace phantom
