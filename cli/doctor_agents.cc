#include "cli/doctor_checks.h"
#include "ledger/home.h"

#include <boost/json.hpp>

#include <array>

namespace phantom {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kSettingsBytesMax = 4 * 1'048'576;

std::optional<std::string> text_of(const fs::path& file) {
  const auto bytes = read_file(file, kSettingsBytesMax);
  if (!bytes.ok()) return std::nullopt;
  return std::string(as_text(*bytes));
}

// "Read(./.env*)" and the like also lets .env.backup be read.
bool reads_copies(std::string_view rule) {
  if (!rule.starts_with("Read(") && !rule.starts_with("Edit(")) return false;
  const std::size_t at = rule.find(".env");
  return at != std::string_view::npos && rule.find('*', at) != std::string_view::npos;
}

void look_at_rules(const std::string& shown, const json::value& settings,
                   DoctorFindings& findings) {
  const auto* root = settings.if_object();
  const auto* permissions = root == nullptr ? nullptr : root->if_contains("permissions");
  if (permissions == nullptr || !permissions->is_object()) return;
  const json::object& table = permissions->get_object();
  if (const auto* allow = table.if_contains("allow"); allow != nullptr && allow->is_array()) {
    for (const json::value& rule : allow->get_array()) {
      if (!rule.is_string() || !reads_copies(std::string_view(rule.get_string()))) continue;
      findings.push_back({DoctorSeverity::kWarning,
                          shown + " lets an agent read every file called like " +
                              std::string(std::string_view(rule.get_string())) +
                              ", copies with real secrets among them",
                          "name the one file, Read(./.env), or take the rule out"});
    }
  }
  const auto* mode = table.if_contains("defaultMode");
  if (mode != nullptr && mode->is_string() && mode->get_string() == "bypassPermissions") {
    findings.push_back({DoctorSeverity::kNote, shown + " lets an agent do everything unasked",
                        "phantom still keeps the keys from it, and records what it did"});
  }
}

}  // namespace

Result<DoctorFindings> check_agent_settings(DoctorContext& context) {
  DoctorFindings findings;
  std::vector<fs::path> files;
  files.push_back(context.root / ".claude/settings.json");
  files.push_back(context.root / ".claude/settings.local.json");
  if (const char* home = context.environment->variable("HOME"); home != nullptr && *home != '\0') {
    files.push_back(fs::path(home) / ".claude/settings.json");
  }
  for (const fs::path& file : files) {
    const auto text = text_of(file);
    if (!text) continue;
    boost::system::error_code code;
    json::value settings;
    try {
      settings = json::parse(*text, code);
    } catch (const std::exception&) {
      continue;  // out of memory or too deep: the agent does not read it either
    }
    if (code) {
      findings.push_back({DoctorSeverity::kNote, file.string() + " is not JSON", ""});
      continue;
    }
    look_at_rules(file.string(), settings, findings);
  }
  return findings;
}

Result<DoctorFindings> check_clients(DoctorContext& context) {
  DoctorFindings findings;
  constexpr std::array kInProject = {".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json",
                                     ".claude/settings.local.json"};
  constexpr std::array kInHome = {".claude.json", ".cursor/mcp.json",
                                  ".codeium/windsurf/mcp_config.json", ".codex/config.toml"};
  std::vector<fs::path> files;
  for (const char* name : kInProject) files.push_back(context.root / name);
  if (const char* home = context.environment->variable("HOME"); home != nullptr && *home != '\0') {
    for (const char* name : kInHome) files.push_back(fs::path(home) / name);
  }
  for (const fs::path& file : files) {
    const auto text = text_of(file);
    if (text && text->find("phantom") != std::string::npos &&
        text->find("mcp") != std::string::npos) {
      return findings;
    }
  }
  findings.push_back({DoctorSeverity::kNote, "no agent's settings name phantom's MCP server",
                      "phantom setup --client NAME; exec does without"});
  return findings;
}

}  // namespace phantom
