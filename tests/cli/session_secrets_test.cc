#include "cli/session_secrets.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

using Names = std::vector<std::string>;

SecretInfo secret(const std::string& name) {
  SecretInfo info;
  info.name = name;
  info.placeholder = "placeholder of " + name;
  return info;
}

std::vector<Route> routes_for(const Names& names) {
  std::vector<Route> routes;
  for (const std::string& name : names) {
    routes.emplace_back();
    routes.back().secret_name = name;
  }
  return routes;
}

Names placeholder_names(const SecretChoice& choice) {
  Names names;
  for (const EnvironmentVariable& each : choice.placeholders) names.push_back(each.name);
  return names;
}

const std::vector<SecretInfo>& sample() {
  static const std::vector<SecretInfo> secrets = {secret("A"), secret("B"), secret("prod/A"),
                                                  secret("prod/C"), secret("stage/A")};
  return secrets;
}

TEST(SessionSecrets, AreThoseOfOneEnvironment) {
  const auto dev =
      choose_session_secrets(sample(), routes_in("dev", routes_for({"A", "C"})), "dev");
  EXPECT_EQ(dev.routed, (Names{"A"}));
  EXPECT_EQ(dev.others, (Names{"B", "prod/A", "prod/C", "stage/A"}));
  EXPECT_EQ(placeholder_names(dev), (Names{"A", "B"}));
  EXPECT_EQ(dev.placeholders[0].value, "placeholder of A");

  const auto prod =
      choose_session_secrets(sample(), routes_in("prod", routes_for({"A", "C"})), "prod");
  EXPECT_EQ(prod.routed, (Names{"prod/A", "prod/C"}));
  EXPECT_EQ(prod.others, (Names{"A", "B", "stage/A"}));
  EXPECT_EQ(placeholder_names(prod), (Names{"A", "C"}));
  EXPECT_EQ(prod.placeholders[0].value, "placeholder of prod/A");
}

TEST(SessionSecrets, NeverFallBackToAnotherEnvironment) {
  // stage has no B: dev's is not taken for it.
  const auto stage =
      choose_session_secrets(sample(), routes_in("stage", routes_for({"B"})), "stage");
  EXPECT_TRUE(stage.routed.empty());
  EXPECT_EQ(placeholder_names(stage), (Names{"A"}));
  const auto none = choose_session_secrets(sample(), routes_in("test", routes_for({"A"})), "test");
  EXPECT_TRUE(none.routed.empty());
  EXPECT_TRUE(none.placeholders.empty());
  EXPECT_EQ(none.others.size(), sample().size()) << "all are kept from the child";
}

TEST(SessionSecrets, AConfigurationCannotNameAnotherEnvironment) {
  // A route's secret is a plain name; even one with a slash would be one environment deeper.
  const auto routes = routes_in("prod", routes_for({"stage/A"}));
  EXPECT_EQ(routes[0].secret_name, "prod/stage/A");
  EXPECT_TRUE(choose_session_secrets(sample(), routes, "prod").routed.empty());
  const auto dev =
      choose_session_secrets(sample(), routes_in("dev", routes_for({"prod/A"})), "dev");
  EXPECT_TRUE(dev.routed.empty());
}

}  // namespace
}  // namespace phantom
