#include "cli/dotenv_names.h"

#include "vault/secret_name.h"

namespace phantom {

std::vector<std::string> dotenv_names(std::string_view environment) {
  if (environment == kDefaultEnvironment) {
    return {".env", ".env.local", ".env.development", ".env.development.local"};
  }
  const std::string name = ".env." + std::string(environment);
  std::vector<std::string> names = {name, name + ".local"};
  if (environment == "prod") {
    names.emplace_back(".env.production");
    names.emplace_back(".env.production.local");
  }
  return names;
}

Result<std::vector<DotenvOnDisk>> read_dotenv_files(const std::filesystem::path& directory,
                                                    std::string_view environment) {
  std::vector<DotenvOnDisk> files;
  for (const std::string& name : dotenv_names(environment)) {
    auto file = read_dotenv(directory / name);
    if (!file.ok() && file.error().code == Code::kNotFound) continue;
    if (!file.ok()) return std::move(file.error());
    files.push_back(std::move(*file));
  }
  return files;
}

Result<std::string> with_placeholder(const DotenvOnDisk& file, const std::string& name,
                                     const std::string& placeholder, Missing missing) {
  std::vector<DotenvReplacement> replacements;
  bool there = false;
  for (std::size_t i = 0; i < file.parsed.entries.size(); ++i) {
    const DotenvEntry& entry = file.parsed.entries[i];
    if (entry.key != name) continue;
    there = true;
    if (dotenv_value(file.text, entry).text() != placeholder)
      replacements.push_back({i, placeholder});
  }
  if (there) return rewrite_dotenv(file.text, file.parsed, replacements);
  if (missing == Missing::kLeave) return file.text;
  const bool crlf = file.text.find("\r\n") != std::string::npos;
  const std::string line_end = crlf ? "\r\n" : "\n";
  std::string text = file.text;
  if (!text.empty() && text.back() != '\n' && text.back() != '\r') text += line_end;
  return text + name + "=" + placeholder + line_end;
}

}  // namespace phantom
