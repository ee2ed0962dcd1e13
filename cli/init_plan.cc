#include "cli/init_plan.h"

#include "vault/detect.h"
#include "vault/placeholder.h"
#include "vault/vault_file.h"

#include <algorithm>
#include <map>
#include <set>

namespace phantom {
namespace {

std::string place(const DotenvOnDisk& file, const DotenvEntry& entry) {
  return file.path.filename().string() + " line " + std::to_string(entry.line);
}

// What one file says, by name; within a file the last value counts.
struct FileFindings {
  std::map<std::string, PlannedSecret> secrets;
  PlannedEdit edit;
};

Result<FileFindings> look_through(const DotenvOnDisk& file, std::size_t index, InitPlan& plan,
                                  std::set<std::string>& placeholders,
                                  std::set<std::string>& left) {
  FileFindings found;
  found.edit.file = index;
  for (std::size_t i = 0; i < file.parsed.entries.size(); ++i) {
    const DotenvEntry& entry = file.parsed.entries[i];
    SecretBytes value = dotenv_value(file.text, entry);
    if (is_placeholder(value.text())) {
      placeholders.insert(entry.key);
      continue;
    }
    if (is_damaged_placeholder(value.text())) {
      plan.warnings.push_back(place(file, entry) + ": the placeholder of " + entry.key +
                              " is damaged");
      continue;
    }
    const Classification guess = classify(entry.key, value.text());
    if (value.empty() || guess.value_class != ValueClass::kSecret) {
      left.insert(entry.key);
      continue;
    }
    if (value.size() > kSecretValueBytesMax) {
      return Error{Code::kLimit, place(file, entry) + ": the value of " + entry.key +
                                     " is too large for the vault"};
    }
    found.secrets[entry.key] = {entry.key, std::move(value), std::string(guess.reason)};
    found.edit.entries.push_back(i);
  }
  for (const DotenvWarning& warning : file.parsed.warnings) {
    if (!warning.key.empty() && !found.secrets.contains(warning.key)) continue;
    plan.warnings.push_back(file.path.filename().string() + " line " +
                            std::to_string(warning.line) + ": " + dotenv_warning_text(warning));
  }
  for (const std::size_t line : file.parsed.other_lines) {
    plan.warnings.push_back(file.path.filename().string() + " line " + std::to_string(line) +
                            " is no NAME=value and is left as it is");
  }
  for (const std::string& key : file.parsed.duplicate_keys) {
    plan.warnings.push_back(file.path.filename().string() + " has " + key +
                            " more than once; the last value counts, earlier ones are not kept");
  }
  return found;
}

std::string_view without_line_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

}  // namespace

Result<InitPlan> plan_init(const std::vector<DotenvOnDisk>& files) {
  InitPlan plan;
  std::map<std::string, PlannedSecret> secrets;
  std::map<std::string, std::string> first_file;
  std::set<std::string> placeholders;
  std::set<std::string> left;
  for (std::size_t index = 0; index < files.size(); ++index) {
    PH_ASSIGN(FileFindings found, look_through(files[index], index, plan, placeholders, left));
    const std::string file = files[index].path.filename().string();
    for (auto& [name, secret] : found.secrets) {
      const auto known = secrets.find(name);
      if (known == secrets.end()) {
        first_file[name] = file;
        secrets[name] = std::move(secret);
      } else if (!known->second.value.equals(secret.value)) {
        return Error{Code::kConflict,
                     name + " has one value in " + first_file[name] + " and another in " + file +
                         ", and phantom keeps one value per name",
                     "make them equal, or take one file with --from"};
      }
    }
    if (!found.edit.entries.empty()) plan.edits.push_back(std::move(found.edit));
  }
  for (auto& [name, secret] : secrets) {
    left.erase(name);
    plan.secrets.push_back(std::move(secret));
  }
  plan.placeholders.assign(placeholders.begin(), placeholders.end());
  plan.left.assign(left.begin(), left.end());
  return plan;
}

std::string gitignore_with(const std::string& text, const std::string& name) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = without_line_end(rest.substr(0, end));
    if (line == name || line == "/" + name || line == name + "*" || line == "*" + name) return text;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::string line_end = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
  std::string out = text;
  if (!out.empty() && out.back() != '\n') out += line_end;
  return out + name + line_end;
}

}  // namespace phantom
