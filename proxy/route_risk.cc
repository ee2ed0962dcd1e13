#include "proxy/route_risk.h"

#include "proxy/address_policy.h"
#include "proxy/host_look.h"
#include "proxy/http_head.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <optional>

namespace phantom {
namespace {

const Route* builtin_service(std::string_view service) {
  const auto& known = builtin_routes();
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Route& each) { return each.service == service; });
  return found == known.end() ? nullptr : &*found;
}

const Route* builtin_of_secret(std::string_view secret_name) {
  const auto& known = builtin_routes();
  const auto found = std::find_if(known.begin(), known.end(), [&](const Route& each) {
    return each.secret_name == secret_name;
  });
  return found == known.end() ? nullptr : &*found;
}

// The built-in a route should be like: that of its secret, else that of its name.
const Route* model_of(const Route& route) {
  const Route* model = builtin_of_secret(route.secret_name);
  return model != nullptr ? model : builtin_service(route.service);
}

struct HostAddress {
  AddressClass kind = AddressClass::kPublic;
  bool metadata = false;
};

std::optional<HostAddress> address_of(const std::string& host) {
  AddressV4 v4{};
  if (inet_pton(AF_INET, host.c_str(), v4.data()) == 1) {
    const bool metadata =
        v4 == AddressV4{169, 254, 169, 254} || v4 == AddressV4{100, 100, 100, 200};
    return HostAddress{classify(v4), metadata};
  }
  AddressV6 v6{};
  if (inet_pton(AF_INET6, host.c_str(), v6.data()) != 1) return std::nullopt;
  HostAddress found{classify(v6), false};
  constexpr AddressV6 kAws = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped = std::equal(kMapped.begin(), kMapped.end(), v6.begin());
  found.metadata =
      v6 == kAws || (mapped && v6[12] == 169 && v6[13] == 254 && v6[14] == 169 && v6[15] == 254);
  return found;
}

bool is_host_or_below(std::string_view host, std::string_view site) {
  return host == site || (host.size() > site.size() && host.ends_with(site) &&
                          host[host.size() - site.size() - 1] == '.');
}

template <std::size_t N>
bool is_below_any(std::string_view host, const std::array<std::string_view, N>& sites) {
  return std::any_of(sites.begin(), sites.end(),
                     [&](std::string_view site) { return is_host_or_below(host, site); });
}

bool is_loopback_name(std::string_view host) {
  return is_host_or_below(host, "localhost") || is_host_or_below(host, "localhost.localdomain");
}

std::string secret_to(const Route& route) {
  return route.secret_name + " would go to " + route.authority();
}

std::string metadata_address(const Route& route, const std::vector<Route>& /*all*/) {
  const auto address = address_of(route.host);
  constexpr std::array<std::string_view, 3> kNames = {"metadata.google.internal", "metadata.goog",
                                                      "instance-data"};
  const bool metadata = (address && address->metadata) || is_below_any(route.host, kNames);
  return metadata ? route.host + " is the metadata service of a cloud, no API for a key" : "";
}

std::string forbidden_address(const Route& route, const std::vector<Route>& all) {
  const auto address = address_of(route.host);
  if (!address || address->kind != AddressClass::kForbidden) return "";
  if (!metadata_address(route, all).empty()) return "";
  return route.host + " is an unspecified, link-local, multicast, tunnel or reserved address";
}

std::string public_collector(const Route& route, const std::vector<Route>& /*all*/) {
  constexpr std::array<std::string_view, 26> kCollectors = {"webhook.site",
                                                            "requestbin.com",
                                                            "requestbin.net",
                                                            "requestcatcher.com",
                                                            "pipedream.net",
                                                            "beeceptor.com",
                                                            "hookbin.com",
                                                            "postb.in",
                                                            "ptsv2.com",
                                                            "interact.sh",
                                                            "oast.pro",
                                                            "oast.live",
                                                            "oast.site",
                                                            "oast.online",
                                                            "oast.fun",
                                                            "oast.me",
                                                            "oastify.com",
                                                            "dnslog.cn",
                                                            "canarytokens.com",
                                                            "ceye.io",
                                                            "mockbin.org",
                                                            "typedwebhook.tools",
                                                            "webhookinbox.com",
                                                            "burpcollaborator.net",
                                                            "requestinspector.com",
                                                            "rbnd.in"};
  if (!is_below_any(route.host, kCollectors)) return "";
  return route.host + " shows everybody who asks what was sent to it";
}

std::string of_likeness(const Route& route, Likeness wanted, const char* verb) {
  for (const Route& known : builtin_routes()) {
    if (likeness(route.host, known.host) != wanted) continue;
    return decoded_host(route.host) + verb + known.host + " and belongs to somebody else";
  }
  return "";
}

std::string lookalike_host(const Route& route, const std::vector<Route>& /*all*/) {
  return of_likeness(route, Likeness::kLooksLike, " looks like ");
}

std::string embeds_known_host(const Route& route, const std::vector<Route>& /*all*/) {
  return of_likeness(route, Likeness::kEmbeds, " has in it the name ");
}

std::string mixed_scripts(const Route& route, const std::vector<Route>& /*all*/) {
  if (!mixes_scripts(route.host)) return "";
  return decoded_host(route.host) + " mixes letters of several alphabets in one name";
}

std::string near_known_host(const Route& route, const std::vector<Route>& /*all*/) {
  const std::string near = of_likeness(route, Likeness::kNear, " is one letter away from ");
  return !near.empty() ? near : of_likeness(route, Likeness::kOtherEnding, " has the name of ");
}

std::string international_host(const Route& route, const std::vector<Route>& /*all*/) {
  const std::string decoded = decoded_host(route.host);
  return decoded == route.host ? "" : route.host + " is read as " + decoded;
}

std::string loopback_host(const Route& route, const std::vector<Route>& /*all*/) {
  const auto address = address_of(route.host);
  const bool loopback =
      address ? address->kind == AddressClass::kLoopback : is_loopback_name(route.host);
  return loopback ? secret_to(route) + ", which any program of this machine can be" : "";
}

std::string private_address(const Route& route, const std::vector<Route>& /*all*/) {
  const auto address = address_of(route.host);
  if (!address || address->kind != AddressClass::kPrivate) return "";
  return secret_to(route) + ", an address that means another machine in each network";
}

std::string local_name(const Route& route, const std::vector<Route>& /*all*/) {
  constexpr std::array<std::string_view, 9> kEndings = {
      "local", "internal", "lan", "home.arpa", "corp", "home", "intranet", "private", "test"};
  if (address_of(route.host) || is_loopback_name(route.host)) return "";
  const bool one_label = route.host.find('.') == std::string::npos;
  if (!one_label && !is_below_any(route.host, kEndings)) return "";
  return secret_to(route) + ", a name that the network you are in decides about";
}

std::string address_literal(const Route& route, const std::vector<Route>& /*all*/) {
  const auto address = address_of(route.host);
  if (!address || address->kind != AddressClass::kPublic) return "";
  return secret_to(route) + ", an address and no name: it says nothing about whose it is";
}

std::string anybodys_host(const Route& route, const std::vector<Route>& /*all*/) {
  constexpr std::array<std::string_view, 18> kRented = {
      "ngrok.io",  "ngrok.app",  "ngrok-free.app", "ngrok-free.dev", "trycloudflare.com",
      "loca.lt",   "serveo.net", "localhost.run",  "lhr.life",       "workers.dev",
      "pages.dev", "vercel.app", "netlify.app",    "herokuapp.com",  "onrender.com",
      "glitch.me", "repl.co",    "replit.dev"};
  if (!is_below_any(route.host, kRented)) return "";
  return "anybody can have a name like " + route.host + " in a minute";
}

std::string builtin_service_moved(const Route& route, const std::vector<Route>& /*all*/) {
  const Route* known = builtin_service(route.service);
  if (known == nullptr || known->host == route.host) return "";
  return "the service " + route.service + " is at " + known->host + ", not at " + route.host;
}

std::string builtin_secret_moved(const Route& route, const std::vector<Route>& /*all*/) {
  const Route* known = builtin_of_secret(route.secret_name);
  if (known == nullptr || known->host == route.host) return "";
  return route.secret_name + " is a key of " + known->host + " and would go to " + route.host;
}

std::string unknown_destination(const Route& route, const std::vector<Route>& /*all*/) {
  if (model_of(route) != nullptr) return "";
  return secret_to(route) + "; phantom knows neither the service nor the secret";
}

std::string other_secret(const Route& route, const std::vector<Route>& /*all*/) {
  const Route* known = builtin_service(route.service);
  if (known == nullptr || known->secret_name == route.secret_name) return "";
  if (known->host != route.host) return "";
  return "the service " + route.service + " would get " + route.secret_name + " in place of " +
         known->secret_name;
}

std::string unusual_port(const Route& route, const std::vector<Route>& /*all*/) {
  const std::uint16_t usual = route.scheme == Scheme::kHttps ? 443 : 80;
  if (route.port == usual || !loopback_host(route, {}).empty()) return "";
  return secret_to(route) + ": not the port " + std::to_string(usual) +
         " that a public API answers on";
}

std::string header_changed(const Route& route, const std::vector<Route>& /*all*/) {
  const Route* model = model_of(route);
  if (model == nullptr || equals_ignoring_case(model->header, route.header)) return "";
  return route.secret_name + " would go into the header " + route.header + ", not into " +
         model->header;
}

std::string format_changed(const Route& route, const std::vector<Route>& all) {
  const Route* model = model_of(route);
  if (model == nullptr || model->header_format == route.header_format) return "";
  if (!header_changed(route, all).empty()) return "";
  return "the header " + route.header + " would be \"" + route.header_format + "\", not \"" +
         model->header_format + "\"";
}

std::string logged_header(const Route& route, const std::vector<Route>& /*all*/) {
  constexpr std::array<std::string_view, 11> kLogged = {"user-agent",
                                                        "referer",
                                                        "origin",
                                                        "from",
                                                        "via",
                                                        "forwarded",
                                                        "x-request-id",
                                                        "x-real-ip",
                                                        "x-forwarded-for",
                                                        "x-forwarded-host",
                                                        "traceparent"};
  const bool logged = std::any_of(kLogged.begin(), kLogged.end(), [&](std::string_view name) {
    return equals_ignoring_case(name, route.header);
  });
  return logged ? "servers write the header " + route.header + " into their logs" : "";
}

std::string own_certificates(const Route& route, const std::vector<Route>& /*all*/) {
  if (route.ca_file.empty()) return "";
  return "whoever has the key of " + route.ca_file + " can be " + route.host;
}

std::string plain_http(const Route& route, const std::vector<Route>& /*all*/) {
  if (route.scheme != Scheme::kHttp) return "";
  return secret_to(route) + " without encryption";
}

std::string shared_secret(const Route& route, const std::vector<Route>& all) {
  for (const Route& other : all) {
    if (other.service == route.service || other.secret_name != route.secret_name) continue;
    if (other.origin() == route.origin()) continue;
    return route.secret_name + " would go to two places: " + route.authority() + " and " +
           other.authority() + " (service " + other.service + ")";
  }
  return "";
}

std::string connection_string(const Route& route, const std::vector<Route>& /*all*/) {
  constexpr std::array<std::string_view, 11> kNames = {
      "DATABASE", "REDIS", "MONGO",    "MONGODB",       "POSTGRES", "POSTGRESQL",
      "MYSQL",    "AMQP",  "RABBITMQ", "ELASTICSEARCH", "DB"};
  const std::string& name = route.secret_name;
  bool fits = name.ends_with("_DSN") || name.ends_with("CONNECTION_STRING");
  for (const std::string_view kind : kNames) {
    for (const std::string_view end : {"_URL", "_URI"}) {
      const std::string whole = std::string(kind) + std::string(end);
      fits = fits || name == whole || name.ends_with("_" + whole);
    }
  }
  return fits ? name +
                    " seems to hold a whole connection with its password, which no HTTP API "
                    "takes as a key"
              : "";
}

using enum RiskLevel;
constexpr std::array kRules = {
    RiskRule{"metadata-address", kRefuse, "metadata service of a cloud", metadata_address},
    RiskRule{"forbidden-address", kRefuse, "address no API has", forbidden_address},
    RiskRule{"public-collector", kRefuse, "request bin that anybody reads", public_collector},
    RiskRule{"lookalike-host", kRefuse, "looks like a known host", lookalike_host},
    RiskRule{"embeds-known-host", kRefuse, "known host inside another", embeds_known_host},
    RiskRule{"mixed-scripts", kRefuse, "several alphabets in one name", mixed_scripts},
    RiskRule{"near-known-host", kAccept, "almost the name of a known host", near_known_host},
    RiskRule{"international-host", kAccept, "host not in ASCII", international_host},
    RiskRule{"builtin-service-moved", kAccept, "known service elsewhere", builtin_service_moved},
    RiskRule{"builtin-secret-moved", kAccept, "known secret elsewhere", builtin_secret_moved},
    RiskRule{"unknown-destination", kAccept, "nothing is known about it", unknown_destination},
    RiskRule{"other-secret", kAccept, "another secret for a known service", other_secret},
    RiskRule{"shared-secret", kAccept, "one secret for two places", shared_secret},
    RiskRule{"connection-string", kAccept, "no API key by its name", connection_string},
    RiskRule{"loopback-host", kAccept, "a program of this machine", loopback_host},
    RiskRule{"private-address", kAccept, "address of a private network", private_address},
    RiskRule{"local-name", kAccept, "name of a private network", local_name},
    RiskRule{"address-literal", kAccept, "address in place of a name", address_literal},
    RiskRule{"anybodys-host", kAccept, "tunnel or free hosting", anybodys_host},
    RiskRule{"unusual-port", kAccept, "not the usual port", unusual_port},
    RiskRule{"header-changed", kAccept, "known secret in another header", header_changed},
    RiskRule{"format-changed", kAccept, "known header in another form", format_changed},
    RiskRule{"own-certificates", kAccept, "certificates of the project's own", own_certificates},
    RiskRule{"logged-header", kWarn, "header that servers log", logged_header},
    RiskRule{"plain-http", kWarn, "not encrypted", plain_http},
};

}  // namespace

const char* risk_level_name(RiskLevel level) {
  switch (level) {
    case RiskLevel::kRefuse:
      return "refuse";
    case RiskLevel::kAccept:
      return "accept";
    case RiskLevel::kWarn:
      return "warn";
  }
  return "warn";
}

std::span<const RiskRule> risk_rules() { return kRules; }

std::vector<RouteRisk> route_risks(const std::vector<Route>& routes) {
  std::vector<RouteRisk> risks;
  for (const Route& route : routes) {
    if (route.consent == Consent::kBuiltIn) continue;
    for (const RiskRule& rule : kRules) {
      std::string sentence = rule.check(route, routes);
      if (sentence.empty()) continue;
      risks.push_back({rule.id, rule.level, route.service, route.secret_name, std::move(sentence)});
    }
  }
  return risks;
}

std::vector<RouteRisk> refusals_among(const std::vector<RouteRisk>& risks) {
  std::vector<RouteRisk> refusals;
  std::copy_if(risks.begin(), risks.end(), std::back_inserter(refusals),
               [](const RouteRisk& risk) { return risk.level == RiskLevel::kRefuse; });
  return refusals;
}

}  // namespace phantom
