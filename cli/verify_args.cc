#include "cli/verify_args.h"

#include "cli/report_formats.h"

#include <filesystem>
#include <type_traits>

namespace phantom {

std::vector<Option> verify_flags(VerifyArgs& args) {
  return {
      {"ledger", "DIR", "the ledger; one's own if not given", &args.ledger},
      {"bundle", "FILE", "evidence made with audit export --format phx, alone and offline",
       &args.bundle},
      {"tiles", "DIR-or-URL", "a log published as tiles, in a directory or on a web server",
       &args.tiles},
      {"backup", "DIR", "what phantom ledger backup wrote, with the checkpoints of all commits",
       &args.backup},
      {"proof", "FILE", "check one event by its proof, without a ledger", &args.proof},
      {"pins", "DIR",
       "what a repository has committed: DIR/ledger.vkey as the key, unless --key is given, and "
       "DIR/anchor.json as a checkpoint that the ledger must contain and the least that is trusted",
       &args.pins},
      {"key", "VKEY", "the log's verifier key, or a file with it", &args.key},
      {"against", "FILE", "a checkpoint kept elsewhere that the ledger must contain",
       &args.anchors},
      {"policy", "FILE", "who must have anchored it, and how lately: an anchor policy",
       &args.policy},
      {"receipts", "DIR", "with --policy: what its anchors gave, as in $PHANTOM_HOME/anchors",
       &args.receipts},
      {"max-unanchored", "1h|1000",
       "how old, or how many, events may be that no anchor covers; exit code 4 beyond it",
       &args.max_unanchored},
      {"trust-state", "FILE",
       "the checkpoint of the last good run; with --pins only a hint where to begin",
       &args.trust_state},
      {"update-trust", "", "after exit 0, move that file forward", &args.update_trust},
      {"require",
       "complete",
       "with --bundle: INDETERMINATE unless nothing is left out that the query asks for",
       &args.require,
       {"complete"}},
      {"deep", "", "check the signatures of all checkpoints, the old ones too", &args.deep},
      {"incremental", "", "read only what came after the trusted checkpoint", &args.incremental},
      {"ca", "FILE", "with --tiles https://: certificates to trust beside the system's", &args.ca},
      {"entry", "FILE", "the event's bytes, with --proof", &args.entry},
      {"format", "FORMAT", "how to report", &args.formats, report_format_names()},
      {"output",
       "FILE",
       "write the report there; the nth belongs to the nth --format",
       &args.outputs,
       {},
       'o'},
      {"json", "", "short for --format json", &args.json},
      {"summary", "FILE", "add the report to this file, as Markdown", &args.summary},
      {"warn-indeterminate", "", "exit with 0 in place of 3; the reports still say INDETERMINATE",
       &args.warn_indeterminate}};
}

std::string verify_description(std::string_view first, std::string_view about_keys) {
  return std::string(first) +
         " Says what it found and how much that means: L0 parses, L1 consistent, L2 authentic to a "
         "key you pinned, L3 append-only against what you trusted before, L4 anchored outside, L5 "
         "(of a "
         "bundle) complete for its query, which says nothing about L3 and L4. "
         "Needs no vault and no password.\n" +
         std::string(about_keys) +
         "\nsarif, junit and github are for the services that show them; -o puts each report into "
         "a file of its own.\n"
         "Exit codes: 0 VERIFIED, 1 FAILED, 2 usage, 3 INDETERMINATE, 4 POLICY, 74 I/O, 75 a "
         "server that "
         "cannot be reached, 77 permission.";
}

std::vector<std::string> given_flags(const std::vector<Option>& flags) {
  const auto is_given = [](const auto* target) {
    using Value = std::decay_t<decltype(*target)>;
    if constexpr (std::is_same_v<Value, bool>) {
      return *target;
    } else if constexpr (requires { target->has_value(); }) {
      return target->has_value();
    } else {
      return !target->empty();
    }
  };
  std::vector<std::string> names;
  for (const Option& flag : flags) {
    if (std::visit(is_given, flag.target)) names.push_back(flag.name);
  }
  return names;
}

VerifyArgs with_pins(VerifyArgs args) {
  if (!args.pins) return args;
  const std::filesystem::path directory = *args.pins;
  if (!args.key) args.key = (directory / "ledger.vkey").string();
  if (!args.proof) args.anchors.insert(args.anchors.begin(), (directory / "anchor.json").string());
  args.pins.reset();
  return args;
}

}  // namespace phantom
