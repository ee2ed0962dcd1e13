#pragma once
// Drafts for tests that need events and do not care which.

#include "events/draft.h"

#include <string>
#include <string_view>

namespace phantom {

// A person's command line in session "0123456789abcdef" of project "fedcba9876543210".
Context sample_context();

// session.started with a fixed id made of `number`, filed under actor, project and session.
Draft sample_session_started(std::uint64_t number);

// A draft of any type of the catalogue, every field filled with a value made of `number`; text
// fields hold `text`. What the fields say is nonsense; that they are all there is the point.
Draft sample_draft(EventNo type, std::uint64_t number, std::string_view text);

}  // namespace phantom
