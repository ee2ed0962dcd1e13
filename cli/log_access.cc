#include "cli/log_access.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/seal.h"
#include "ledger/prune.h"
#include "schema/events_generated.h"

namespace phantom {

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

Unsealer own_unsealer(Environment& environment) {
  const Result<Subject> subject = environment.subject();
  if (!subject.ok()) {
    return [](const EventId&, const SealedField&) -> Result<std::string> {
      return Error{Code::kNotFound, "the key is not here"};
    };
  }
  return [own = *subject](const EventId& event, const SealedField& field) -> Result<std::string> {
    if (field.subject != own.id) return Error{Code::kNotFound, "the key is not here"};
    return open_field(own.key, event, field);
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
