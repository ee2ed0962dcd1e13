#include "cli/log_access.h"

#include "cli/subject_record.h"
#include "events/catalog.h"
#include "events/envelope.h"
#include "events/seal.h"
#include "ledger/prune.h"
#include "ledger/subject.h"
#include "schema/events_generated.h"

#include <chrono>
#include <map>

namespace phantom {
namespace {

constexpr std::size_t kSubjectsKnownMax = 4'096;

}  // namespace

Result<OpenLog> open_log(Environment& environment, const std::optional<std::string>& ledger) {
  OpenLog log;
  if (!ledger) {
    PH_ASSIGN(const Home home, environment.home());
    PH_ASSIGN(log.reader, environment.reader());
    log.directory = home.ledger();
    log.own = true;
    return log;
  }
  log.directory = *ledger;
  PH_ASSIGN(log.holder, open_reader(log.directory));
  log.reader = log.holder.get();
  return log;
}

void note_removed(Environment& environment, const LedgerReader& reader, Seq from) {
  if (from >= reader.first_kept()) return;
  std::string text = "events before event " + std::to_string(reader.first_kept()) + " were removed";
  if (const auto prune = newest_prune(reader); prune.ok() && *prune) {
    text += ", as event " + std::to_string((*prune)->request.seq) + " says";
  }
  environment.out().note(text);
}

namespace {

// One subject as far as opening its fields goes. Looked up again after a while: what follows the
// log must not go on opening fields of a person who was erased meanwhile.
constexpr std::chrono::seconds kKnownFor{1};
struct KnownKey {
  std::optional<SubjectKey> key;
  Error closed = {};  // without a key
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
};

KnownKey look_up(const std::optional<Home>& home, const LedgerReader& reader,
                 const std::string& subject) {
  // An erased person stays erased here even if a copy of the key came back from somewhere.
  const auto record = read_subject_record(reader, subject);
  if (record.ok() && record->erased()) return {{}, {Code::kClosed, "the subject was erased"}};
  if (home) {
    if (const auto found = load_subject(*home, subject); found.ok()) return {found->key};
  }
  return {{}, {Code::kNotFound, "the key is not here"}};
}

}  // namespace

Unsealer own_unsealer(Environment& environment, const OpenLog& log) {
  const Result<Home> home = environment.home();
  return [home = home.ok() ? std::optional<Home>(*home) : std::nullopt, reader = log.reader,
          known = std::make_shared<std::map<std::string, KnownKey>>()](
             const EventId& event, const SealedField& field) -> Result<std::string> {
    if (known->size() >= kSubjectsKnownMax) known->clear();
    auto at = known->find(field.subject);
    if (at != known->end() && std::chrono::steady_clock::now() - at->second.since > kKnownFor) {
      known->erase(at);
      at = known->end();
    }
    if (at == known->end()) {
      at = known->emplace(field.subject, look_up(home, *reader, field.subject)).first;
    }
    if (!at->second.key) return at->second.closed;
    return open_field(*at->second.key, event, field);
  };
}

void record_about_log(Environment& environment, const OpenLog& log, Draft draft) {
  if (!log.own) return;
  const Result<Appender*> appender = environment.appender();
  Error why;
  if (!appender.ok()) {
    why = appender.error();
  } else if (const Result<Receipt> receipt = (*appender)->append(std::move(draft)); !receipt.ok()) {
    why = receipt.error();
  } else {
    return;
  }
  environment.out().note("this look at the log was not recorded: " + why.message);
}

Result<LedgerIdentity> read_identity(const LedgerReader& reader) {
  PH_ASSIGN(const Bytes bytes, reader.entry(0));
  PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
  if (entry->type() != event_no<schema::LedgerCreated>()) {
    return Error{Code::kCorrupt, "the first event is not ledger.created"};
  }
  const ByteView payload(entry->payload()->data(), entry->payload()->size());
  PH_TRY(check_payload(entry->type(), payload));
  const auto* created = flatbuffers::GetRoot<schema::LedgerCreated>(payload.data());
  const auto text = [](const flatbuffers::String* value) {
    return value == nullptr ? std::string() : value->str();
  };
  return LedgerIdentity{text(created->origin()), text(created->ledger_id()),
                        text(created->log_vkey())};
}

}  // namespace phantom
