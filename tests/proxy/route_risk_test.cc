#include "proxy/route_risk.h"

#include "proxy/host_look.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace phantom {
namespace {

Result<ProjectConfig> risk_config(const std::string& services) {
  return parse_config("[phantom]\nversion = 1\nproject_id = \"0123456789abcdef\"\n" + services);
}

std::set<std::string> rules_for(const std::string& services) {
  const Result<ProjectConfig> config = risk_config(services);
  if (!config.ok()) return {"not read: " + config.error().message};
  const Result<std::vector<Route>> routes = resolve_routes(*config);
  if (!routes.ok()) return {"not resolved: " + routes.error().message};
  std::set<std::string> rules;
  for (const RouteRisk& risk : route_risks(*routes)) rules.emplace(risk.rule);
  return rules;
}

// A service nobody knows, sound in every other way.
std::string own_service(const std::string& host, const std::string& more = "") {
  return "[services.own]\nsecret = \"OWN_API_KEY\"\nhost = \"" + host + "\"\n" + more;
}

std::string openai_with(const std::string& more) { return "[services.openai]\n" + more; }

struct RiskCase {
  const char* rule;
  std::string fires;
  std::string near_miss;  // must not
};

TEST(RouteRisk, EachRuleFiresOnItsRiskAndNotOnTheNearMiss) {
  const std::vector<RiskCase> cases = {
      {"metadata-address", own_service("169.254.169.254"), own_service("169.253.169.254")},
      {"metadata-address", own_service("[::ffff:169.254.169.254]"),
       own_service("[2606:4700::6810:1]")},
      {"metadata-address", own_service("[fd00:ec2::254]"), own_service("[fd00:ec3::254]")},
      {"metadata-address", own_service("100.100.100.200"), own_service("100.100.100.201")},
      {"metadata-address", own_service("metadata.google.internal"),
       own_service("metadata.google.example")},
      {"forbidden-address", own_service("169.254.1.1"), own_service("169.255.1.1")},
      {"forbidden-address", own_service("[fe80::1]"), own_service("[2001:4860::1]")},
      {"forbidden-address", own_service("0.0.0.0"), own_service("1.1.1.1")},
      {"forbidden-address", own_service("[::]"), own_service("[::1]")},
      {"public-collector", own_service("abc.webhook.site"),
       own_service("webhook.site.example.com")},
      {"public-collector", own_service("eo123.m.pipedream.net"), own_service("pipedream.com")},
      {"lookalike-host", own_service("api.opena1.com"), own_service("api.opensea.io")},
      {"lookalike-host", own_service("api.rnistral.ai"), own_service("api.minstrel.ai")},
      {"lookalike-host", own_service("api.xn--penai-iye.com"),
       own_service("api.xn--bcher-kva.example")},
      {"lookalike-host", own_service("api.xn--opena-3sa.com"), own_service("xn--mnchen-3ya.de")},
      {"embeds-known-host", own_service("api.openai.com.evil.io"),
       own_service("eu.api.openai.com")},
      {"embeds-known-host", own_service("api-openai.com"), own_service("openai.azure.com")},
      {"embeds-known-host", own_service("api.openai-com.evil.io"), own_service("ai-openers.com")},
      {"embeds-known-host", own_service("api.0penai.com.evil.io"),
       own_service("gateway.example.com")},
      {"mixed-scripts", own_service("xn--penai-iye.com"), own_service("xn--80ajksdg.com")},
      {"mixed-scripts", own_service("xn--a.example"), own_service("xn--bcher-kva.example")},
      {"near-known-host", own_service("api.openia.com"), own_service("api.openapi.org.example")},
      {"near-known-host", own_service("api.openai.net"), own_service("api.own.example")},
      {"near-known-host", own_service("api.githubb.com"), own_service("api.gitlab.com")},
      {"international-host", own_service("xn--bcher-kva.example"), own_service("bucher.example")},
      {"builtin-service-moved", openai_with("host = \"api.own.example\"\n"),
       openai_with("header_format = \"{secret}\"\n")},
      {"builtin-secret-moved",
       "[services.own]\nsecret = \"OPENAI_API_KEY\"\nhost = \"a.example\"\n",
       "[services.own]\nsecret = \"OPENAI_API_KEY\"\nhost = \"api.openai.com\"\n"},
      {"unknown-destination", own_service("api.own.example"),
       openai_with("host = \"api.own.example\"\n")},
      {"other-secret", openai_with("secret = \"STRIPE_SECRET_KEY\"\n"),
       openai_with("host = \"api.own.example\"\n")},
      {"shared-secret",
       own_service("a.own.example") + "[services.two]\nsecret = \"OWN_API_KEY\"\n"
                                      "host = \"b.own.example\"\n",
       own_service("a.own.example") + "[services.two]\nsecret = \"OTHER_API_KEY\"\n"
                                      "host = \"b.own.example\"\n"},
      {"shared-secret", "[services.own]\nsecret = \"OPENAI_API_KEY\"\nhost = \"a.example\"\n",
       own_service("a.own.example") + "[services.two]\nsecret = \"OWN_API_KEY\"\n"
                                      "host = \"a.own.example\"\nheader = \"x-two\"\n"},
      {"connection-string", "[services.db]\nsecret = \"DATABASE_URL\"\nhost = \"a.example\"\n",
       "[services.db]\nsecret = \"DATABASE_URL_SIGNER\"\nhost = \"a.example\"\n"},
      {"connection-string", "[services.db]\nsecret = \"PROD_REDIS_URL\"\nhost = \"a.example\"\n",
       "[services.db]\nsecret = \"WEBHOOK_URL\"\nhost = \"a.example\"\n"},
      {"connection-string", "[services.db]\nsecret = \"SENTRY_DSN\"\nhost = \"a.example\"\n",
       "[services.db]\nsecret = \"DSN_KEY\"\nhost = \"a.example\"\n"},
      {"loopback-host", own_service("127.0.0.1:8443"), own_service("128.0.0.1")},
      {"loopback-host", own_service("[::1]"), own_service("[2606:4700::1]")},
      {"loopback-host", own_service("[::ffff:127.0.0.1]"), own_service("[::ffff:9.9.9.9]")},
      {"loopback-host", own_service("localhost"), own_service("localhost.example.com")},
      {"loopback-host", own_service("dev.localhost."), own_service("mylocalhost.example")},
      {"private-address", own_service("10.1.2.3"), own_service("11.1.2.3")},
      {"private-address", own_service("172.16.0.1"), own_service("172.32.0.1")},
      {"private-address", own_service("192.168.1.1"), own_service("192.169.1.1")},
      {"private-address", own_service("100.64.0.1"), own_service("100.128.0.1")},
      {"private-address", own_service("[fd12:3456::1]"), own_service("[2600::1]")},
      {"private-address", own_service("[::ffff:192.168.1.1]"), own_service("[::ffff:8.8.8.8]")},
      {"local-name", own_service("build.internal"), own_service("internal.example.com")},
      {"local-name", own_service("printer"), own_service("printer.example")},
      {"local-name", own_service("nas.local."), own_service("local.example.com")},
      {"address-literal", own_service("93.184.216.34"), own_service("a93.example")},
      {"anybodys-host", own_service("x.ngrok-free.app"), own_service("ngrok.com")},
      {"anybodys-host", own_service("proxy.me.workers.dev"), own_service("workers.example")},
      {"unusual-port", own_service("api.own.example:8443"), own_service("api.own.example:443")},
      {"unusual-port", openai_with("host = \"api.openai.com:8443\"\n"),
       openai_with("host = \"api.openai.com:443\"\n")},
      {"header-changed", openai_with("header = \"X-Log-Me\"\n"),
       openai_with("header = \"AUTHORIZATION\"\n")},
      {"format-changed", openai_with("header_format = \"{secret}\"\n"),
       openai_with("header_format = \"Bearer {secret}\"\n")},
      {"own-certificates", openai_with("ca_file = \"ca.pem\"\n"), own_service("api.own.example")},
      {"logged-header", own_service("api.own.example", "header = \"User-Agent\"\n"),
       own_service("api.own.example", "header = \"X-Agent\"\n")},
      {"plain-http", own_service("127.0.0.1:8080", "scheme = \"http\"\n"),
       own_service("127.0.0.1:8080")},
  };
  std::set<std::string> seen;
  for (const RiskCase& test : cases) {
    SCOPED_TRACE(std::string(test.rule) + "\n" + test.fires + "\n" + test.near_miss);
    EXPECT_TRUE(rules_for(test.fires).contains(test.rule));
    const std::set<std::string> missed = rules_for(test.near_miss);
    EXPECT_FALSE(missed.contains(test.rule));
    EXPECT_TRUE(missed.empty() || !missed.begin()->starts_with("not ")) << *missed.begin();
    seen.emplace(test.rule);
  }
  for (const RiskRule& rule : risk_rules()) {
    EXPECT_TRUE(seen.contains(std::string(rule.id))) << rule.id << " has no case";
  }
}

TEST(RouteRisk, RulesHaveNamesOfTheirOwnAndSentencesWithoutLineBreaks) {
  std::set<std::string_view> ids;
  for (const RiskRule& rule : risk_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_FALSE(rule.about.empty());
  }
  const auto config = risk_config(own_service("api.openai.com.evil.io"));
  ASSERT_TRUE(config.ok());
  for (const RouteRisk& risk : route_risks(*resolve_routes(*config))) {
    EXPECT_EQ(risk.sentence.find('\n'), std::string::npos);
    EXPECT_EQ(risk.service, "own");
    EXPECT_EQ(risk.secret_name, "OWN_API_KEY");
  }
}

TEST(RouteRisk, RoutesThatShipWithPhantomHaveNone) {
  EXPECT_TRUE(rules_for("").empty());
  EXPECT_TRUE(rules_for(openai_with("base_path = \"/v2\"\n")).empty());
  for (const Route& a : builtin_routes()) {
    for (const Route& b : builtin_routes()) {
      EXPECT_EQ(likeness(a.host, b.host), Likeness::kNone) << a.host << " " << b.host;
    }
    EXPECT_FALSE(mixes_scripts(a.host));
    EXPECT_EQ(decoded_host(a.host), a.host);
  }
}

TEST(RouteRisk, OnlyRefusalsAreNeverRight) {
  const auto config = risk_config(own_service("webhook.site") +
                                  "[services.two]\nsecret = \"TWO_KEY\"\n"
                                  "host = \"api.two.example\"\n");
  ASSERT_TRUE(config.ok());
  const auto refusals = refusals_among(route_risks(*resolve_routes(*config)));
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_EQ(refusals[0].rule, "public-collector");
  EXPECT_EQ(refusals[0].service, "own");
}

// The rest of what a hostile file may try is no configuration at all.
TEST(RouteRisk, WhatIsNoBareHostIsRefusedWithItsLine) {
  const std::vector<std::string> hosts = {"https://api.own.example",
                                          "api.own.example/v1",
                                          "api.own.example?x",
                                          "api.own.example#x",
                                          "user@api.own.example",
                                          "*.own.example",
                                          "",
                                          "2130706433",
                                          "0x7f000001",
                                          "127.1",
                                          "0177.0.0.1",
                                          "api.own.example:0",
                                          "api.own.example:99999",
                                          "fe80::1%eth0",
                                          "b\u00fccher.example",
                                          "api..own.example"};
  for (const std::string& host : hosts) {
    const auto config = risk_config(own_service(host));
    ASSERT_FALSE(config.ok()) << host;
    EXPECT_EQ(config.error().code, Code::kInvalid);
    EXPECT_NE(config.error().message.find("line 6"), std::string::npos) << config.error().message;
  }
  for (const char* more : {"header_format = \"Bearer\"\n", "scheme = \"http\"\n",
                           "secret_type = \"connection_string\"\n", "header = \"Host\"\n",
                           "ca_file = \"/etc/ssl/other.pem\"\n", "ca_file = \"../ca.pem\"\n"}) {
    EXPECT_FALSE(risk_config(own_service("api.own.example", more)).ok()) << more;
  }
}

TEST(HostLook, DecodesThePunycodeOfRfc3492) {
  // Section 7.1, samples (A), (B), (I) and (L).
  EXPECT_EQ(decode_host_label("xn--egbpdaj6bu4bxfgehfvwxn"),
            U"\u0644\u064a\u0647\u0645\u0627\u0628\u062a\u0643\u0644\u0645\u0648\u0634\u0639\u0631"
            U"\u0628\u064a\u061f");
  EXPECT_EQ(decode_host_label("xn--ihqwcrb4cv8a8dqg056pqjye"),
            U"\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587");
  EXPECT_EQ(
      decode_host_label("xn--b1abfaaepdrnnbgefbadotcwatmq2g4l"),
      U"\u043f\u043e\u0447\u0435\u043c\u0443\u0436\u0435\u043e\u043d\u0438\u043d\u0435\u0433"
      U"\u043e\u0432\u043e\u0440\u044f\u0442\u043f\u043e\u0440\u0443\u0441\u0441\u043a\u0438");
  EXPECT_EQ(decode_host_label("xn--bcher-kva"), U"b\u00fccher");
  EXPECT_EQ(decode_host_label("plain"), U"plain");
  EXPECT_EQ(decode_host_label("xn--99999999"), std::nullopt);
  EXPECT_EQ(decode_host_label("xn--a_b"), std::nullopt);
}

}  // namespace
}  // namespace phantom
