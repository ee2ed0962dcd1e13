#pragma once
// Text for an HTML page. Pure.

#include <string>
#include <string_view>

namespace phantom {

// Any bytes as the text of an element or of a quoted attribute: markup, control characters,
// bidirectional controls and broken UTF-8 show as what they are and do nothing.
std::string html_text(std::string_view text);

}  // namespace phantom
