#include "cli/child_environment.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom {
namespace {

using Variables = std::vector<std::string>;

constexpr std::string_view kScrubbedValue = "example-not-a-real-key-000";

bool child_has(const ChildEnvironment& child, const std::string& variable) {
  return std::count(child.variables.begin(), child.variables.end(), variable) == 1;
}

TEST(ChildEnvironment, WhatIsUnsetIsNotPassedOn) {
  EnvironmentChange change;
  change.unset = {"DBUS_SESSION_BUS_ADDRESS"};
  const ChildEnvironment child = make_child_environment(
      {"DBUS_SESSION_BUS_ADDRESS=unix:path=/x", "DBUS_SESSION_BUS_ADDRESS_2=y",
       "PHANTOM_VAULT_NEW_PASSPHRASE=example"},
      change);
  EXPECT_EQ(child.variables, (std::vector<std::string>{"DBUS_SESSION_BUS_ADDRESS_2=y"}));
  EXPECT_TRUE(child.dropped.empty());
}

TEST(ChildEnvironment, KeepsWhatIsHarmless) {
  const auto child = make_child_environment({"PATH=/bin", "EMPTY=", "ODD=a=b"}, {});
  EXPECT_EQ(child.variables, (Variables{"PATH=/bin", "EMPTY=", "ODD=a=b"}));
  EXPECT_TRUE(child.dropped.empty());
}

TEST(ChildEnvironment, NeverPassesOnWhatUnlocksVaultOrLedger) {
  const auto child =
      make_child_environment({"PHANTOM_VAULT_PASSPHRASE=x", "PHANTOM_VAULT_KEY_FILE=/k",
                              "PHANTOM_LEDGER_PASSPHRASE=y", "PHANTOM_LEDGER_KEY_FILE=/l",
                              "PHANTOM_PROXY_TOKEN=old", "PHANTOM_PROXY_PORT=1", "PHANTOM_HOME=/h"},
                             {});
  EXPECT_EQ(child.variables, Variables{"PHANTOM_HOME=/h"});
}

TEST(ChildEnvironment, DropsVariablesThatAreOrContainASecret) {
  EnvironmentChange change;
  change.secrets = {kScrubbedValue};
  const auto child = make_child_environment(
      {"A=" + std::string(kScrubbedValue), "B=Bearer " + std::string(kScrubbedValue) + "!",
       "C=example-not-a-real-key-001", std::string(kScrubbedValue) + "=name"},
      change);
  EXPECT_EQ(child.dropped, (Variables{"A", "B"}));
  EXPECT_TRUE(child_has(child, "C=example-not-a-real-key-001"));
}

TEST(ChildEnvironment, ComparesVeryShortSecretsWhole) {
  EnvironmentChange change;
  change.secrets = {"abc", ""};
  const auto child = make_child_environment({"A=abc", "B=xabcx", "C="}, change);
  EXPECT_EQ(child.dropped, Variables{"A"});
  EXPECT_EQ(child.variables, (Variables{"B=xabcx", "C="}));
}

TEST(ChildEnvironment, LetsWhatIsSetReplaceWhatIsInherited) {
  EnvironmentChange change;
  change.set = {{"KEY", "phm_x"}, {"NEW", "1"}, {"NEW", "2"}};
  const auto child = make_child_environment({"KEY=old", "KEY=older"}, change);
  EXPECT_EQ(child.variables, (Variables{"KEY=phm_x", "NEW=2"}));
}

TEST(ChildEnvironment, KeepsLoopbackOutOfAnAmbientProxy) {
  const auto child =
      make_child_environment({"HTTP_PROXY=http://proxy:1", "no_proxy=intern.example"}, {});
  EXPECT_TRUE(child_has(child, "no_proxy=127.0.0.1,localhost,intern.example"));
  EXPECT_TRUE(child_has(child, "NO_PROXY=127.0.0.1,localhost"));
  EXPECT_TRUE(make_child_environment({"A=1"}, {}).variables == Variables{"A=1"});
}

}  // namespace
}  // namespace phantom
