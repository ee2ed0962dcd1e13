#include "proxy/services.h"

#include "proxy/http_head.h"

#include <algorithm>
#include <map>

namespace phantom {
namespace {

constexpr std::string_view kBearer = "Bearer {secret}";
constexpr std::string_view kPlain = "{secret}";

Route builtin(std::string service, std::string secret, std::string host, std::string header,
              std::string_view format, std::vector<std::string> envs, std::string base_path) {
  Route route;
  route.service = std::move(service);
  route.host = std::move(host);
  route.secret_name = std::move(secret);
  route.header = std::move(header);
  route.header_format = std::string(format);
  route.base_url_envs = std::move(envs);
  route.base_path = std::move(base_path);
  return route;
}

// Base URLs as the official SDKs take them: with /v1 where their default has it, without where
// they add it themselves. A variable no SDK reads is still useful to the code of the project.
std::vector<Route> make_builtins() {
  const std::string bearer_slot = "Authorization";
  std::vector<Route> routes;
  const auto bearer = [&](std::string service, std::string secret, std::string host,
                          std::vector<std::string> envs, std::string path) {
    routes.push_back(builtin(std::move(service), std::move(secret), std::move(host), bearer_slot,
                             kBearer, std::move(envs), std::move(path)));
  };
  const auto plain = [&](std::string service, std::string secret, std::string host,
                         std::string header, std::vector<std::string> envs) {
    routes.push_back(builtin(std::move(service), std::move(secret), std::move(host),
                             std::move(header), kPlain, std::move(envs), ""));
  };
  plain("anthropic", "ANTHROPIC_API_KEY", "api.anthropic.com", "x-api-key", {"ANTHROPIC_BASE_URL"});
  bearer("cerebras", "CEREBRAS_API_KEY", "api.cerebras.ai", {"CEREBRAS_BASE_URL"}, "");
  bearer("cloudflare", "CLOUDFLARE_API_TOKEN", "api.cloudflare.com", {"CLOUDFLARE_BASE_URL"},
         "/client/v4");
  bearer("cohere", "COHERE_API_KEY", "api.cohere.com", {"CO_API_URL", "COHERE_BASE_URL"}, "");
  bearer("deepseek", "DEEPSEEK_API_KEY", "api.deepseek.com", {"DEEPSEEK_BASE_URL"}, "");
  bearer("github", "GITHUB_TOKEN", "api.github.com", {"GITHUB_API_URL"}, "");
  plain("google_ai", "GEMINI_API_KEY", "generativelanguage.googleapis.com", "x-goog-api-key",
        {"GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"});
  bearer("groq", "GROQ_API_KEY", "api.groq.com", {"GROQ_BASE_URL"}, "");
  bearer("huggingface", "HUGGINGFACE_API_KEY", "router.huggingface.co", {"HUGGINGFACE_BASE_URL"},
         "/v1");
  bearer("mistral", "MISTRAL_API_KEY", "api.mistral.ai", {"MISTRAL_BASE_URL"}, "");
  bearer("notion", "NOTION_TOKEN", "api.notion.com", {"NOTION_BASE_URL"}, "");
  bearer("openai", "OPENAI_API_KEY", "api.openai.com", {"OPENAI_BASE_URL", "OPENAI_API_BASE"},
         "/v1");
  bearer("openrouter", "OPENROUTER_API_KEY", "openrouter.ai", {"OPENROUTER_BASE_URL"}, "/api/v1");
  bearer("perplexity", "PERPLEXITY_API_KEY", "api.perplexity.ai", {"PERPLEXITY_BASE_URL"}, "");
  bearer("replicate", "REPLICATE_API_TOKEN", "api.replicate.com", {"REPLICATE_API_BASE"}, "");
  bearer("resend", "RESEND_API_KEY", "api.resend.com", {"RESEND_BASE_URL"}, "");
  bearer("sendgrid", "SENDGRID_API_KEY", "api.sendgrid.com", {"SENDGRID_BASE_URL"}, "");
  bearer("stripe", "STRIPE_SECRET_KEY", "api.stripe.com", {"STRIPE_BASE_URL"}, "");
  bearer("together", "TOGETHER_API_KEY", "api.together.xyz", {"TOGETHER_BASE_URL"}, "/v1");
  bearer("xai", "XAI_API_KEY", "api.x.ai", {"XAI_BASE_URL"}, "/v1");
  return routes;
}

const Route* find_builtin(std::string_view service) {
  for (const Route& route : builtin_routes()) {
    if (route.service == service) return &route;
  }
  return nullptr;
}

std::string usual_variable(std::string_view service) {
  std::string name;
  for (const char c : service) {
    name += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c);
  }
  if (name.front() >= '0' && name.front() <= '9') name.insert(0, "SERVICE_");
  return name + "_BASE_URL";
}

// True when the secret goes exactly where the built-in service of that secret sends it.
bool is_builtin_destination(const Route& route) {
  for (const Route& known : builtin_routes()) {
    if (known.secret_name == route.secret_name && known.scheme == route.scheme &&
        known.host == route.host && known.port == route.port &&
        equals_ignoring_case(known.header, route.header) &&
        known.header_format == route.header_format && route.ca_file.empty()) {
      return true;
    }
  }
  return false;
}

Result<Route> resolve(const ServiceConfig& service) {
  const Route* known = find_builtin(service.name);
  Route route = known != nullptr ? *known : Route{};
  route.service = service.name;
  if (service.secret_name) route.secret_name = *service.secret_name;
  if (service.scheme) route.scheme = *service.scheme;
  if (service.host) {
    route.host = *service.host;
    route.port = service.port.value_or(route.scheme == Scheme::kHttps ? 443 : 80);
  }
  if (service.header) {
    route.header = *service.header;
    route.header_format.clear();
  }
  if (route.header.empty()) route.header = "Authorization";
  if (service.header_format) route.header_format = *service.header_format;
  if (route.header_format.empty()) {
    route.header_format = equals_ignoring_case(route.header, "authorization") ? kBearer : kPlain;
  }
  if (service.base_url_env) route.base_url_envs = {*service.base_url_env};
  if (route.base_url_envs.empty()) route.base_url_envs = {usual_variable(service.name)};
  if (service.base_path) route.base_path = *service.base_path;
  if (service.ca_file) route.ca_file = *service.ca_file;
  const std::string name = "service \"" + service.name + "\" of " + std::string(kConfigFile);
  if (route.secret_name.empty()) return Error{Code::kInvalid, name + " has no secret"};
  if (route.host.empty()) return Error{Code::kInvalid, name + " has no host"};
  if (route.scheme == Scheme::kHttp && !is_loopback_literal(route.host)) {
    return Error{Code::kInvalid, name + " uses http, which is for loopback addresses only"};
  }
  route.consent = is_builtin_destination(route) ? Consent::kBuiltIn : Consent::kNeeded;
  return route;
}

}  // namespace

std::string Route::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const std::uint16_t usual = scheme == Scheme::kHttps ? 443 : 80;
  if (port != usual) text += ":" + std::to_string(port);
  return text;
}

std::string Route::origin() const { return std::string(scheme_name(scheme)) + "://" + authority(); }

const std::vector<Route>& builtin_routes() {
  static const std::vector<Route> routes = make_builtins();
  return routes;
}

Result<std::vector<Route>> resolve_routes(const ProjectConfig& config) {
  std::map<std::string, Route> by_name;
  for (const Route& route : builtin_routes()) by_name[route.service] = route;
  for (const ServiceConfig& service : config.services) {
    PH_ASSIGN(by_name[service.name], resolve(service));
  }
  std::map<std::string, std::string> owner;
  std::vector<Route> routes;
  for (auto& [name, route] : by_name) {
    for (const std::string& variable : route.base_url_envs) {
      const auto [known, fresh] = owner.emplace(variable, name);
      if (!fresh) {
        return Error{
            Code::kInvalid,
            "services \"" + known->second + "\" and \"" + name + "\" both claim " + variable,
            "give one of them another base_url_env in " + std::string(kConfigFile)};
      }
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

std::vector<Route> routes_needing_acceptance(const std::vector<Route>& routes) {
  std::vector<Route> needed;
  std::copy_if(routes.begin(), routes.end(), std::back_inserter(needed),
               [](const Route& route) { return route.consent == Consent::kNeeded; });
  return needed;
}

void mark_accepted(std::vector<Route>& routes) {
  for (Route& route : routes) {
    if (route.consent == Consent::kNeeded) route.consent = Consent::kAccepted;
  }
}

}  // namespace phantom
