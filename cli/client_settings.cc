#include "cli/client_settings.h"

#include "cli/json_edit.h"
#include "proxy/json_value.h"

#include <algorithm>

namespace phantom {
namespace {

using Entry = ClientSettings::Entry;

constexpr char kServer[] = "phantom";

JsonDialect dialect_of(const ClientSettings& client) {
  return client.form == SettingsForm::kCommentedJson ? JsonDialect::kCommented
                                                     : JsonDialect::kStrict;
}

JsonValue texts(const std::vector<std::string>& list) {
  JsonValue value = JsonValue::list();
  for (const std::string& text : list) value.items.push_back(JsonValue::of_text(text));
  return value;
}

JsonValue json_entry(const ClientSettings& client, const ServerCommand& command) {
  if (client.entry == Entry::kOneList) {
    std::vector<std::string> words = command.arguments;
    words.insert(words.begin(), command.program);
    return JsonValue::object({{"type", JsonValue::of_text("local")},
                              {"command", texts(words)},
                              {"enabled", JsonValue::of_truth(true)}});
  }
  JsonValue entry;
  if (client.entry == Entry::kTyped) entry.set("type", JsonValue::of_text("stdio"));
  entry.set("command", JsonValue::of_text(command.program));
  entry.set("args", texts(command.arguments));
  return entry;
}

// A JSON text of printable characters is a TOML basic string too.
std::string toml_entry(const ClientSettings& client, const ServerCommand& command) {
  return "[" + std::string(client.servers) + "." + kServer +
         "]\ncommand = " + to_json(JsonValue::of_text(command.program)) +
         "\nargs = " + to_json(texts(command.arguments)) + "\n";
}

struct Block {
  std::size_t begin = std::string_view::npos;
  std::size_t end = 0;
};

// The table's lines, up to the next table or the end. Lines inside a text of several lines are not
// told apart: a file in which such a text holds this very heading is not edited rightly, and none
// does.
Block find_table(const ClientSettings& client, std::string_view text) {
  const std::string heading = "[" + std::string(client.servers) + "." + kServer + "]";
  Block block;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t line_end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, line_end - at);
    if (block.begin == std::string_view::npos && line.starts_with(heading)) {
      block.begin = at;
    } else if (block.begin != std::string_view::npos && line.starts_with('[')) {
      block.end = at;
      return block;
    }
    at = std::min(text.size(), line_end + 1);
  }
  block.end = text.size();
  return block;
}

bool mentions_server(const ClientSettings& client, std::string_view text) {
  const std::string dotted = std::string(client.servers) + "." + kServer;
  return text.find(dotted + ".") != std::string_view::npos ||
         text.find(dotted + " ") != std::string_view::npos;
}

Result<std::string> with_toml(const ClientSettings& client, std::string_view text,
                              const ServerCommand& command) {
  const std::string entry = toml_entry(client, command);
  const Block block = find_table(client, text);
  if (block.begin != std::string_view::npos) {
    std::string_view old = text.substr(block.begin, block.end - block.begin);
    // Blank lines before the next table stay.
    std::size_t tail = old.size();
    while (tail > 0 && old[tail - 1] == '\n') --tail;
    std::string changed(text.substr(0, block.begin));
    changed += entry.substr(0, entry.size() - 1);
    changed += old.substr(tail);
    changed += text.substr(block.end);
    return changed;
  }
  if (mentions_server(client, text)) {
    return Error{Code::kInvalid, "the file names the server in a form that is not edited here",
                 "take that out by hand, or put in what --print shows"};
  }
  if (text.empty()) return entry;
  // Where the last line has no end the entry has none either, so that taking it out again leaves
  // the bytes as they were.
  if (!text.ends_with('\n')) {
    return std::string(text) + "\n" + entry.substr(0, entry.size() - 1);
  }
  return std::string(text) + "\n" + entry;
}

std::string without_toml(const ClientSettings& client, std::string_view text) {
  const Block block = find_table(client, text);
  if (block.begin == std::string_view::npos) return std::string(text);
  std::string before(text.substr(0, block.begin));
  if (!before.empty() && (block.end == text.size())) before.pop_back();
  return before + std::string(text.substr(block.end));
}

}  // namespace

const std::vector<ClientSettings>& client_settings() {
  using Place = SettingsPlace;
  using Form = SettingsForm;
  static const std::vector<ClientSettings> table = {
      {"claude", "Claude Code", Place::kProject, ".mcp.json", Form::kJson, "mcpServers",
       Entry::kTyped},
      {"cursor", "Cursor", Place::kHome, ".cursor/mcp.json", Form::kCommentedJson, "mcpServers",
       Entry::kCommand},
      {"windsurf", "Windsurf", Place::kHome, ".codeium/windsurf/mcp_config.json",
       Form::kCommentedJson, "mcpServers", Entry::kCommand},
      {"codex", "Codex", Place::kHome, ".codex/config.toml", Form::kToml, "mcp_servers",
       Entry::kCommand},
      {"vscode", "Visual Studio Code", Place::kProject, ".vscode/mcp.json", Form::kCommentedJson,
       "servers", Entry::kTyped},
      {"zed", "Zed", Place::kHome, ".config/zed/settings.json", Form::kCommentedJson,
       "context_servers", Entry::kCommand},
      {"gemini", "Gemini CLI", Place::kProject, ".gemini/settings.json", Form::kCommentedJson,
       "mcpServers", Entry::kCommand},
      {"opencode", "opencode", Place::kProject, "opencode.json", Form::kCommentedJson, "mcp",
       Entry::kOneList},
  };
  return table;
}

const ClientSettings* find_client(std::string_view name) {
  for (const ClientSettings& each : client_settings()) {
    if (name == each.client) return &each;
  }
  return nullptr;
}

Result<std::string> with_server(const ClientSettings& client, std::string_view text,
                                const ServerCommand& command) {
  if (client.form == SettingsForm::kToml) return with_toml(client, text, command);
  return set_json_member(text.empty() ? "{}\n" : text, {client.servers, kServer},
                         to_json(json_entry(client, command)), dialect_of(client));
}

Result<std::string> without_server(const ClientSettings& client, std::string_view text) {
  if (text.empty()) return std::string();
  if (client.form == SettingsForm::kToml) return without_toml(client, text);
  auto left = remove_json_member(text, {client.servers, kServer}, dialect_of(client),
                                 EmptyParents::kRemove);
  if (!left.ok() && left.error().code == Code::kNotFound) return std::string(text);
  if (left.ok() && *left == "{}\n") return std::string();
  return left;
}

std::string server_entry(const ClientSettings& client, const ServerCommand& command) {
  const auto whole = with_server(client, "", command);
  PH_CHECK(whole.ok(), "an empty file takes an entry");
  return *whole;
}

}  // namespace phantom
