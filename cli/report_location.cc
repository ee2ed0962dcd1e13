#include "cli/report_location.h"

#include <filesystem>

namespace phantom {

namespace fs = std::filesystem;

std::string report_location(const std::vector<std::string>& files) {
  std::error_code code;
  const fs::path here = fs::current_path(code);
  for (const std::string& file : files) {
    const fs::path path = fs::path(file).lexically_normal();
    const fs::path relative = path.is_absolute() ? path.lexically_relative(here) : path;
    if (relative.empty() || relative == "." || *relative.begin() == "..") continue;
    return relative.generic_string();
  }
  return ".phantom.toml";
}

}  // namespace phantom
