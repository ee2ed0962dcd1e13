#include "cli/privacy_events.h"

#include "events/producers.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {

Draft erase_requested(const Context& context, const EraseRequest& request) {
  Draft draft = make_draft<schema::PrivacyEraseRequested>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const std::vector<std::uint8_t> commitment(request.commitment.begin(),
                                                   request.commitment.end());
        return schema::CreatePrivacyEraseRequestedDirect(builder, request.subject.c_str(),
                                                         &commitment, request.basis.c_str(),
                                                         request.ticket.c_str());
      });
  draft.tags.push_back(subject_tag(request.subject));
  return draft;
}

Draft erase_completed(const Context& context, const Erasure& erasure) {
  Draft draft = make_draft<schema::PrivacyEraseCompleted>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const std::vector<std::uint8_t> commitment(erasure.commitment.begin(),
                                                   erasure.commitment.end());
        return schema::CreatePrivacyEraseCompletedDirect(builder, erasure.subject.c_str(),
                                                         &commitment);
      });
  draft.id = erasure.completed_id;
  draft.cause_seq = erasure.requested_seq;
  draft.tags.push_back(subject_tag(erasure.subject));
  return draft;
}

bool is_short_code(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace phantom
