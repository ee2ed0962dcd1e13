#include "ledger/repair.h"

#include "events/encoding.h"
#include "ledger/appender.h"
#include "ledger/epochs.h"
#include "ledger/evidence.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/lifecycle_events.h"
#include "ledger/reader.h"
#include "ledger/store_reader.h"
#include "ledger/tree.h"
#include "ledger/trust.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

namespace fs = std::filesystem;

// What the name of a file that write_file_durably made and did not rename yet ends in.
bool is_temporary(const std::string& name) {
  constexpr std::size_t kSuffix = std::string_view(".new-XXXXXX").size();
  return name.size() > kSuffix && name.compare(name.size() - kSuffix, 5, ".new-") == 0;
}

bool is_of_engine(const std::string& name) {
  constexpr std::array<std::string_view, 7> kStarts{"CURRENT",   "IDENTITY", "LOCK",   "LOG",
                                                    "MANIFEST-", "OPTIONS-", "archive"};
  constexpr std::array<std::string_view, 3> kEnds{".log", ".sst", ".dbtmp"};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view start) { return name.starts_with(start); }) ||
         std::any_of(kEnds.begin(), kEnds.end(),
                     [&](std::string_view end) { return name.ends_with(end); });
}

class Examination {
 public:
  Examination(const Home& home, const RepairOptions& options)
      : home_(home), options_(options), files_{home.ledger()} {}

  Result<ExaminedLedger> run() {
    facts_.store_there = there(files_.db() / "CURRENT");
    facts_.creating = there(home_.keys() / "creating");
    facts_.restoring = facts_.store_there && there(home_.root / "restoring");
    facts_.upgrading = there(files_.db_before_upgrade());
    facts_.log_key_there = there(log_key_file(home_.keys()));
    PH_ASSIGN(facts_.ever_pinned, any_pinned(home_));
    PH_TRY(read_copy());
    PH_TRY(list_files());
    if (facts_.store_there) {
      verify();
      PH_TRY(compare());
    }
    return std::move(facts_);
  }

 private:
  static bool there(const fs::path& path) {
    std::error_code code;
    return fs::exists(path, code);
  }

  Status read_copy() {
    auto copy = read_head_file(files_.head());
    facts_.copy_there = copy.ok();
    if (copy) {
      facts_.copy = std::move(*copy);
    } else if (copy.error().code != Code::kNotFound) {
      if (copy.error().code != Code::kLimit) return std::move(copy.error());
      facts_.copy_there = true;
      facts_.copy.damaged = true;
    }
    return {};
  }

  Result<std::vector<std::string>> names_in(const fs::path& directory) const {
    std::vector<std::string> names;
    std::error_code code;
    for (fs::directory_iterator it(directory, code); !code && it != fs::directory_iterator();
         it.increment(code)) {
      names.push_back(it->path().filename().string());
    }
    if (code && code != std::errc::no_such_file_or_directory) {
      return Error{code == std::errc::permission_denied ? Code::kDenied : Code::kIo,
                   "read " + directory.string() + ": " + code.message()};
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string in_home(const fs::path& path) const {
    return path.lexically_relative(home_.root).string();
  }

  Status list_files() {
    const bool being_made = facts_.creating || facts_.restoring;
    for (const fs::path& directory : {home_.root, home_.keys(), home_.trust()}) {
      PH_ASSIGN(const std::vector<std::string> names, names_in(directory));
      for (const std::string& name : names) {
        if (is_temporary(name)) facts_.leftovers.push_back(in_home(directory / name));
        if (directory == home_.keys()) note_epoch_file(name);
      }
    }
    if (there(home_.root / "ledger.new") && !being_made)
      facts_.leftovers.emplace_back("ledger.new");
    PH_ASSIGN(const std::vector<std::string> ours, names_in(files_.directory));
    for (const std::string& name : ours) {
      const fs::path path = files_.directory / name;
      const bool known = path == files_.db() || path == files_.head() || path == files_.lock() ||
                         path == files_.socket() || path == files_.reserve() ||
                         path == files_.db_before_upgrade() || path == files_.upgrade();
      if (is_temporary(name)) {
        facts_.leftovers.push_back(in_home(path));
      } else if (!known) {
        facts_.foreign.push_back(in_home(path));
      }
    }
    PH_ASSIGN(const std::vector<std::string> engine, names_in(files_.db()));
    for (const std::string& name : engine) {
      const fs::path path = files_.db() / name;
      if (name == "phantom.probe") {
        facts_.leftovers.push_back(in_home(path));
      } else if (!is_of_engine(name)) {
        facts_.foreign.push_back(in_home(path));
      }
    }
    return {};
  }

  void note_epoch_file(std::string_view name) {
    constexpr std::string_view kStart = "epoch-";
    constexpr std::string_view kEnd = ".key";
    if (!name.starts_with(kStart) || !name.ends_with(kEnd)) return;
    name.remove_prefix(kStart.size());
    name.remove_suffix(kEnd.size());
    if (const auto number = parse_decimal(name)) facts_.epoch_files.push_back(*number);
  }

  void verify() {
    VerifyOptions verify;
    verify.ledger = home_.ledger();
    verify.clock = options_.clock;
    verify.progress = options_.progress;
    if (const auto key = pinned_of_only_ledger()) verify.key = *key;
    facts_.report = verify_ledger(verify);
  }

  // The key that is pinned for the ledger, as far as its head says which one it is.
  std::optional<VerifierKey> pinned_of_only_ledger() const {
    const auto reader = open_reader(home_.ledger());
    if (!reader) return std::nullopt;
    auto key = pinned_key(home_, (*reader)->head().checkpoint.origin);
    return key ? *key : std::nullopt;
  }

  // A store that does not read is in the report already.
  Status compare() {
    auto opened = open_reader(home_.ledger());
    if (!opened) return {};
    const LedgerReader& reader = **opened;
    const SignedCheckpoint& head = reader.head();
    const auto root_of = [&](std::uint64_t size) -> std::optional<Digest> {
      if (size > head.checkpoint.size) return std::nullopt;
      const auto root = root_at(
          [&](unsigned height, std::uint64_t index) { return reader.node(height, index); }, size);
      return root ? std::optional(*root) : std::nullopt;
    };
    std::optional<Digest> at_copy;
    if (facts_.copy.newest) at_copy = root_of(facts_.copy.newest->checkpoint.size);
    const HeadComparison compared = compare_heads(head, facts_.copy.newest, at_copy);
    facts_.head_verdict = compared.verdict;
    facts_.head_evidence = compared.evidence;

    PH_ASSIGN(const auto pinned, pinned_checkpoint(home_, head.checkpoint.origin));
    if (pinned && root_of(pinned->checkpoint.size) != pinned->checkpoint.root) {
      facts_.trust_forked = pinned->checkpoint.size <= head.checkpoint.size;
      facts_.trust_problem =
          std::string(facts_.trust_forked ? "the ledger is another one than was verified"
                                          : "the ledger is older than what was verified") +
          "\nthe trust pin says:\n" + pinned->note + "the store says:\n" + head.note;
    }
    const auto store = StoreReader::open(files_.db());
    if (store) {
      const auto epoch = read_epoch(**store, head.checkpoint.size);
      if (epoch) facts_.epoch = epoch->number;
    }
    return {};
  }

  Home home_;
  const RepairOptions& options_;
  LedgerFiles files_;
  ExaminedLedger facts_;
};

// Both slots from the newest commit, as a writer does at its start.
Status rewrite_head_copy(const LedgerFiles& files, Evidence& evidence) {
  std::error_code code;
  if (fs::exists(files.head(), code)) PH_TRY(evidence.keep_copy(files.head()));
  PH_ASSIGN(const std::unique_ptr<LedgerReader> reader, open_reader(files.directory));
  PH_ASSIGN(HeadGuard guard, HeadGuard::create(files.head()));
  PH_TRY(guard.publish(reader->head().note));
  PH_TRY(guard.publish(reader->head().note));
  PH_TRY(guard.sync());
  return sync_directory(files.directory);
}

}  // namespace

Result<ExaminedLedger> examine(const Home& home, const RepairOptions& options) {
  return Examination(home, options).run();
}

Result<Repaired> repair(const Home& home, const std::vector<Finding>& findings,
                        const std::vector<std::string>& leftovers, const RepairOptions& options) {
  const LedgerFiles files{home.ledger()};
  Evidence evidence(home, *options.clock);
  Repaired done;
  bool recordable = true;
  {
    PH_ASSIGN(const Lease lease, Lease::take_from_nobody(files.lock()));
    for (const Finding& finding : findings) {
      if (finding.remedy == Remedy::kNothing || finding.remedy == Remedy::kPerson) {
        recordable = recordable && finding.damage == Damage::kForeign;
      }
      if (finding.remedy != Remedy::kRepair) continue;
      if (finding.damage == Damage::kHeadCopy) PH_TRY(rewrite_head_copy(files, evidence));
      const std::string name = damage_name(finding.damage);
      if (done.findings.empty() || done.findings.back() != name) done.findings.push_back(name);
    }
    for (const std::string& path : leftovers) PH_TRY(evidence.move_here(home.root / path));
  }
  done.evidence = evidence.name();
  if (!recordable || done.findings.empty()) return done;
  AppenderOptions appender_options;
  appender_options.clock = options.clock;
  appender_options.random = options.random;
  appender_options.unlock = options.unlock;
  PH_ASSIGN(const std::unique_ptr<Appender> appender, open_appender(home, appender_options));
  PH_TRY(appender->append(ledger_repaired(options.context, done.findings, done.evidence)));
  PH_TRY(appender->close());
  return done;
}

}  // namespace phantom
