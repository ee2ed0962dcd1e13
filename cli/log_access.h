#pragma once
// Reading the log from a command: the person's own ledger or one named with --ledger, and the
// event that says it was read.

#include "cli/environment.h"
#include "events/render.h"
#include "ledger/reader.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace phantom {

struct OpenLog {
  LedgerReader* reader = nullptr;
  std::filesystem::path directory;
  bool own = false;  // the ledger of this home: looking at it is recorded there
  std::unique_ptr<LedgerReader> holder;
};

// `ledger` as given with --ledger; none means the ledger of the home.
Result<OpenLog> open_log(Environment& environment, const std::optional<std::string>& ledger);

// Says so when events from `from` on were asked for and some of them were removed.
void note_removed(Environment& environment, const LedgerReader& reader, Seq from);

// Opens sealed fields with the keys this home has, of the person in force and of former ones. Says
// of a field that stays closed whether its subject was erased, as `log` tells, or the key is just
// not here. `log` outlives it.
Unsealer own_unsealer(Environment& environment, const OpenLog& log);

// Records an event about the log in the person's own ledger. What was asked for is already on the
// terminal, so a failure is a warning.
void record_about_log(Environment& environment, const OpenLog& log, Draft draft);

// The ledger's own first event.
struct LedgerIdentity {
  std::string origin;
  std::string ledger_id;
  std::string vkey;
};
Result<LedgerIdentity> read_identity(const LedgerReader& reader);

}  // namespace phantom
