#pragma once
// What every command starts from: the terminal, the home, the project and who acts. Nothing is
// touched until a command asks for it, so that a command which needs no home runs without one.

#include "cli/command.h"
#include "cli/key_unlock.h"
#include "cli/output.h"
#include "events/draft.h"
#include "ledger/appender.h"
#include "ledger/home.h"
#include "ledger/reader.h"
#include "ledger/subject.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace phantom {

class Environment {
 public:
  Environment(Output& output, const CommandTable& commands)
      : output_(output), commands_(commands) {}

  Output& out() { return output_; }
  const CommandTable& commands() const { return commands_; }

  const char* variable(const char* name) const;
  Result<Home> home();
  Result<std::filesystem::path> working_directory() const;
  // The socket of the service that keeps this home's ledger; none when the home keeps it itself.
  Result<std::optional<std::filesystem::path>> service();

  // Context of the events of this command. The actor's id is there once the home has an identity.
  Context context();
  Result<Subject> subject();
  // The next context() looks again who it is.
  void forget_subject() { subject_id_.reset(); }

  // Each is opened once and shared. The appender also brings erasures to their end that a crash cut
  // off, and says so. kNotFound with a hint to `phantom init` when there is no
  // ledger. reader: kDenied when a service keeps the ledger and it cannot be read from here.
  Result<Appender*> appender();
  Result<LedgerReader*> reader();
  // For what only the owner of keys and store can do; kDenied when a service keeps them.
  Status check_own_ledger();
  // What opens sealed keys of the ledger. Takes its passphrase out of the environment when it is
  // first asked for; lives as long as this.
  CommandKeyUnlock& key_unlock();
  // Starts the ledger of this home, identity first. kExists, or kDenied when there was one.
  Result<CreatedLedger> create_ledger_here();

  // Lets go of the snapshot; the next reader() opens a new one.
  void release_reader() { reader_.reset(); }

  // Closes what is open, in the right order. The destructor does the same and ignores errors.
  Status close();

 private:
  void finish_erasures_left(const Home& home);

  Output& output_;
  const CommandTable& commands_;
  std::optional<Home> home_;
  std::optional<std::optional<std::filesystem::path>> service_;
  std::optional<std::string> subject_id_;       // not the key: an erased one must not live on here
  std::optional<CommandKeyUnlock> key_unlock_;  // before the appender, which uses it to its end
  std::unique_ptr<Appender> appender_;
  std::unique_ptr<LedgerReader> reader_;
};

// The error in place of `why` when a service keeps the ledger and its files are out of reach.
Error unreadable_service(const std::filesystem::path& socket, const Error& why);

}  // namespace phantom
