#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/expiry_text.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/secret_environment.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/tags.h"
#include "vault/secret_history.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <limits>

namespace phantom {
namespace {

struct HistoryArgs {
  std::string name;
  std::optional<std::string> environment;
  bool json = false;
};

struct Walked {
  SecretHistory history;
  AuditRange range;
  bool cut = false;  // older events were removed
};

// Walks the tag of the secret, and of the names it had before, from the newest event back.
Result<Walked> walk(const LedgerReader& reader, const std::string& project,
                    const std::string& full) {
  Walked out;
  SecretHistoryFold fold(full);
  Status problem;
  Seq before = std::numeric_limits<Seq>::max();
  for (bool renamed = true; renamed;) {
    renamed = false;
    const auto visit = [&](Seq seq, const Bytes& bytes) {
      // Under the former name everything from the rename on belongs to somebody else.
      if (seq >= before) return true;
      Result<const schema::Entry*> entry = parse_entry(bytes);
      if (!entry.ok()) {
        problem = std::move(entry.error());
        return false;
      }
      if (out.range.matched++ == 0) out.range.last_seq = seq;
      out.range.first_seq = seq;
      const auto next = fold.add(**entry);
      if (!next.ok()) {
        problem = next.error();
        return false;
      }
      renamed = *next == SecretHistoryFold::Next::kNameChanged;
      before = seq;
      return !renamed;
    };
    const Status walked = reader.history(secret_tag(project, fold.name()), visit);
    PH_TRY(std::move(problem));
    if (!walked.ok() && walked.error().code != Code::kNotFound) return walked.error();
    out.cut = out.cut || !walked.ok();
  }
  out.history = fold.take();
  return out;
}

std::string counted(const UseCount& use, const char* word) {
  return std::to_string(use.count) + " " + word +
         (use.last_ns ? ", last " + format_time(*use.last_ns) : "");
}

const char* action_word(const std::string& action) {
  if (action == "updated") return "new value";
  if (action == "placeholder-renewed") return "new placeholder";
  if (action == "expiry-set") return "end of time";
  return nullptr;
}

void print_text(Output& out, const Walked& walked, const std::optional<SecretInfo>& now) {
  for (auto row = walked.history.changes.rbegin(); row != walked.history.changes.rend(); ++row) {
    const char* word = action_word(row->action);
    std::string line = format_time(row->time_ns) + "  " +
                       (word != nullptr ? word : one_line(escape_terminal(row->action)));
    if (row->action == "expiry-set") {
      line += " " + expiry_text(row->expires_ns);
    } else if (row->action == "renamed") {
      line += " from " + one_line(escape_terminal(row->former_name)) + " to " +
              one_line(escape_terminal(row->name));
    } else {
      line += ", version " + std::to_string(row->version);
    }
    out.line(line + " (" + one_line(escape_terminal(row->source)) + ", event " +
             std::to_string(row->seq) + ")");
  }
  const SecretHistory& history = walked.history;
  if (history.changes_count > history.changes.size()) {
    out.line("and " + std::to_string(history.changes_count - history.changes.size()) +
             " changes before these");
  }
  for (const auto& [purpose, use] : history.opened) {
    out.line("opened for " + one_line(escape_terminal(purpose)) + ": " + counted(use, "times"));
  }
  out.line("requests with it: " + counted(history.requests, "sent") + ", " +
           counted(history.denied, "refused"));
  out.line("sessions: " + counted(history.sessions, "started"));
  out.line("revealed: " + counted(history.revealed, "times"));
  if (history.exported.count != 0) out.line("exported: " + counted(history.exported, "times"));
  if (history.synced.count != 0) out.line("synced: " + counted(history.synced, "times"));
  if (history.expired.count != 0) {
    out.line("wanted after its time: " + counted(history.expired, "times"));
  }
  if (!now) {
    out.line("the vault no longer has it under this name");
    return;
  }
  std::string kept = "kept: version " + std::to_string(now->version);
  for (const OlderSecret& older : now->older) kept += ", " + std::to_string(older.version);
  out.line(kept + "; ends: " + expiry_text(now->expires_ns));
}

void put_use(Json& json, const char* name, const UseCount& use) {
  json.key(name).begin().field_number("count", use.count).key("last");
  use.last_ns ? json.text(format_time(*use.last_ns)) : json.null();
  json.end();
}

void print_json(Output& out, const Walked& walked, const std::optional<SecretInfo>& now,
                const std::string& full, const std::string& project) {
  const SecretNameParts parts = split_secret_name(full);
  const SecretHistory& history = walked.history;
  Json json;
  json.begin().field_number("v", 1).field("project", project).field("name", parts.name);
  json.field("environment", parts.environment).key("in_vault").truth(now.has_value());
  json.field_number("version", now ? now->version : 0).key("older").begin_list();
  if (now) {
    for (const OlderSecret& older : now->older) json.number(older.version);
  }
  json.end_list().key("expires");
  now && now->expires_ns != 0 ? json.text(format_time(now->expires_ns)) : json.null();
  json.key("former_names").begin_list();
  for (const std::string& name : history.former_names) json.text(name);
  json.end_list().field_number("changes_count", history.changes_count);
  json.key("changes").begin_list();
  for (const SecretChangeRow& row : history.changes) {
    json.begin().field_number("seq", row.seq).field("time", format_time(row.time_ns));
    json.field("action", row.action).field("source", row.source);
    json.field_number("version", row.version).field("name", row.name);
    json.key("former_name");
    row.former_name.empty() ? json.null() : json.text(row.former_name);
    json.key("expires");
    row.expires_ns == 0 ? json.null() : json.text(format_time(row.expires_ns));
    json.end();
  }
  json.end_list().key("opened").begin_list();
  for (const auto& [purpose, use] : history.opened) {
    json.begin().field("purpose", purpose).field_number("count", use.count);
    json.field("last", format_time(use.last_ns.value_or(0))).end();
  }
  json.end_list();
  put_use(json, "requests", history.requests);
  put_use(json, "denied", history.denied);
  put_use(json, "sessions", history.sessions);
  put_use(json, "revealed", history.revealed);
  put_use(json, "exported", history.exported);
  put_use(json, "synced", history.synced);
  put_use(json, "expired", history.expired);
  json.key("cut").truth(walked.cut);
  out.line(json.end().str());
}

Result<int> history(Environment& environment, const HistoryArgs& args) {
  PH_ASSIGN(const std::string chosen,
            secret_environment(args.environment, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  const std::string full = full_secret_name(chosen, args.name);
  if (!is_valid_secret_name(full)) {
    return Error{Code::kInvalid, "\"" + escape_terminal(full) + "\" is no name of a secret"};
  }
  VaultAccess access(environment, project, home);
  PH_ASSIGN(const std::vector<SecretInfo> secrets, access.list_locked());
  std::optional<SecretInfo> now;
  for (const SecretInfo& info : secrets) {
    if (info.name == full) now = info;
  }
  PH_ASSIGN(const OpenLog log, open_log(environment, std::nullopt));
  PH_ASSIGN(Walked walked, walk(*log.reader, project.config.project_id, full));
  if (walked.range.matched == 0 && !now) {
    return Error{Code::kNotFound,
                 "neither the vault nor the record knows " + spoken_secret_name(full),
                 "'phantom list' prints the names"};
  }
  Output& out = environment.out();
  args.json ? print_json(out, walked, now, full, project.config.project_id)
            : print_text(out, walked, now);
  if (walked.cut) out.note("older events were removed under a retention policy");
  walked.range.command = "history";
  record_about_log(environment, log, audit_read(environment.context(), walked.range));
  return kExitOk;
}

}  // namespace

Command history_command() {
  const auto args = std::make_shared<HistoryArgs>();
  Command command;
  command.words = {"history"};
  command.summary = "tell what happened to a secret, and what it was used for";
  command.description =
      "From the record: every version, new placeholder, rename and end of time, and how often it "
      "was "
      "opened, sent, revealed, exported and synced. Follows renames back. The values of the older "
      "versions that are kept can be seen with phantom reveal and come back with phantom rotate "
      "--undo. "
      "Needs no passphrase.";
  command.positionals = {{"NAME", "name of the secret", &args->name}};
  command.options = {environment_option(&args->environment),
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return history(environment, *args); };
  return command;
}

}  // namespace phantom
