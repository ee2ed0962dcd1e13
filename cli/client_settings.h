#pragma once
// How MCP clients are told of a server: a file of theirs, and a member in it. The next client is a
// line in the table. Pure: texts in, texts out; every byte that is not the member's stays.

#include "events/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

enum class SettingsPlace { kProject, kHome };
enum class SettingsForm {
  kJson,           // {"mcpServers": {"phantom": {"command": ..., "args": [...]}}}
  kCommentedJson,  // the same, in a file that may have comments
  kToml            // [mcp_servers.phantom]
};

struct ClientSettings {
  const char* client;
  const char* title;
  SettingsPlace place;
  const char* file;  // below the project, or the home directory
  SettingsForm form;
  const char* servers;  // the member that holds the servers
  enum class Entry { kCommand, kTyped, kOneList } entry;
};

const std::vector<ClientSettings>& client_settings();
const ClientSettings* find_client(std::string_view name);

// The program and its arguments, as the client starts them.
struct ServerCommand {
  std::string program;
  std::vector<std::string> arguments;
};

// The text of the file with the entry in it; the same text when it is there already. An empty text
// is a file that does not exist. kInvalid: the file is not what it should be.
Result<std::string> with_server(const ClientSettings& client, std::string_view text,
                                const ServerCommand& command);
// The text without the entry; undoes with_server byte by byte. Empty when nothing is left that was
// there before.
Result<std::string> without_server(const ClientSettings& client, std::string_view text);
// The entry alone, for a person to put in.
std::string server_entry(const ClientSettings& client, const ServerCommand& command);

}  // namespace phantom
