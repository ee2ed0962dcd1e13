#pragma once
// Sealed fields: XChaCha20-Poly1305 under a key per subject. docs/FORMAT.md section 2.3.

#include "events/draft.h"
#include "events/random.h"
#include "events/result.h"

namespace phantom {

using SubjectKey = std::array<std::uint8_t, 32>;

// The additional data binds the field to its event: event id, a zero byte, the field's name.
SealedField seal_field(const SubjectKey& key, const std::string& subject, const EventId& event,
                       const SealRequest& request, Random& random);

// kCorrupt when the ciphertext does not belong to this key, event and field.
Result<std::string> open_field(const SubjectKey& key, const EventId& event,
                               const SealedField& field);

}  // namespace phantom
