#pragma once
// A phantom home of its own for a test, removed at the end.

#include "events/draft.h"
#include "ledger/appender.h"
#include "ledger/home.h"
#include "ledger/verify.h"

#include <filesystem>
#include <memory>
#include <string>

namespace phantom::test {

class LedgerHome {
 public:
  LedgerHome();  // an empty directory, no ledger
  ~LedgerHome();
  LedgerHome(const LedgerHome&) = delete;
  LedgerHome& operator=(const LedgerHome&) = delete;

  const Home& home() const { return home_; }
  // Makes the ledger; the process ends with a message when that fails.
  CreatedLedger create();
  // What verification says of the ledger, with the key pinned that it was created with.
  VerifyReport verify() const;
  std::unique_ptr<Appender> open(AppenderOptions options = {});

 private:
  Home home_;
  std::optional<VerifierKey> key_;
};

// A small event of a real type, told apart by `number`.
Draft note_draft(std::uint64_t number, const std::string& tag = "session:test");

}  // namespace phantom::test
