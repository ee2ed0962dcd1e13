#pragma once
// A text file of the project that is read, changed as a whole and put back in one step.

#include "events/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace phantom {

struct TextOnDisk {
  std::string text;
  unsigned mode = 0600;
};

// kNotFound, kDenied (a link or no ordinary file), kLimit past `bytes_max`.
Result<TextOnDisk> read_ordinary_file(const std::filesystem::path& path, std::size_t bytes_max);

// True when the directory takes a new file, which replacing this one needs.
Status check_can_replace(const std::filesystem::path& path);

// Puts `text` in place of the file, durably and in one step, with its mode. kConflict, and nothing
// changes, when it no longer holds `before`; a file that is not there holds nothing.
Status replace_unchanged(const std::filesystem::path& path, std::string_view before,
                         std::string_view text, unsigned mode);

}  // namespace phantom
