#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/progress.h"
#include "events/encoding.h"
#include "ledger/backup.h"
#include "ledger/backup_keys.h"
#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/trust.h"

namespace phantom {
namespace {

struct BackupArgs {
  std::string directory;
  bool with_keys = false;
  bool json = false;
};

void print(Output& out, const BackupArgs& args, const Backup& done) {
  const Checkpoint& checkpoint = done.checkpoint;
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("directory", args.directory);
    json.field("origin", checkpoint.origin).field_number("size", checkpoint.size);
    json.field("root", to_hex(checkpoint.root)).field_number("size_before", done.size_before);
    json.field_number("commits_added", done.commits).field_number("files_written", done.files);
    json.field_number("bytes_written", done.bytes).key("keys").truth(args.with_keys);
    out.line(json.end().str());
    return;
  }
  out.line("directory  " + escape_terminal(args.directory));
  out.line("size       " + std::to_string(checkpoint.size) + " events, " +
           std::to_string(checkpoint.size - done.size_before) + " new");
  out.line("root       " + to_hex(checkpoint.root));
  out.line("written    " + std::to_string(done.files) + " files, " + std::to_string(done.bytes) +
           " bytes");
  if (!args.with_keys)
    out.hint("signing keys are not in it: keep the keys directory elsewhere too");
}

Result<int> backup_ledger(Environment& environment, const BackupArgs& args) {
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  // Before the reader: a writer publishes the copy after its commit.
  const auto copy = read_head_file(LedgerFiles{home.ledger()}.head());
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  const std::string origin = log.reader->head().checkpoint.origin;
  PH_ASSIGN(const std::optional<VerifierKey> key, pinned_key(home, origin));
  if (!key) {
    return Error{Code::kNotFound, "no key is pinned for " + escape_terminal(origin),
                 "a ledger is only backed up when it can be told from another one"};
  }
  BackupOptions options;
  options.directory = args.directory;
  options.key = *key;
  PH_ASSIGN(options.trust, pinned_checkpoint(home, origin));
  if (copy) options.head_copy = copy->newest;
  if (args.with_keys) PH_TRY(check_keys_are_sealed(home.keys()));
  Backup done;
  {
    Progress progress("events");
    options.progress = [&progress](std::uint64_t at, std::uint64_t total) {
      progress.show(at, total);
    };
    PH_ASSIGN(done, write_backup(*log.reader, options));
  }
  if (args.with_keys) PH_TRY(copy_sealed_keys(home.keys(), args.directory));
  print(environment.out(), args, done);
  AuditRange range{"ledger backup", done.size_before, done.checkpoint.size - 1,
                   done.checkpoint.size - done.size_before};
  record_about_log(environment, log, audit_read(environment.context(), range));
  return kExitOk;
}

}  // namespace

Command ledger_backup_command() {
  const auto args = std::make_shared<BackupArgs>();
  Command command;
  command.words = {"ledger", "backup"};
  command.summary = "copy the ledger into a directory of plain files";
  command.description =
      "Writes every entry and every signed checkpoint to DIR, in the form of C2SP tiles, so that "
      "phantom ledger restore can build the same ledger from it and others can check it. A second "
      "run into the same DIR writes only what is new. Works beside a running writer. A run that is "
      "cut off leaves the earlier backup good.\n"
      "A ledger that is older than what was verified, or than what is in DIR, is refused: a good "
      "backup is never replaced by a rolled back one. Signing keys are not copied, and with "
      "--with-keys only when they are sealed.";
  command.positionals = {{"DIR", "the directory; made if it is not there", &args->directory}};
  command.options = {{"with-keys", "", "copy the sealed signing keys too", &args->with_keys},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return backup_ledger(environment, *args); };
  return command;
}

}  // namespace phantom
