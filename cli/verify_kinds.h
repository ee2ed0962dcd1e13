#pragma once
// The kinds of things that can be verified. A new kind is a file cli/verify_<kind>_run.cc, a line
// in verify_kinds.cc and its flags in verify_args.cc.
//
// A kind reads what it checks and nothing else: no home, no vault, no store but that of `ledger`.
// phantom-verify has all kinds but that one.

#include "cli/verify_args.h"
#include "ledger/verify.h"
#include "ledger/verify_tiles.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct Verified {
  VerifyReport report;
  std::string subject;          // what was checked, for the report
  std::string trust_from = {};  // when the kind itself found what to trust: "home"
};

struct VerifyKind {
  std::string flag;                      // that chooses it
  std::vector<std::string> allows = {};  // flags it takes beside those for the key and the reports
  std::vector<std::string> needs = {};   // flags it cannot do without; allowed as well
  // `options` holds what the caller handed over: key, anchors, trust; and the progress. An error
  // says that there is nothing to report on: cli/verify_run.h has its exit codes.
  std::function<Result<Verified>(const VerifyArgs& args, VerifyOptions& options)> run;
  // Called after a run that ended with exit code 0 and was reported.
  std::function<Status(const VerifyReport& report)> after_good = {};
};

// Opens what --tiles names.
using OpenTiles = Result<std::unique_ptr<TileSource>> (*)(const VerifyArgs& args,
                                                          VerifyOptions& options);
// A directory. kUnsupported for a URL: the way to check one is said.
Result<std::unique_ptr<TileSource>> open_tiles_directory(const VerifyArgs& args,
                                                         VerifyOptions& options);
// That or a URL. The only one with network code in it.
Result<std::unique_ptr<TileSource>> open_tiles_anywhere(const VerifyArgs& args,
                                                        VerifyOptions& options);

// Every kind that needs no store.
std::vector<VerifyKind> file_kinds(OpenTiles open_tiles);

VerifyKind bundle_kind();
VerifyKind tiles_kind(OpenTiles open_tiles);
VerifyKind backup_kind();
VerifyKind proof_kind();

// The receipts of a directory with the layout of $PHANTOM_HOME/anchors, the newest of each anchor.
Status add_receipts(const std::filesystem::path& directory, VerifyOptions& options);
// The bound of --max-unanchored in place of the policy's; a policy of nothing else if there is
// none.
Status use_max_unanchored(const VerifyArgs& args, VerifyOptions& options);

class Environment;
// A ledger, one's own if none is named: then with what this home has pinned, which moves forward
// after a good run, and the run is an event.
VerifyKind ledger_kind(Environment& environment);

// The kind that the given flags choose; `fallback` when no flag of a kind is among them, empty for
// none. kInvalid: they do not go together.
Result<const VerifyKind*> choose_kind(const std::vector<VerifyKind>& kinds,
                                      const std::vector<std::string>& given,
                                      std::string_view fallback);

}  // namespace phantom
