#pragma once
// The command line of `phantom audit verify` and `phantom-verify`: one set of flags for both.

#include "cli/command.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct VerifyArgs {
  // What is verified; at most one. Each is a kind of cli/verify_kinds.h.
  std::optional<std::string> ledger;
  std::optional<std::string> bundle;
  std::optional<std::string> tiles;
  std::optional<std::string> backup;
  std::optional<std::string> proof;

  // What the caller has kept apart from it.
  std::optional<std::string> pins;
  std::optional<std::string> key;
  std::vector<std::string> anchors;
  std::optional<std::string> policy;
  std::optional<std::string> receipts;
  std::optional<std::string> max_unanchored;
  std::optional<std::string> trust_state;
  bool update_trust = false;

  // Of single kinds.
  std::string require;  // empty or complete
  bool deep = false;
  bool incremental = false;
  std::optional<std::string> ca;
  std::optional<std::string> entry;

  // The reports.
  std::vector<std::string> formats;
  std::vector<std::string> outputs;
  std::optional<std::string> summary;
  bool json = false;
  bool warn_indeterminate = false;
};

// The flags, in the order the help shows them. They fill `args`, which must outlive them.
std::vector<Option> verify_flags(VerifyArgs& args);

// What the help pages of both say of rungs, reports and exit codes.
std::string verify_description(std::string_view first, std::string_view about_keys);

// Names of the flags that were given.
std::vector<std::string> given_flags(const std::vector<Option>& flags);

// The key and the anchor that a repository has committed, in place of --pins: DIR/ledger.vkey,
// unless a key is given, and with `proof` unset DIR/anchor.json before other anchors.
VerifyArgs with_pins(VerifyArgs args);

}  // namespace phantom
