#pragma once
// The project's `.phantom.toml`: which project this is and which services it adds. Strict: a key
// nobody knows is an error, because a setting that is silently ignored is a hole. Pure but for
// find_project and read_project.

#include "events/result.h"
#include "events/types.h"
#include "proxy/sync_config.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

inline constexpr std::string_view kConfigFile = ".phantom.toml";

enum class Scheme { kHttps, kHttp };
const char* scheme_name(Scheme scheme);

// One [services.NAME] table as it is written; what is absent comes from the built-in service of
// the same name, or from a default (proxy/services.h).
struct ServiceConfig {
  std::string name;
  std::optional<std::string> secret_name;
  std::optional<std::string> host;  // canonical: lower case, no trailing dot, IPv6 without brackets
  std::optional<std::uint16_t> port;
  std::optional<Scheme> scheme;
  std::optional<std::string> header;
  std::optional<std::string> header_format;
  std::optional<std::string> base_url_env;
  std::optional<std::string> base_path;
  std::optional<std::string> ca_file;  // relative to the project
  std::uint32_t line = 0;              // where it stands, from 1
};

struct ProjectConfig {
  std::string project_id;
  std::vector<ServiceConfig> services;  // in order of name
  std::vector<SyncConfig> sync;         // in order of the file
  Digest digest{};                      // SHA-256 of the text
};

// kInvalid, with the line, for anything that is not exactly a configuration of version 1.
Result<ProjectConfig> parse_config(std::string_view text);

// What `phantom init` writes.
std::string default_config_text(std::string_view project_id);

// The nearest `.phantom.toml` at `start` or above. kNotFound when there is none.
Result<std::filesystem::path> find_project(const std::filesystem::path& start);

// Reads and parses the file found. At most 256 KiB.
Result<ProjectConfig> read_project(const std::filesystem::path& file);

// A host as it may stand in a configuration: a DNS name or an IP literal, canonical form returned.
// Refuses wildcards, userinfo, zone ids and numbers that some resolvers take for IPv4.
Result<std::string> canonical_host(std::string_view text);

// True for 127.0.0.0/8 in dotted form and for ::1.
bool is_loopback_literal(std::string_view canonical_host);

}  // namespace phantom
