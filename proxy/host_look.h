#pragma once
// What a host name looks like to a person's eye, and whose it seems to be. Pure; resolves nothing.
//
// The letters that look alike are a small table of ours, after the idea of Unicode TR 39
// ("skeleton"): enough for the names of services, which are Latin.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// The characters of a label "xn--..." (RFC 3492); none when it is not well-formed. Other labels
// are their own characters.
std::optional<std::u32string> decode_host_label(std::string_view label);

// The host with its "xn--" labels decoded, in UTF-8. For showing beside the host, never for use.
std::string decoded_host(std::string_view host);

// One form for all names that look the same: "api.0penai.com", "api.openai.com" with a Cyrillic o.
std::string host_skeleton(std::string_view host);

// The two last labels: who holds the name, as far as that can be told without a list.
std::string_view host_site(std::string_view host);

enum class Likeness {
  kNone,
  kEmbeds,       // api.openai.com.evil.example, api-openai.com
  kLooksLike,    // opena1.com
  kNear,         // openia.com
  kOtherEnding,  // openai.net
};

// How much `host` passes for `known` while belonging to somebody else. kNone for the same site.
Likeness likeness(std::string_view host, std::string_view known);

// True for a label that mixes Latin letters with Cyrillic or Greek ones, or that is not
// well-formed.
bool mixes_scripts(std::string_view host);

}  // namespace phantom
