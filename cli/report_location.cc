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

std::string relative_uri(std::string_view path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  while (path.starts_with("./")) path.remove_prefix(2);
  while (path.starts_with('/')) path.remove_prefix(1);
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      uri += c;
    } else {
      uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return uri.empty() ? "." : uri;
}

}  // namespace phantom
