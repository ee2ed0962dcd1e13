#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "ledger/disk_usage.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/rows.h"
#include "ledger/store.h"

namespace phantom {
namespace {

struct CompactArgs {
  bool json = false;
};

Status compact_store(const LedgerFiles& files) {
  PH_ASSIGN(const std::unique_ptr<Store> store, Store::open(files.db(), {}));
  PH_ASSIGN(const auto format, store->get(rows::meta("format")));
  if (format && !rows::is_known_format(*format)) {
    return Error{Code::kUnsupported, "the ledger has another format than this phantom writes",
                 "run 'phantom ledger upgrade'"};
  }
  PH_TRY(store->compact());
  return store->close();
}

Result<int> compact(Environment& environment, const CompactArgs& args) {
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(const Home home, environment.home());
  const LedgerFiles files{home.ledger()};
  PH_ASSIGN(const Lease lease, Lease::take_from_nobody(files.lock()));
  PH_ASSIGN(const DiskUsage before, ledger_disk_usage(files.directory));
  PH_TRY(compact_store(files));
  PH_ASSIGN(const DiskUsage after, ledger_disk_usage(files.directory));
  Output& out = environment.out();
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field_number("bytes_before", before.store_bytes());
    json.field_number("bytes_after", after.store_bytes());
    out.line(json.end().str());
  } else {
    out.line("before  " + std::to_string(before.store_bytes()) + " bytes");
    out.line("after   " + std::to_string(after.store_bytes()) + " bytes");
  }
  return kExitOk;
}

}  // namespace

Command ledger_compact_command() {
  const auto args = std::make_shared<CompactArgs>();
  Command command;
  command.words = {"ledger", "compact"};
  command.summary = "let the store rewrite its files in as little room as it can";
  command.description =
      "Moves what is in logs to tables and rewrites tables that can become smaller. Nothing of "
      "the record changes. There must be no writer.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return compact(environment, *args); };
  return command;
}

}  // namespace phantom
