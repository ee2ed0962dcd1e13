#include "proxy/config.h"

#include "events/sha256.h"
#include "ledger/home.h"
#include "proxy/http_head.h"
#include "proxy/sync_tables.h"
#include "proxy/toml_text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <initializer_list>

namespace phantom {
namespace {

constexpr std::size_t kConfigBytesMax = 256 * 1'024;
constexpr std::size_t kServicesMax = 200;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error at_line(const toml::source_region& where, const std::string& what) {
  return Error{Code::kInvalid, std::string(kConfigFile) + " line " +
                                   std::to_string(where.begin.line) + ": " + what};
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

// "PATH = http://..." would be an odd gift to a child: only names that say they hold an address.
bool is_base_url_variable(std::string_view name) {
  if (name.empty() || name.size() > 100 || is_digit(name.front())) return false;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
  });
  constexpr std::array<std::string_view, 5> kEnds = {"_URL", "_URI", "_BASE", "_ENDPOINT", "_HOST"};
  return plain && std::any_of(kEnds.begin(), kEnds.end(),
                              [name](std::string_view end) { return name.ends_with(end); });
}

bool is_secret_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && !is_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
         });
}

bool is_base_path(std::string_view path) {
  if (path.empty()) return true;
  if (path.front() != '/' || path.back() == '/' || path.size() > 200) return false;
  if (path.find("//") != std::string_view::npos || path.find("/.") != std::string_view::npos) {
    return false;
  }
  return std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || is_lower_or_digit(c) || c == '/' || c == '-' || c == '_' ||
           c == '.';
  });
}

bool is_ca_path(std::string_view path) {
  if (path.empty() || path.size() > 500 || path.front() == '/') return false;
  const std::filesystem::path parsed{std::string(path)};
  return is_field_value(path) &&
         std::none_of(parsed.begin(), parsed.end(), [](const auto& part) { return part == ".."; });
}

Result<std::string> text_of(const toml::node& node, std::string_view key) {
  const auto* text = node.as_string();
  if (text == nullptr) return at_line(node.source(), in_quotes(key) + " must be a string");
  return text->get();
}

// Splits "host", "host:port", "[v6]" and "[v6]:port".
Status read_host(const toml::node& node, const std::string& text, ServiceConfig& service) {
  std::string_view host = text;
  std::string_view port;
  if (const std::size_t bracket = host.find(']'); host.starts_with('[')) {
    if (bracket == std::string_view::npos) {
      return at_line(node.source(), in_quotes(text) + " is not a host");
    }
    port = host.substr(bracket + 1);
    host = host.substr(1, bracket - 1);
    if (!port.empty() && port.front() != ':') {
      return at_line(node.source(), in_quotes(text) + " is not a host");
    }
  } else if (std::count(host.begin(), host.end(), ':') == 1) {
    port = host.substr(host.find(':'));
    host = host.substr(0, host.find(':'));
  }
  if (!port.empty()) {
    port.remove_prefix(1);
    unsigned value = 0;
    for (const char c : port) {
      if (!is_digit(c) || value > 65'535) value = 65'536;
      if (value <= 65'535) value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (port.empty() || port.front() == '0' || value == 0 || value > 65'535) {
      return at_line(node.source(), in_quotes(text) + " has no usable port");
    }
    service.port = static_cast<std::uint16_t>(value);
  }
  Result<std::string> canonical = canonical_host(host);
  if (!canonical) return at_line(node.source(), canonical.error().message);
  service.host = std::move(*canonical);
  return {};
}

Status read_service_key(std::string_view key, const toml::node& node, ServiceConfig& service) {
  PH_ASSIGN(const std::string text, text_of(node, key));
  const auto refuse = [&](const std::string& rule) {
    return at_line(node.source(), in_quotes(key) + " " + rule);
  };
  if (key == "secret" || key == "secret_key") {
    if (service.secret_name) return refuse("names the secret a second time");
    if (!is_secret_name(text)) return refuse("is not a name like OPENAI_API_KEY");
    service.secret_name = text;
  } else if (key == "host" || key == "pattern") {
    if (service.host) return refuse("names the host a second time");
    PH_TRY(read_host(node, text, service));
  } else if (key == "scheme") {
    if (text != "https" && text != "http") return refuse("must be \"https\"");
    service.scheme = text == "https" ? Scheme::kHttps : Scheme::kHttp;
  } else if (key == "header") {
    if (!is_token(text) || text.size() > 100) return refuse("is not a header name");
    constexpr std::array<std::string_view, 4> kFraming = {"host", "content-length", "expect",
                                                          "x-phantom-proxy-token"};
    const bool framing = std::any_of(kFraming.begin(), kFraming.end(),
                                     [&text](auto name) { return same_header(text, name); });
    if (framing || is_hop_by_hop(text)) return refuse("is a header that phantom writes itself");
    service.header = text;
  } else if (key == "header_format") {
    const std::size_t first = text.find("{secret}");
    if (first == std::string::npos || text.find("{secret}", first + 1) != std::string::npos) {
      return refuse("must have {secret} in it exactly once");
    }
    if (!is_field_value(text) || text.size() > 200) return refuse("cannot stand in a header");
    service.header_format = text;
  } else if (key == "base_url_env") {
    if (!is_base_url_variable(text)) return refuse("is not a name like EXAMPLE_BASE_URL");
    service.base_url_env = text;
  } else if (key == "base_path") {
    if (!is_base_path(text)) return refuse("is not a path like /v1");
    service.base_path = text;
  } else if (key == "ca_file") {
    if (!is_ca_path(text)) return refuse("must be a file inside the project");
    service.ca_file = text;
  } else {
    return refuse("is not a known key of a service");
  }
  return {};
}

bool is_service_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name != "phantom" && name.front() != '_' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '_' || c == '-'; });
}

Result<ServiceConfig> read_service(const toml::key& key, const toml::node& node) {
  ServiceConfig service;
  service.name = std::string(key.str());
  service.line = key.source().begin.line;
  if (!is_service_name(service.name)) {
    return at_line(key.source(),
                   in_quotes(service.name) + " is not a service name (a-z, 0-9, \"_\", \"-\")");
  }
  const toml::table* table = node.as_table();
  if (table == nullptr) return at_line(node.source(), "[services] may hold tables only");
  for (const auto& [name, value] : *table) PH_TRY(read_service_key(name.str(), value, service));
  const bool loopback = service.host && is_loopback_literal(*service.host);
  if (service.scheme == Scheme::kHttp && !loopback) {
    return at_line(node.source(), "service " + in_quotes(service.name) +
                                      " uses http, which is for loopback addresses only");
  }
  return service;
}

Status read_phantom(const toml::table& table, ProjectConfig& config) {
  bool versioned = false;
  for (const auto& [key, node] : table) {
    if (key.str() == "version") {
      const auto* number = node.as_integer();
      const auto* text = node.as_string();
      // The predecessor wrote the number as a string.
      versioned =
          (number != nullptr && number->get() == 1) || (text != nullptr && text->get() == "1");
      if (!versioned) {
        return Error{Code::kUnsupported,
                     at_line(node.source(), "this version of the file is not known").message,
                     "install a newer phantom"};
      }
    } else if (key.str() == "project_id") {
      PH_ASSIGN(config.project_id, text_of(node, key.str()));
      const std::string& id = config.project_id;
      const bool plain = std::all_of(id.begin(), id.end(),
                                     [](char c) { return is_lower_or_digit(c) || c == '-'; });
      if (!plain || id.size() < 16 || id.size() > 64) {
        return at_line(node.source(), "project_id must be 16 to 64 of a-z, 0-9 and \"-\"");
      }
    } else {
      return at_line(key.source(), in_quotes(key.str()) + " is not a known key of [phantom]");
    }
  }
  if (!versioned) return at_line(table.source(), "[phantom] has no version");
  if (config.project_id.empty()) return at_line(table.source(), "[phantom] has no project_id");
  return {};
}

// Reads "a.b.c.d" without leading zeros; nothing else is IPv4 here.
bool is_dotted_quad(std::string_view text) {
  unsigned parts = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), is_digit) ||
        (part.size() > 1 && part.front() == '0') || (part.size() == 3 && part > "255")) {
      return false;
    }
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

bool is_ipv6_text(std::string_view text) {
  if (std::count(text.begin(), text.end(), ':') < 2) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
  });
}

}  // namespace

const char* scheme_name(Scheme scheme) { return scheme == Scheme::kHttps ? "https" : "http"; }

Result<std::string> canonical_host(std::string_view text) {
  std::string host(text);
  const Error refusal{Code::kInvalid, in_quotes(text) + " is not a host name or address"};
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  if (is_ipv6_text(host)) {
    in6_addr address{};
    char one_form[INET6_ADDRSTRLEN];
    if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return refusal;
    return std::string(::inet_ntop(AF_INET6, &address, one_form, sizeof one_form));
  }
  if (host.ends_with('.')) host.pop_back();
  if (host.empty() || host.size() > 253) return refusal;
  if (is_dotted_quad(host)) return host;
  std::string_view rest = host;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::all_of(label.begin(), label.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-' || c == '_'; })) {
      return refusal;
    }
    if (dot == std::string_view::npos) {
      // 2130706433, 0x7f000001 and 127.1 are addresses to some resolvers and names to others.
      const bool hex = label.starts_with("0x");
      if (hex || std::all_of(label.begin(), label.end(), is_digit)) return refusal;
      return host;
    }
    rest.remove_prefix(dot + 1);
  }
}

bool is_loopback_literal(std::string_view host) {
  return host == "::1" || (is_dotted_quad(host) && host.starts_with("127."));
}

Result<ProjectConfig> parse_config(std::string_view text) {
  if (text.size() > kConfigBytesMax) {
    return Error{Code::kLimit, std::string(kConfigFile) + " is larger than 256 KiB"};
  }
  Result<toml::parse_result> outcome = parse_toml(text);
  if (!outcome.ok()) return std::move(outcome.error()).in(std::string(kConfigFile));
  const toml::parse_result& parsed = *outcome;
  if (!parsed) {
    return at_line(parsed.error().source(), std::string(parsed.error().description()));
  }
  const toml::table& root = parsed.table();
  ProjectConfig config;
  config.digest = sha256(as_bytes(text));
  const toml::table* phantom = root["phantom"].as_table();
  if (phantom == nullptr) {
    return Error{Code::kInvalid, std::string(kConfigFile) + " has no [phantom] table",
                 "run `phantom init` in the project"};
  }
  PH_TRY(read_phantom(*phantom, config));
  for (const auto& [key, node] : root) {
    if (key.str() == "phantom") continue;
    if (key.str() == "sync") {
      PH_ASSIGN(config.sync, read_sync_tables(node));
      continue;
    }
    if (key.str() != "services") {
      return at_line(key.source(), in_quotes(key.str()) + " is not a known key");
    }
    const toml::table* services = node.as_table();
    if (services == nullptr) return at_line(node.source(), "\"services\" must be a table");
    if (services->size() > kServicesMax) return at_line(node.source(), "too many services");
    for (const auto& [name, service] : *services) {
      PH_ASSIGN(ServiceConfig read, read_service(name, service));
      config.services.push_back(std::move(read));
    }
  }
  std::sort(config.services.begin(), config.services.end(),
            [](const ServiceConfig& a, const ServiceConfig& b) { return a.name < b.name; });
  return config;
}

std::string default_config_text(std::string_view project_id) {
  std::string text =
      "# phantom: which project this is and which services it adds. No secrets in here; commit "
      "it.\n"
      "\n"
      "[phantom]\n"
      "version = 1\n"
      "project_id = \"";
  text += project_id;
  text +=
      "\"\n"
      "\n"
      "# Well-known services (openai, anthropic, github, ...) need no entry. For any other:\n"
      "#\n"
      "# [services.example]\n"
      "# secret = \"EXAMPLE_API_KEY\"\n"
      "# host = \"api.example.com\"\n"
      "# header = \"Authorization\"\n"
      "# header_format = \"Bearer {secret}\"\n"
      "# base_url_env = \"EXAMPLE_BASE_URL\"\n"
      "# base_path = \"/v1\"\n";
  return text;
}

Result<std::filesystem::path> find_project(const std::filesystem::path& start) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::absolute(start, error);
  if (error) return Error{Code::kIo, "the current directory cannot be read: " + error.message()};
  for (;;) {
    const std::filesystem::path file = folder / kConfigFile;
    if (std::filesystem::is_regular_file(file, error)) return file;
    if (!folder.has_parent_path() || folder.parent_path() == folder) break;
    folder = folder.parent_path();
  }
  return Error{Code::kNotFound,
               "no " + std::string(kConfigFile) + " here or in any directory above",
               "run `phantom init` in the project's directory"};
}

Result<ProjectConfig> read_project(const std::filesystem::path& file) {
  PH_ASSIGN(const Bytes bytes, read_file(file, kConfigBytesMax));
  return parse_config(as_text(bytes));
}

}  // namespace phantom
