#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/log_walk.h"
#include "cli/subject_record.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "ledger/subject.h"

#include <algorithm>
#include <map>
#include <set>

namespace phantom {
namespace {

constexpr std::size_t kSubjectsMax = 65'536;

struct ListArgs {
  std::optional<std::string> ledger;
  bool json = false;
};

struct Row {
  std::uint64_t events = 0;
  std::uint64_t fields = 0;
  Seq first_seq = 0;
  Seq last_seq = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
};

class SubjectCount {
 public:
  Status take(const schema::Entry& entry) {
    if (entry.sealed() == nullptr) return {};
    std::set<std::string_view> seen;
    for (const schema::SealedField* field : *entry.sealed()) {
      const std::string_view subject = field->subject()->string_view();
      auto at = rows_.find(subject);
      if (at == rows_.end()) {
        cut_ = cut_ || rows_.size() >= kSubjectsMax;
        if (cut_) continue;
        at = rows_.emplace(subject, Row{0, 0, entry.seq(), 0, entry.time_ns(), 0}).first;
      }
      at->second.events += seen.insert(subject).second ? 1U : 0U;
      ++at->second.fields;
      at->second.last_seq = entry.seq();
      at->second.last_ns = entry.time_ns();
    }
    return {};
  }

  std::map<std::string, Row, std::less<>>& rows() { return rows_; }
  bool cut() const { return cut_; }

 private:
  std::map<std::string, Row, std::less<>> rows_;
  bool cut_ = false;
};

// "current" and "former" are here. "erased, key here" needs a person: a copy came back.
std::string key_state(const SubjectRecord& record, const std::vector<std::string>& here,
                      const std::string& id) {
  const auto at = std::find(here.begin(), here.end(), id);
  if (record.erased()) return at == here.end() ? "erased" : "erased-but-key-is-here";
  if (at != here.end()) return record.unfinished() ? "erase-unfinished" : "here";
  return record.unfinished() ? "erase-unfinished" : "missing";
}

void print_row(Output& out, const std::string& id, const std::string& state, bool current,
               const Row& row) {
  std::string line = escape_terminal(id) + "  " + state;
  if (current) line += " (current)";
  line += "  " + std::to_string(row.events) + " events";
  if (row.events > 0) {
    line += "  " + format_time(row.first_ns).substr(0, 19) + "Z (" + std::to_string(row.first_seq) +
            ") to " + format_time(row.last_ns).substr(0, 19) + "Z (" +
            std::to_string(row.last_seq) + ")";
  }
  out.line(line);
}

void add_row(Json& json, const std::string& id, const std::string& state, bool current,
             const SubjectRecord& record, const Row& row) {
  json.begin().field("subject", escape_terminal(id)).field("key", state);
  json.key("current").truth(current);
  json.field_number("events", row.events).field_number("fields", row.fields);
  const auto end_of = [&](const char* seq_key, const char* time_key, Seq seq, std::int64_t time) {
    json.key(seq_key);
    row.events == 0 ? json.null() : json.number(seq);
    json.key(time_key);
    row.events == 0 ? json.null() : json.text(format_time(time));
  };
  end_of("first_seq", "first_time", row.first_seq, row.first_ns);
  end_of("last_seq", "last_time", row.last_seq, row.last_ns);
  json.key("erased_at_seq");
  record.completion ? json.number(record.completion->seq) : json.null();
  json.end();
}

Result<int> list(Environment& environment, const ListArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  PH_ASSIGN(const std::vector<std::string> here, subjects_here(home));
  const Result<Subject> current = environment.subject();
  const std::uint64_t size = log.reader->head().checkpoint.size;
  note_removed(environment, *log.reader, 0);
  SubjectCount count;
  PH_TRY(walk_log(*log.reader, 0, size,
                  [&](const schema::Entry& entry) { return count.take(entry); }));
  for (const std::string& id : here) count.rows().try_emplace(id);

  Output& out = environment.out();
  Json json;
  json.begin().field_number("v", 1).field_number("size", size);
  json.field_number("first_kept", log.reader->first_kept()).key("subjects").begin_list();
  for (const auto& [id, row] : count.rows()) {
    PH_ASSIGN(const SubjectRecord record, read_subject_record(*log.reader, id));
    const std::string state = key_state(record, here, id);
    const bool in_force = current.ok() && current->id == id;
    if (args.json) {
      add_row(json, id, state, in_force, record, row);
    } else {
      print_row(out, id, state, in_force, row);
    }
  }
  json.end_list().key("cut").truth(count.cut()).end();
  if (args.json) out.line(json.str());
  if (count.cut()) {
    out.note("more than " + std::to_string(kSubjectsMax) + " subjects: the rest is left out");
  }
  record_about_log(
      environment, log,
      audit_read(environment.context(), {"privacy list", 0, size == 0 ? 0 : size - 1, size}));
  return kExitOk;
}

}  // namespace

Command privacy_list_command() {
  const auto args = std::make_shared<ListArgs>();
  Command command;
  command.words = {"privacy", "list"};
  command.summary = "list the people the record has sealed fields of";
  command.description =
      "Prints every subject: its opaque id, how it stands with its key, and the events with fields "
      "sealed under it. here: the key is in this home. erased: its destruction is on record. "
      "missing: the key is not in this home, and nothing says it was destroyed. erase-unfinished: "
      "an erasure was asked for and not completed. erased-but-key-is-here: a copy came back; erase "
      "again. Reads the whole log, and is recorded.";
  command.options = {{"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return list(environment, *args); };
  return command;
}

}  // namespace phantom
