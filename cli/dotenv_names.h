#pragma once
// Which dotenv files belong to which environment, and how a name gets its placeholder there.

#include "cli/dotenv_edit.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Base names, the most general first: for dev .env, .env.local, .env.development,
// .env.development.local; for another one .env.NAME and .env.NAME.local, prod also being
// production.
std::vector<std::string> dotenv_names(std::string_view environment);

// Those of them that are there.
Result<std::vector<DotenvOnDisk>> read_dotenv_files(const std::filesystem::path& directory,
                                                    std::string_view environment);

enum class Missing { kLeave, kAdd };

// The text with the placeholder as value of every entry called `name`; with kAdd also where there
// is none, as a line at the end. The text itself when nothing changes. Pure.
Result<std::string> with_placeholder(const DotenvOnDisk& file, const std::string& name,
                                     const std::string& placeholder, Missing missing);

}  // namespace phantom
