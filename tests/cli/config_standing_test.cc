#include "cli/config_standing.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

ProjectConfig config_of(const std::string& services) {
  auto config =
      parse_config("[phantom]\nversion = 1\nproject_id = \"0123456789abcdef\"\n" + services);
  EXPECT_TRUE(config.ok()) << config.error().message;
  return *config;
}

std::string own_at(const std::string& host, const std::string& more = "") {
  return "[services.own]\nsecret = \"OWN_API_KEY\"\nhost = \"" + host + "\"\n" + more;
}

AcceptedConfig acceptance_of(const std::string& services) {
  const ProjectConfig config = config_of(services);
  const auto routes = resolve_routes(config);
  EXPECT_TRUE(routes.ok());
  AcceptedConfig accepted;
  accepted.digest = config.digest;
  accepted.routes = accepted_routes_of(routes_needing_acceptance(*routes));
  return accepted;
}

TEST(ConfigStanding, OnlyTheAcceptedContentMayBeUsed) {
  struct Row {
    const char* what;
    std::string accepted;  // empty: nothing ever was
    std::string now;
    ConfigVerdict verdict;
  };
  const std::string a = own_at("api.own.example");
  const std::vector<Row> rows = {
      {"only what ships with phantom", "", "", ConfigVerdict::kNothingToAccept},
      {"a built-in with a default written out", "", "[services.openai]\nbase_path = \"/v1\"\n",
       ConfigVerdict::kNothingToAccept},
      {"never asked", "", a, ConfigVerdict::kNeverAccepted},
      {"this content", a, a, ConfigVerdict::kAccepted},
      {"a comment more", a, a + "# why\n", ConfigVerdict::kTextOnly},
      {"another base path", a, a + "base_path = \"/v2\"\n", ConfigVerdict::kTextOnly},
      {"another host", a, own_at("api.other.example"), ConfigVerdict::kMoved},
      {"another port", a, own_at("api.own.example:8443"), ConfigVerdict::kMoved},
      {"another type", own_at("127.0.0.1:443"), own_at("127.0.0.1:443", "scheme = \"http\"\n"),
       ConfigVerdict::kMoved},
      {"another header", a, own_at("api.own.example", "header = \"X-Key\"\n"),
       ConfigVerdict::kMoved},
      {"another form", a, own_at("api.own.example", "header_format = \"{secret}\"\n"),
       ConfigVerdict::kMoved},
      {"own certificates", a, own_at("api.own.example", "ca_file = \"ca.pem\"\n"),
       ConfigVerdict::kMoved},
      {"one more", a, a + "[services.two]\nsecret = \"TWO\"\nhost = \"two.example\"\n",
       ConfigVerdict::kMoved},
      {"one gone, one left", a + "[services.two]\nsecret = \"TWO\"\nhost = \"two.example\"\n", a,
       ConfigVerdict::kMoved},
      {"all gone", a, "", ConfigVerdict::kNothingToAccept},
      {"never right", "", own_at("webhook.site"), ConfigVerdict::kRefused},
      {"never right, and accepted once", own_at("webhook.site"), own_at("webhook.site"),
       ConfigVerdict::kRefused},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    std::optional<AcceptedConfig> accepted;
    if (!row.accepted.empty()) accepted = acceptance_of(row.accepted);
    const auto standing = judge_config(config_of(row.now), std::move(accepted));
    ASSERT_TRUE(standing.ok()) << standing.error().message;
    EXPECT_EQ(standing->verdict, row.verdict) << config_verdict_name(standing->verdict);
    EXPECT_EQ(standing->may_be_used(), row.verdict == ConfigVerdict::kAccepted ||
                                           row.verdict == ConfigVerdict::kNothingToAccept);
    for (const Route& route : standing->routes) {
      if (!standing->may_be_used() && route.service == "own") {
        EXPECT_EQ(route.consent, Consent::kNeeded);
      }
    }
  }
}

TEST(ConfigStanding, RefusalsNameTheSecretsThatWouldHaveGone) {
  const auto standing =
      judge_config(config_of(own_at("webhook.site") +
                             "[services.two]\nsecret = \"TWO\"\nhost = \"two.example\"\n"),
                   std::nullopt);
  ASSERT_TRUE(standing.ok());
  EXPECT_EQ(standing->secret_names(), (std::vector<std::string>{"OWN_API_KEY", "TWO"}));
}

TEST(ConfigStanding, TextOfTheFileIsEscapedWhereItIsShown) {
  const auto standing = judge_config(
      config_of(own_at("api.own.example", "header_format = \"\u202e{secret}\"\n")), std::nullopt);
  if (!standing.ok()) return;  // refused altogether
  for (const std::string& line : config_lines(*standing)) {
    EXPECT_EQ(line.find("\xe2\x80\xae"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace phantom
