#include "ledger/verify.h"

#include "ledger/head_guard.h"
#include "ledger/home.h"
#include "ledger/layout.h"
#include "ledger/store_reader.h"
#include "ledger/verify_files.h"
#include "ledger/verify_report.h"
#include "ledger/verify_rows.h"

#include <set>
#include <thread>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIdentityBytesMax = 1'024;

Result<std::string> read_identity(const fs::path& db) {
  PH_ASSIGN(const Bytes bytes, read_file(db / "IDENTITY", kIdentityBytesMax));
  return std::string(as_text(bytes));
}

std::set<fs::path> file_names(const fs::path& directory) {
  std::set<fs::path> names;
  std::error_code code;
  for (fs::directory_iterator it(directory, code); !code && it != fs::directory_iterator();
       it.increment(code)) {
    names.insert(it->path().filename());
  }
  return names;
}

// A store that is opened while its writer moves rows from the log to a table may miss them, as the
// two are not looked at in one instant. The names of the files tell.
Result<std::unique_ptr<StoreReader>> open_steadily(const fs::path& db) {
  constexpr int kTriesMax = 20;
  for (int attempt = 1;; ++attempt) {
    const auto before = file_names(db);
    auto reader = StoreReader::open(db);
    if (attempt == kTriesMax || file_names(db) == before) return reader;
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * attempt));
  }
}

// Notes that say there was a ledger here, although there is none.
std::optional<Failure> contradiction(const VerifyOptions& options, const Result<HeadFile>& head) {
  const auto gone = [](const char* check, const SignedCheckpoint& note) {
    return Failure{check, "the ledger is gone: it had " + std::to_string(note.checkpoint.size) +
                              " events\n" + note.note};
  };
  if (head && head->newest) return gone("head", *head->newest);
  if (options.trust) {
    const auto note = parse_checkpoint(*options.trust);
    if (note && note->checkpoint.size > 0) return gone("trust", *note);
  }
  std::vector<std::string> anchors = options.anchors;
  for (const AnchorReceipt& receipt : options.receipts) anchors.push_back(receipt.note);
  for (const std::string& anchor : anchors) {
    const auto note = parse_checkpoint(anchor);
    if (note && note->checkpoint.size > 0) return gone("anchors", *note);
  }
  return std::nullopt;
}

VerifyReport report_of(const Failure& failure) {
  VerifyReport report = new_ledger_report();
  set_failure(report, failure);
  conclude(report);
  return report;
}

}  // namespace

VerifyReport verify_ledger(const VerifyOptions& options) {
  const LedgerFiles files{options.ledger};
  auto head = read_head_file(files.head());
  auto rows = open_steadily(files.db());
  if (!rows && rows.error().code == Code::kNotFound) {
    if (const auto failure = contradiction(options, head)) return report_of(*failure);
    VerifyReport report = new_ledger_report();
    set_check(report, "ledger", CheckState::kIndeterminate,
              "there is no ledger at " + options.ledger.string());
    conclude(report);
    return report;
  }
  if (!rows) return report_of(failure_of("files", rows.error()));
  const Surroundings surroundings{std::move(head), read_identity(files.db())};
  VerifyReport report = verify_rows(**rows, surroundings, options);
  set_check(report, "files", CheckState::kNotEvaluated);
  if (!has_failure(report)) check_store_files(files.db(), report);
  conclude(report);
  return report;
}

}  // namespace phantom
