#pragma once
// The options that narrow down events, the same for every command that has them.

#include "cli/command.h"
#include "events/entry_filter.h"

namespace phantom {

struct FilterArgs {
  std::optional<std::string> from;
  std::optional<std::string> to;
  EntryFilter filter;  // without from and to until read_filter
};

// Targets point into `args`.
std::vector<Option> filter_options(FilterArgs& args);

// Puts from and to into the filter and checks it. kInvalid when a word means nothing.
Status read_filter(FilterArgs& args);

}  // namespace phantom
