#pragma once
// Looks through texts for secrets, on all cores, each text in constant memory.

#include "cli/check_item.h"

#include <filesystem>

namespace phantom {

inline constexpr std::uint64_t kTextBytesMax = std::uint64_t{1} << 30;
inline constexpr std::size_t kFindingsMax = 10'000;

struct CheckRun {
  NextItems next;
  // Where objects are read from; unused when there are none.
  std::filesystem::path repository;
  // Of the baseline: what value tags are made with.
  std::string salt;
  // Reports how many texts were looked at so far.
  std::function<void(std::uint64_t)> progress = {};
};

// A git that fails is an error; a file that cannot be read is among what was skipped.
Result<CheckResult> run_check(const CheckRun& run);

// The rule of a dotenv file with a real value in it, whatever the value looks like.
const SecretRule& dotenv_rule();

// What of a value may be shown: the first characters that every value of its shape has, and its
// length. Pure.
std::string masked_value(const SecretRule& rule, std::string_view value);

// Empty for a value somebody could guess: then the tag would tell it. Pure.
std::string value_tag(const SecretRule& rule, std::string_view value, std::string_view random,
                      std::string_view salt);

// .env, .env.local and the like, but not the examples among them. Pure.
bool is_dotenv_file(std::string_view path);

}  // namespace phantom
