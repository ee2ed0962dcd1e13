#include "proxy/services.h"

#include "proxy/base_urls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace phantom {
namespace {

Result<std::vector<Route>> routes_with(std::string_view services) {
  Result<ProjectConfig> config = parse_config(
      "[phantom]\nversion = 1\nproject_id = \"0123456789abcdef\"\n" + std::string(services));
  EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message);
  return resolve_routes(*config);
}

Route route_named(const std::vector<Route>& routes, std::string_view service) {
  for (const Route& route : routes) {
    if (route.service == service) return route;
  }
  ADD_FAILURE() << "no route " << service;
  return {};
}

TEST(Services, BuiltinsNeedNobodysConsentAndClaimEachVariableOnce) {
  const Result<std::vector<Route>> routes = routes_with("");
  ASSERT_TRUE(routes.ok());
  EXPECT_EQ(routes->size(), builtin_routes().size());
  EXPECT_TRUE(routes_needing_acceptance(*routes).empty());
  for (const Route& route : *routes) {
    EXPECT_EQ(route.scheme, Scheme::kHttps) << route.service;
    EXPECT_EQ(*canonical_host(route.host), route.host);
    EXPECT_NE(route.header_format.find("{secret}"), std::string::npos);
    EXPECT_FALSE(route.base_url_envs.empty());
  }
}

TEST(Services, SdksGetTheBaseUrlTheyExpect) {
  const std::vector<Route>& routes = builtin_routes();
  EXPECT_EQ(route_named(routes, "openai").base_path, "/v1");
  EXPECT_EQ(route_named(routes, "anthropic").base_path, "");
  EXPECT_EQ(route_named(routes, "anthropic").header, "x-api-key");
  EXPECT_EQ(route_named(routes, "groq").base_path, "");
}

TEST(Services, ASecretMayGoElsewhereOnlyWithConsent) {
  struct Case {
    const char* text;
    Consent consent;
  };
  const std::vector<Case> cases = {
      {"[services.openai]\nbase_path = \"/v2\"\n", Consent::kBuiltIn},
      {"[services.other]\nsecret = \"OPENAI_API_KEY\"\nhost = \"api.openai.com\"\n",
       Consent::kBuiltIn},
      {"[services.openai]\nhost = \"api.openai.com.evil.example\"\n", Consent::kNeeded},
      {"[services.openai]\nhost = \"api.openai.com:8443\"\n", Consent::kNeeded},
      {"[services.openai]\nheader = \"X-Log-Me\"\n", Consent::kNeeded},
      {"[services.openai]\nheader_format = \"{secret}\"\n", Consent::kNeeded},
      {"[services.openai]\nca_file = \"ca.pem\"\n", Consent::kNeeded},
      {"[services.openai]\nsecret = \"STRIPE_SECRET_KEY\"\n", Consent::kNeeded},
      {"[services.other]\nsecret = \"OPENAI_API_KEY\"\nhost = \"evil.example\"\n",
       Consent::kNeeded},
      {"[services.other]\nsecret = \"OWN_KEY\"\nhost = \"api.own.example\"\n", Consent::kNeeded},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.text);
    const Result<std::vector<Route>> routes = routes_with(test.text);
    ASSERT_TRUE(routes.ok()) << routes.error().message;
    const std::string name =
        std::string(test.text).find("other") != std::string::npos ? "other" : "openai";
    EXPECT_EQ(route_named(*routes, name).consent, test.consent);
    EXPECT_EQ(routes_needing_acceptance(*routes).size(),
              test.consent == Consent::kNeeded ? 1U : 0U);
  }
}

TEST(Services, AcceptingChangesOnlyWhatNeededIt) {
  std::vector<Route> routes =
      *routes_with("[services.own]\nsecret = \"OWN_KEY\"\nhost = \"api.own.example\"\n");
  mark_accepted(routes);
  EXPECT_EQ(route_named(routes, "own").consent, Consent::kAccepted);
  EXPECT_EQ(route_named(routes, "openai").consent, Consent::kBuiltIn);
  EXPECT_EQ(route_named(routes, "own").base_url_envs, std::vector<std::string>{"OWN_BASE_URL"});
}

TEST(Services, IncompleteOrClashingServicesAreRefused) {
  EXPECT_FALSE(routes_with("[services.own]\nhost = \"api.own.example\"\n").ok());
  EXPECT_FALSE(routes_with("[services.own]\nsecret = \"OWN_KEY\"\n").ok());
  EXPECT_FALSE(routes_with("[services.own]\nsecret = \"OWN_KEY\"\nhost = \"a.example\"\n"
                           "base_url_env = \"OPENAI_BASE_URL\"\n")
                   .ok());
}

TEST(Services, OriginNamesAnUnusualPort) {
  Route route;
  route.host = "::1";
  EXPECT_EQ(route.origin(), "https://[::1]");
  route.port = 8443;
  EXPECT_EQ(route.origin(), "https://[::1]:8443");
}

TEST(BaseUrls, CoverRoutesWithASecretOnly) {
  std::vector<Route> routes =
      *routes_with("[services.own]\nsecret = \"OWN_KEY\"\nhost = \"api.own.example\"\n");
  const auto value_of = [](const std::vector<EnvironmentVariable>& all, std::string_view name) {
    for (const EnvironmentVariable& variable : all) {
      if (variable.name == name) return variable.value;
    }
    return std::string("(absent)");
  };
  const std::set<std::string> secrets = {"OPENAI_API_KEY", "OWN_KEY"};
  const auto path = child_environment(routes, secrets, 4711, "tok", {});
  EXPECT_EQ(value_of(path, "OPENAI_BASE_URL"), "http://127.0.0.1:4711/openai/_phantom/tok/v1");
  EXPECT_EQ(value_of(path, "OPENAI_API_BASE"), "http://127.0.0.1:4711/openai/_phantom/tok/v1");
  EXPECT_EQ(value_of(path, "OWN_BASE_URL"), "(absent)");
  EXPECT_EQ(value_of(path, "STRIPE_BASE_URL"), "(absent)");
  EXPECT_EQ(value_of(path, "PHANTOM_PROXY_PORT"), "4711");
  EXPECT_EQ(value_of(path, "PHANTOM_PROXY_TOKEN"), "tok");
  mark_accepted(routes);
  const auto header = child_environment(routes, secrets, 4711, "tok", TokenChannels{false, false});
  EXPECT_EQ(value_of(header, "OPENAI_BASE_URL"), "http://127.0.0.1:4711/openai/v1");
  EXPECT_EQ(value_of(header, "OWN_BASE_URL"), "http://127.0.0.1:4711/own");
}

}  // namespace
}  // namespace phantom
