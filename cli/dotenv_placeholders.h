#pragma once
// Placeholders in the dotenv files of a project: found by what they are, whatever the key is, and
// swapped for new ones.

#include "cli/dotenv_edit.h"

#include <filesystem>
#include <string>
#include <vector>

namespace phantom {

// Files named .env, .env.* or *.env in the project and below it, sorted. Left out: directories that
// begin with a dot, those of installed packages and of builds, what lies deeper than six
// levels, and links.
std::vector<std::filesystem::path> find_dotenv_files(const std::filesystem::path& root);

struct PlaceholderSwap {
  std::string from;
  std::string to;
  std::string name;  // full name of the secret
};

// A file with placeholders that are to be swapped.
struct SwapPlan {
  DotenvOnDisk file;
  std::string text;                // as it will be
  std::vector<std::string> names;  // of the secrets, each once
};

// Which files have to change. kInvalid, kDenied: a file that has one of the placeholders cannot be
// read as a dotenv file or cannot be replaced; nothing has been changed. Files with none of them
// are nobody's business.
Result<std::vector<SwapPlan>> plan_swaps(const std::vector<std::filesystem::path>& files,
                                         const std::vector<PlaceholderSwap>& swaps);

// Those of `text` that stand as whole values. Pure; see rewrite_dotenv.
Result<std::string> swap_placeholders(std::string_view text, const DotenvFile& parsed,
                                      const std::vector<PlaceholderSwap>& swaps,
                                      std::vector<std::string>& names);

}  // namespace phantom
