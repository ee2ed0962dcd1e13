#pragma once
// What the kinds of `audit verify` share: arguments, notes from outside, the report. One kind
// checks a ledger, one a proof (cmd_audit_verify.cc), one published tiles.

#include "cli/environment.h"
#include "ledger/verify.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

struct VerifyArgs {
  std::optional<std::string> ledger;
  std::optional<std::string> pins;
  std::optional<std::string> key;
  std::vector<std::string> anchors;
  std::optional<std::string> trust_state;
  bool update_trust = false;
  bool deep = false;
  bool incremental = false;
  std::optional<std::string> tiles;
  std::optional<std::string> ca;
  std::optional<std::string> proof;
  std::optional<std::string> entry;
  std::vector<std::string> formats;
  std::vector<std::string> outputs;
  bool json = false;
};

// The key and the anchor that a repository has committed, in place of --pins: DIR/ledger.vkey,
// unless a key is given, and with `proof` unset DIR/anchor.json before other anchors.
VerifyArgs with_pins(VerifyArgs args);

// Something the caller handed over that cannot be used: says so and gives the exit code.
int refuse_input(Environment& environment, const Error& error);

// Key, anchors and trust state into the options. The exit code when one cannot be used.
std::optional<int> read_outside(Environment& environment, const VerifyArgs& args,
                                VerifyOptions& options);

// Runs `verify` with the options' progress on the terminal.
VerifyReport with_progress(VerifyOptions& options, const std::function<VerifyReport()>& verify);

// Every asked-for format once; the first -o takes the first --format, and so on. What has no file
// goes to standard output. Gives the exit code: the report's, or 74 when a file could not be
// written and the report did not say FAILED.
int print_report(Environment& environment, const VerifyArgs& args, const VerifyReport& report,
                 const std::string& subject);

// Moves the trust state forward after a good run.
Status update_trust_state(const std::string& file, const VerifyReport& report);

Result<int> check_tiles(Environment& environment, const VerifyArgs& args);

}  // namespace phantom
