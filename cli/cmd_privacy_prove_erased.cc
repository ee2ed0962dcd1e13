#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/log_walk.h"
#include "cli/subject_record.h"
#include "events/catalog.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/payload.h"
#include "ledger/erasure.h"
#include "ledger/subject.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::size_t kExportsListedMax = 1'000;

constexpr std::string_view kExportsMeaning =
    "exports never open sealed fields: these hold ciphertext or nothing of them";
constexpr std::string_view kReadsMeaning =
    "reads of the log where the key was may have shown the text on a terminal or in a pipe";
constexpr std::string_view kOutside =
    "copies of keys/ or of the whole home, and files a person saved, are outside of what can be "
    "proved";

struct ProveArgs {
  std::string subject;
  std::optional<std::string> ledger;
  bool json = false;
};

struct Export {
  Seq seq = 0;
  std::int64_t time_ns = 0;
  std::string format;
  std::string matched;
};

struct Findings {
  std::uint64_t events = 0;  // with fields sealed under the subject
  std::uint64_t fields = 0;
  std::uint64_t fields_after = 0;  // recorded after the completion
  std::uint64_t exports = 0;       // before the completion
  std::vector<Export> listed;
  std::uint64_t reads = 0;  // before the completion
};

class ErasureScan {
 public:
  ErasureScan(std::string subject, std::optional<Seq> completed)
      : subject_(std::move(subject)), completed_(completed) {}

  Status take(const schema::Entry& entry) {
    const bool after = completed_ && entry.seq() > *completed_;
    if (!after && entry.type() == event_no<schema::AuditExported>()) take_export(entry);
    if (!after && entry.type() == event_no<schema::AuditRead>()) ++found_.reads;
    if (entry.sealed() == nullptr) return {};
    std::uint64_t fields = 0;
    for (const schema::SealedField* field : *entry.sealed()) {
      fields += field->subject()->string_view() == subject_ ? 1U : 0U;
    }
    found_.events += fields > 0 ? 1U : 0U;
    found_.fields += fields;
    if (after) found_.fields_after += fields;
    return {};
  }

  const Findings& found() const { return found_; }

 private:
  void take_export(const schema::Entry& entry) {
    ++found_.exports;
    if (found_.listed.size() >= kExportsListedMax) return;
    payload_.read(entry);
    found_.listed.push_back({entry.seq(), entry.time_ns(), payload_.find("format").value_or(""),
                             payload_.find("matched").value_or("")});
  }

  std::string subject_;
  std::optional<Seq> completed_;
  Payload payload_;
  Findings found_;
};

struct Proof {
  std::string verdict;  // erased, contradicted, unfinished
  std::vector<std::string> problems;
};

Proof judge(const SubjectRecord& record, const std::vector<std::filesystem::path>& key_files,
            bool marker) {
  Proof proof;
  for (const auto& file : key_files) proof.problems.push_back("a key is in " + file.string());
  if (record.completion) {
    if (!record.request || record.completion->request_seq != record.request->seq) {
      proof.problems.emplace_back("the completion names no request on record");
    } else if (record.request->commitment != record.completion->commitment) {
      proof.problems.emplace_back("request and completion are about different keys");
    }
  }
  const bool finished = record.completion.has_value() && !marker;
  proof.verdict = !finished ? "unfinished" : proof.problems.empty() ? "erased" : "contradicted";
  if (!record.completion) proof.problems.emplace_back("no event says that the key was destroyed");
  if (marker) proof.problems.emplace_back("an erasure is under way in this home");
  return proof;
}

void print_text(Output& out, const ProveArgs& args, const Checkpoint& head,
                const SubjectRecord& record, const Findings& found, const Proof& proof) {
  const auto at = [](Seq seq, std::int64_t time) {
    return "event " + std::to_string(seq) + ", " + format_time(time).substr(0, 19) + "Z";
  };
  std::string verdict = proof.verdict;
  for (char& c : verdict) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  out.line(verdict + " " + args.subject);
  if (record.request) {
    out.line("requested   " + at(record.request->seq, record.request->time_ns) + ", basis " +
             escape_terminal(record.request->basis) +
             (record.request->ticket.empty()
                  ? ""
                  : ", ticket " + escape_terminal(record.request->ticket)));
    out.line("key         SHA-256 commitment " + escape_terminal(record.request->commitment));
  }
  if (record.completion) {
    out.line("completed   " + at(record.completion->seq, record.completion->time_ns));
  }
  out.line("unreadable  " + std::to_string(found.fields) + " sealed fields in " +
           std::to_string(found.events) + " events" +
           (found.fields_after == 0
                ? ""
                : ", " + std::to_string(found.fields_after) + " of them recorded afterwards"));
  out.line("checkpoint  " + std::to_string(head.size) + " events, root " + to_hex(head.root));
  out.line("exports     " + std::to_string(found.exports) + " before; " +
           std::string(kExportsMeaning));
  for (const Export& each : found.listed) {
    out.line("            " + at(each.seq, each.time_ns) + ", " + escape_terminal(each.format) +
             ", " + escape_terminal(each.matched) + " events");
  }
  if (found.listed.size() < found.exports) {
    out.line("            and " + std::to_string(found.exports - found.listed.size()) + " more");
  }
  out.line("reads       " + std::to_string(found.reads) + " before; " + std::string(kReadsMeaning));
  for (const std::string& problem : proof.problems) {
    out.line("problem     " + escape_terminal(problem));
  }
  out.line("not proved  " + std::string(kOutside));
}

void print_json(Output& out, const ProveArgs& args, const Checkpoint& head,
                const SubjectRecord& record, const Findings& found, const Proof& proof,
                std::size_t key_files) {
  Json json;
  json.begin().field_number("v", 1).field("subject", args.subject).field("verdict", proof.verdict);
  json.key("problems").begin_list();
  for (const std::string& problem : proof.problems) json.text(escape_terminal(problem));
  json.end_list().key("requested");
  if (record.request) {
    json.begin().field_number("seq", record.request->seq);
    json.field("time", format_time(record.request->time_ns));
    json.field("key_commitment", escape_terminal(record.request->commitment));
    json.field("basis", escape_terminal(record.request->basis));
    json.field("ticket", escape_terminal(record.request->ticket)).end();
  } else {
    json.null();
  }
  json.key("completed");
  if (record.completion) {
    json.begin().field_number("seq", record.completion->seq);
    json.field("time", format_time(record.completion->time_ns));
    json.field("key_commitment", escape_terminal(record.completion->commitment)).end();
  } else {
    json.null();
  }
  json.field_number("key_files_here", key_files);
  json.field_number("events", found.events).field_number("fields", found.fields);
  json.field_number("fields_recorded_afterwards", found.fields_after);
  json.key("checkpoint").begin().field("origin", head.origin).field_number("size", head.size);
  json.field("root", to_hex(head.root)).end();
  json.field_number("exports_before", found.exports).key("exports").begin_list();
  for (const Export& each : found.listed) {
    json.begin().field_number("seq", each.seq).field("time", format_time(each.time_ns));
    json.field("format", escape_terminal(each.format));
    json.field("matched", escape_terminal(each.matched)).end();
  }
  json.end_list().field_number("reads_before", found.reads);
  json.key("notes").begin_list().text(kExportsMeaning).text(kReadsMeaning).text(kOutside);
  out.line(json.end_list().end().str());
}

Result<int> prove(Environment& environment, const ProveArgs& args) {
  if (!is_subject_id(args.subject)) {
    return Error{Code::kInvalid, "\"" + escape_terminal(args.subject) + "\" is no subject's id",
                 "phantom privacy list prints them"};
  }
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  const Checkpoint head = log.reader->head().checkpoint;
  PH_ASSIGN(const SubjectRecord record, read_subject_record(*log.reader, args.subject));
  ErasureScan scan(args.subject,
                   record.completion ? std::optional(record.completion->seq) : std::nullopt);
  PH_TRY(walk_log(*log.reader, 0, head.size,
                  [&](const schema::Entry& entry) { return scan.take(entry); }));
  PH_ASSIGN(const auto key_files, find_subject_key(home, args.subject));
  PH_ASSIGN(const auto under_way, unfinished_erasures(home));
  const bool marker = std::any_of(under_way.begin(), under_way.end(), [&](const Erasure& each) {
    return each.subject == args.subject;
  });
  const Proof proof = judge(record, key_files, marker);
  if (args.json) {
    print_json(environment.out(), args, head, record, scan.found(), proof, key_files.size());
  } else {
    print_text(environment.out(), args, head, record, scan.found(), proof);
  }
  record_about_log(
      environment, log,
      audit_read(environment.context(),
                 {"privacy prove-erased", 0, head.size == 0 ? 0 : head.size - 1, head.size}));
  if (proof.verdict == "contradicted") return kExitFailed;
  return proof.verdict == "erased" ? kExitOk : kExitIndeterminate;
}

}  // namespace

Command privacy_prove_erased_command() {
  const auto args = std::make_shared<ProveArgs>();
  Command command;
  command.words = {"privacy", "prove-erased"};
  command.summary = "show what is known about an erasure, and what cannot be known";
  command.description =
      "Prints both events of the erasure, the commitment to the key, whether a file under keys/ of "
      "this home still holds it, how many sealed fields are unreadable for good, and everything on "
      "record that left or showed the log before. Exit code 0: erased; 3: no completed erasure; "
      "1: the record or this home contradicts it. Nothing is verified here: phantom audit verify "
      "does that, and phantom audit prove turns each event into a proof of its own.";
  command.positionals = {
      {"SUBJECT", "opaque id, as phantom privacy list prints it", &args->subject}};
  command.options = {{"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return prove(environment, *args); };
  return command;
}

}  // namespace phantom
