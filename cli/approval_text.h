#pragma once
// An approval as a person reads it before saying yes. What an agent wrote is hostile: nothing in it
// may move the cursor, hide, turn the direction of text or look like something else. Pure.

#include "cli/asker.h"
#include "vault/approval.h"

#include <string>
#include <string_view>

namespace phantom {

// Printable ASCII stays; every other character is \u{NNNN}, a broken byte \xNN, a backslash \\.
// Letters of other scripts too: a name that looks like another one must not.
std::string visible_text(std::string_view text);

enum class Length { kCut, kFull };

// Canonical arguments, one member a line, indented by four. A long value is cut, with its length.
std::string arguments_lines(std::string_view canonical, Length length);

struct ShownApproval {
  const Approval* approval = nullptr;
  std::string arguments;  // canonical, as it was sealed
  const Asker* asker = nullptr;
  std::int64_t now_ns = 0;
};
// All of it, as lines.
std::string approval_page(const ShownApproval& shown, Length length);

// "4 min 10 s", "2 h 5 min", "3 d 4 h"; "0 s" for what is over.
std::string length_words(std::int64_t ns);

// "30m", "2h", "7d" in ns. kInvalid for anything else.
Result<std::int64_t> parse_length(std::string_view text);

}  // namespace phantom
