#pragma once
// Questions to the person at the terminal, past whatever standard input is.

#include "events/result.h"

#include <string>

namespace phantom {

enum class Answer { kYes, kNo };

// Shows `text` and the question on /dev/tty; kYes only for exactly `word`. kDenied: no terminal.
Result<Answer> confirm_on_terminal(const std::string& text, const std::string& word);

}  // namespace phantom
