#pragma once
// The members of an entry's JSON object, for the files of this folder that put them into one.

#include "events/payload.h"
#include "events/render.h"

namespace phantom {

// "seq" to "leaf_hash", comma between them, without the braces.
void append_entry_members(std::string& out, const schema::Entry& entry, const Payload& payload,
                          const Digest& leaf, const Unsealer& unseal);

// `key` with its quotes and colon, and the text after it; null for none.
void append_text_member(std::string& out, std::string_view key, const flatbuffers::String* text);

}  // namespace phantom
