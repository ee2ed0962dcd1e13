// Property: a configuration that is accepted names each service once and every host in one form
// only, says the same with a comment more, and never asks for plain http beyond this machine. A
// service put in and taken out again leaves the text as it was.

#include "events/sha256.h"
#include "proxy/config.h"
#include "proxy/config_edit.h"
#include "proxy/http_head.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>

namespace phantom::fuzz {
namespace {

void check_host(const std::string& host) {
  const auto again = canonical_host(host);
  PH_CHECK(again.ok() && *again == host, "a host that is not in its one form");
  in6_addr address{};
  const bool is_ipv6 = host.find(':') != std::string::npos;
  if (is_ipv6) {
    char text[INET6_ADDRSTRLEN];
    PH_CHECK(inet_pton(AF_INET6, host.c_str(), &address) == 1, "a host that is no address");
    PH_CHECK(inet_ntop(AF_INET6, &address, text, sizeof text) == host, "two forms of an address");
  }
  // What looks like an IPv4 address to a resolver is one of four decimal numbers.
  in_addr loose{};
  in_addr strict{};
  PH_CHECK(is_ipv6 || inet_aton(host.c_str(), &loose) == 0 ||
               inet_pton(AF_INET, host.c_str(), &strict) == 1,
           "a name that some resolvers take for an address");
}

void check_service(const ServiceConfig& service) {
  if (service.host) check_host(*service.host);
  PH_CHECK(!service.port || *service.port != 0, "port 0");
  PH_CHECK(service.scheme != Scheme::kHttp || !service.host || is_loopback_literal(*service.host),
           "plain http to another machine");
  PH_CHECK(!service.header || is_token(*service.header), "a header that is no token");
  PH_CHECK(!service.header_format || is_field_value(*service.header_format), "a header splits");
  for (const auto& text : {service.secret_name, service.base_url_env, service.base_path}) {
    PH_CHECK(!text || is_printable_line(*text), "a name that changes what a terminal shows");
  }
  PH_CHECK(!service.ca_file || (("/" + *service.ca_file + "/").find("/../") == std::string::npos &&
                                !service.ca_file->starts_with('/')),
           "a file outside the project");
}

auto parts(const ServiceConfig& service) {
  return std::tie(service.name, service.secret_name, service.host, service.port, service.scheme,
                  service.header, service.header_format, service.base_url_env, service.base_path,
                  service.ca_file);
}

void check_edits(std::string_view text) {
  const ServiceText service{"put-in", {{"secret", "KEY"}, {"host", "a.example"}}};
  const auto added = add_service(text, service);
  if (!added.ok()) return;
  PH_CHECK(added->text.starts_with(text), "putting a service in changed other bytes");
  const auto set = set_service_key(added->text, "put-in", "host", "b.example");
  PH_CHECK(set.ok() && set->text.starts_with(text), "setting a key changed other bytes");
  const auto removed = remove_service(added->text, "put-in");
  PH_CHECK(removed.ok(), "what was put in cannot be taken out");
  PH_CHECK(removed->text == text || (!text.empty() && text.back() != '\n'),
           "taking a service out changed other bytes");
}

void check_config(std::string_view text) {
  const auto config = parse_config(text);
  if (!config.ok()) {
    PH_CHECK(config.error().code == Code::kInvalid || config.error().code == Code::kLimit ||
                 config.error().code == Code::kUnsupported,
             "code");
    return;
  }
  PH_CHECK(config->digest == sha256(as_bytes(text)), "another digest");
  check_edits(text);
  for (std::size_t i = 0; i < config->services.size(); ++i) {
    PH_CHECK(i == 0 || config->services[i - 1].name < config->services[i].name, "a name twice");
    check_service(config->services[i]);
  }
  const auto same = parse_config(std::string(text) + "\n# and a comment\n");
  PH_CHECK(same.ok() || same.error().code == Code::kLimit, "a comment breaks it");
  if (!same.ok()) return;
  PH_CHECK(same->project_id == config->project_id && same->digest != config->digest &&
               same->services.size() == config->services.size(),
           "a comment changes it");
  for (std::size_t i = 0; i < config->services.size(); ++i) {
    PH_CHECK(parts(same->services[i]) == parts(config->services[i]), "a comment changes a service");
  }
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const std::string_view text = as_text({data, size});
  fuzz::check_config(text);
  if (const auto host = canonical_host(text); host.ok()) fuzz::check_host(*host);
  return 0;
}
