#include "cli/exposure.h"

#include "cli/check_run.h"
#include "events/sha256.h"
#include "vault/ascii.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <array>

namespace phantom {

bool is_watched_name(std::string_view base_name) {
  return is_dotenv_file(base_name) &&
         all_are(base_name, [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

std::string environment_of_dotenv(std::string_view base_name) {
  constexpr std::string_view kStart = ".env.";
  constexpr std::string_view kLocal = ".local";
  std::string name(kDefaultEnvironment);
  if (!base_name.starts_with(kStart)) return name;
  std::string_view rest = base_name.substr(kStart.size());
  if (rest.ends_with(kLocal)) rest.remove_suffix(kLocal.size());
  if (rest == "local" || rest == "development") return name;
  if (rest == "production") return "prod";
  return is_valid_environment(rest) ? std::string(rest) : name;
}

ExposureMemory::ExposureMemory(Random& random) {
  std::array<std::uint8_t, 32> key{};
  random.fill(key);
  key_.assign(key.begin(), key.end());
}

std::vector<std::string> ExposureMemory::take_new(const std::string& file,
                                                  const std::vector<PlannedSecret>& secrets) {
  std::map<std::string, Digest> now;
  std::vector<std::string> fresh;
  const std::map<std::string, Digest> before = told_[file];
  for (const PlannedSecret& secret : secrets) {
    const Digest digest = sha256(
        {as_bytes(key_), as_bytes(secret.name), as_bytes("\n"), as_bytes(secret.value.text())});
    const auto told = before.find(secret.name);
    if (told == before.end() || told->second != digest) fresh.push_back(secret.name);
    now[secret.name] = digest;
  }
  told_[file] = std::move(now);
  std::sort(fresh.begin(), fresh.end());
  return fresh;
}

void ExposureMemory::keep_only(const std::vector<std::string>& files) {
  std::erase_if(told_, [&](const auto& each) {
    return std::find(files.begin(), files.end(), each.first) == files.end();
  });
}

}  // namespace phantom
