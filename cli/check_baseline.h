#pragma once
// The findings that a team has looked at and keeps: `.phantom/check-baseline.json`, committed with
// the code, so written for people to review and safe to publish.
//
// A finding is named by its rule, its file, the name it is assigned to and its number among such. A
// value that nobody can guess (96 bits and more by its own entropy, made by a machine) is named by
// a salted SHA-256 as well, cut to 128 bits: then the value may move and is still known, and
// another value in its place is not. Of a password there is no digest of any kind: it could be
// guessed.

#include "cli/check_item.h"

#include <string_view>

namespace phantom {

struct BaselineEntry {
  std::string rule;
  std::string path;
  std::string name;
  std::uint64_t nth = 0;
  std::string value_tag;
};

struct Baseline {
  std::string salt;  // 32 hex digits
  std::vector<BaselineEntry> entries;
};

// kInvalid when the text is none of this program's.
Result<Baseline> parse_baseline(std::string_view text);
std::string baseline_to_json(const Baseline& baseline);

bool is_known(const Baseline& baseline, const CheckFinding& finding);
// Adds those that are not known yet.
void add_to_baseline(Baseline& baseline, const std::vector<CheckFinding>& findings);

}  // namespace phantom
