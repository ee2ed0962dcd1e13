#include "cli/subject_record.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/payload.h"
#include "events/tags.h"
#include "schema/events_generated.h"

namespace phantom {

Result<SubjectRecord> read_subject_record(const LedgerReader& reader, const std::string& subject) {
  SubjectRecord record;
  if (!is_valid_tag(subject_tag(subject))) return record;
  Status bad;
  Payload payload;
  // Newest first: an older completion takes the place of a newer one, and so does the request that
  // a completion names.
  const Status walked = reader.history(subject_tag(subject), [&](Seq seq, const Bytes& bytes) {
    const auto entry = parse_entry(bytes);
    if (!entry.ok()) {
      bad = entry.error();
      return false;
    }
    payload.read(**entry);
    if (payload.find("subject") != subject) return true;
    const std::string commitment = payload.find("key_commitment").value_or("");
    if ((*entry)->type() == event_no<schema::PrivacyEraseCompleted>() &&
        (*entry)->outcome() == Outcome::Ok) {
      record.completion = {seq, (*entry)->time_ns(), commitment, std::nullopt};
      if (const auto cause = (*entry)->cause_seq()) record.completion->request_seq = *cause;
    } else if ((*entry)->type() == event_no<schema::PrivacyEraseRequested>()) {
      const bool named = record.completion && record.completion->request_seq == seq;
      if (!record.request || named) {
        record.request = {seq, (*entry)->time_ns(), commitment, payload.find("basis").value_or(""),
                          payload.find("ticket").value_or("")};
      }
    }
    return true;
  });
  PH_TRY(std::move(bad));
  // What retention removed is not there to be told; what is left stands.
  if (!walked.ok() && walked.error().code != Code::kNotFound) return walked.error();
  return record;
}

}  // namespace phantom
