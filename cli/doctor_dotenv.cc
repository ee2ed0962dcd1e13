#include "cli/doctor_checks.h"
#include "cli/doctor_facts.h"
#include "cli/dotenv_edit.h"
#include "vault/placeholder.h"

#include <algorithm>
#include <set>

namespace phantom {
namespace {

namespace fs = std::filesystem;

struct Placeholders {
  bool known = false;  // a vault that is vouched for says which there are
  std::set<std::string> current;
  std::set<std::string> former;
};

Placeholders placeholders_of(const std::optional<VaultFacts>& facts) {
  Placeholders all;
  if (!facts || !facts->image) return all;
  all.known = true;
  for (const VaultRecord& record : facts->image->records) {
    all.current.insert(record.placeholder);
    if (!record.former_placeholder.empty()) all.former.insert(record.former_placeholder);
  }
  return all;
}

// Names by what is wrong with their values.
struct DotenvTroubles {
  std::vector<std::string> plain;
  std::vector<std::string> damaged;
  std::vector<std::string> stale;
  std::vector<std::string> unknown;
  std::vector<std::string> overridden;
};

DotenvTroubles troubles_of(const DotenvOnDisk& file, const Placeholders& placeholders) {
  DotenvTroubles troubles;
  for (const DotenvEntry& entry : file.parsed.entries) {
    const SecretBytes value = dotenv_value(file.text, entry);
    const std::string_view text = value.text();
    const bool placeholder = is_placeholder(text);
    if (is_plain_secret(entry.key, text)) troubles.plain.push_back(entry.key);
    if (is_damaged_placeholder(text)) troubles.damaged.push_back(entry.key);
    if (placeholder && placeholders.known) {
      const std::string whole(text);
      if (placeholders.former.contains(whole)) {
        troubles.stale.push_back(entry.key);
      } else if (!placeholders.current.contains(whole)) {
        troubles.unknown.push_back(entry.key);
      }
    }
    if (entry.overridden && (placeholder || is_plain_secret(entry.key, text))) {
      troubles.overridden.push_back(entry.key);
    }
  }
  return troubles;
}

void add(DoctorFindings& findings, DoctorSeverity severity, const std::string& file,
         const std::vector<std::string>& names, const std::string& what,
         const std::string& advice) {
  if (names.empty()) return;
  findings.push_back({severity, file + ": " + some_of(names) + " " + what, advice});
}

// What people and editors call a copy of ".env".
bool is_copy_name(std::string_view name) {
  for (const std::string_view end :
       {"~", ".swp", ".swo", ".orig", ".bak", ".old", ".save", ".backup", ".copy", ".tmp"}) {
    if (name.ends_with(end) && name.find(".env") != std::string_view::npos) return true;
  }
  return name.starts_with("#.env") || name.starts_with("env.backup") || name == "env.bak" ||
         name.starts_with(".env copy");
}

}  // namespace

Result<DoctorFindings> check_dotenv(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const auto facts, look_at_vault(context));
  const Placeholders placeholders = placeholders_of(facts);
  for (const fs::path& path : project_dotenv_files(context)) {
    const std::string name = path.filename().string();
    if (is_copy_name(name)) continue;  // check_copies looks at those
    const auto file = read_dotenv(path);
    if (!file.ok()) {
      findings.push_back({DoctorSeverity::kError, file.error().message,
                          "nobody can protect what cannot be read: mend the file"});
      continue;
    }
    const DotenvTroubles troubles = troubles_of(*file, placeholders);
    add(findings, DoctorSeverity::kError, name, troubles.plain, "in plain text",
        "run 'phantom init', it moves them into the vault");
    add(findings, DoctorSeverity::kError, name, troubles.damaged,
        "with a placeholder that was changed or cut",
        "take the placeholder out and run 'phantom init', or copy it from another file");
    add(findings, DoctorSeverity::kError, name, troubles.stale,
        "with a placeholder that was renewed since",
        "run 'phantom rotate --repair', it puts the newest ones into the files");
    add(findings, DoctorSeverity::kError, name, troubles.unknown,
        "with a placeholder that stands for nothing in this vault",
        "run 'phantom add' for them, or take the lines out");
    add(findings, DoctorSeverity::kWarning, name, troubles.overridden,
        "set again further down, where most readers look", "keep one line for each name");
  }
  return findings;
}

Result<DoctorFindings> check_copies(DoctorContext& context) {
  DoctorFindings findings;
  std::error_code code;
  std::vector<fs::path> copies;
  for (fs::directory_iterator each(context.root, code), end; !code && each != end;
       each.increment(code)) {
    std::error_code ignored;
    if (is_copy_name(each->path().filename().string()) &&
        fs::is_regular_file(each->symlink_status(ignored))) {
      copies.push_back(each->path());
    }
  }
  std::sort(copies.begin(), copies.end());
  for (const fs::path& path : copies) {
    const std::string name = path.filename().string();
    const std::string advice = "delete it, or move its values into the vault first";
    const auto file = read_dotenv(path);
    if (!file.ok()) {
      findings.push_back({DoctorSeverity::kWarning,
                          name + " may be a copy of a dotenv file and does not read as one",
                          advice});
      continue;
    }
    add(findings, DoctorSeverity::kError, name, troubles_of(*file, {}).plain, "in plain text",
        advice);
  }
  return findings;
}

Result<DoctorFindings> check_example(DoctorContext& context) {
  DoctorFindings findings;
  const auto example = read_dotenv(context.root / ".env.example");
  const auto file = read_dotenv(context.root / ".env");
  if (!example.ok() || !file.ok()) return findings;
  std::set<std::string> known;
  for (const DotenvEntry& entry : example->parsed.entries) known.insert(entry.key);
  std::vector<std::string> missing;
  for (const DotenvEntry& entry : file->parsed.entries) {
    if (known.insert(entry.key).second) missing.push_back(entry.key);
  }
  add(findings, DoctorSeverity::kNote, ".env.example", missing, "not in it, but in .env",
      "run 'phantom env', it writes them without values");
  return findings;
}

}  // namespace phantom
