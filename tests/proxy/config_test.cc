#include "proxy/config.h"

#include "events/sha256.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::string_view kConfigHead =
    "[phantom]\nversion = 1\nproject_id = \"0123456789abcdef\"\n";

std::string with_service(std::string_view lines) {
  return std::string(kConfigHead) + "[services.acme]\n" + std::string(lines);
}

TEST(Config, FreshFileParses) {
  const std::string text = default_config_text("abcdefghij-0123456789");
  const Result<ProjectConfig> config = parse_config(text);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->project_id, "abcdefghij-0123456789");
  EXPECT_TRUE(config->services.empty());
  EXPECT_EQ(config->digest, sha256(as_bytes(text)));
}

TEST(Config, ReadsAService) {
  const Result<ProjectConfig> config = parse_config(with_service(
      "secret = \"ACME_KEY\"\nhost = \"API.Acme.com.:8443\"\nscheme = \"https\"\n"
      "header = \"X-Key\"\nheader_format = \"k={secret}\"\nbase_url_env = \"ACME_BASE_URL\"\n"
      "base_path = \"/v1\"\nca_file = \"certs/ca.pem\"\n"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_EQ(config->services.size(), 1U);
  const ServiceConfig& service = config->services[0];
  EXPECT_EQ(service.name, "acme");
  EXPECT_EQ(service.secret_name, "ACME_KEY");
  EXPECT_EQ(service.host, "api.acme.com");
  EXPECT_EQ(service.port, 8443);
  EXPECT_EQ(service.header_format, "k={secret}");
  EXPECT_EQ(service.base_path, "/v1");
}

TEST(Config, ReadsThePredecessorsWords) {
  const Result<ProjectConfig> config = parse_config(
      "[phantom]\nversion = \"1\"\nproject_id = \"0123456789abcdef\"\n"
      "[services.acme]\nsecret_key = \"ACME_KEY\"\npattern = \"api.acme.com\"\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->services[0].secret_name, "ACME_KEY");
  EXPECT_EQ(config->services[0].host, "api.acme.com");
}

struct BadConfig {
  std::string text;
  const char* says;
};

TEST(Config, RefusesWithTheLine) {
  const std::string head(kConfigHead);
  const std::vector<BadConfig> cases = {
      {"[phantom\n", "line 1"},
      {"", "no [phantom] table"},
      {"[phantom]\nversion = 1\n", "no project_id"},
      {"[phantom]\nproject_id = \"0123456789abcdef\"\n", "no version"},
      {"[phantom]\nversion = 2\nproject_id = \"0123456789abcdef\"\n", "line 2"},
      {"[phantom]\nversion = 1\nproject_id = \"../../other\"\n", "line 3"},
      {"[phantom]\nversion = 1\nproject_id = \"short\"\n", "line 3"},
      {head + "proxy = true\n", "line 4: \"proxy\""},
      {head + "[upstream]\nhost = \"a\"\n", "line 4: \"upstream\""},
      {head + "[services]\nacme = 3\n", "line 5"},
      {head + "[services.\"a/b\"]\nsecret = \"A\"\n", "line 4"},
      {with_service("secrets = \"A\"\n"), "line 5: \"secrets\""},
      {with_service("secret = 3\n"), "must be a string"},
      {with_service("secret = \"A B\"\n"), "line 5"},
      {with_service("secret = \"A\"\nsecret_key = \"B\"\n"), "second time"},
      {with_service("host = \"*.acme.com\"\n"), "not a host"},
      {with_service("host = \"user@acme.com\"\n"), "not a host"},
      {with_service("host = \"https://acme.com\"\n"), "line 5"},
      {with_service("host = \"acme.com/path\"\n"), "not a host"},
      {with_service("host = \"acme.com:0\"\n"), "port"},
      {with_service("host = \"acme.com:65536\"\n"), "port"},
      {with_service("host = \"2130706433\"\n"), "not a host"},
      {with_service("host = \"0x7f.1\"\n"), "not a host"},
      {with_service("host = \"127.1\"\n"), "not a host"},
      {with_service("host = \"0177.0.0.1\"\n"), "not a host"},
      {with_service("host = \"acme.com\"\nscheme = \"http\"\n"), "loopback"},
      {with_service("host = \"localhost\"\nscheme = \"http\"\n"), "loopback"},
      {with_service("scheme = \"ftp\"\n"), "https"},
      {with_service("header = \"X Key\"\n"), "line 5"},
      {with_service("header = \"Host\"\n"), "line 5"},
      {with_service("header = \"content_length\"\n"), "line 5"},
      {with_service("header = \"Transfer-Encoding\"\n"), "line 5"},
      {with_service("header_format = \"Bearer\"\n"), "{secret}"},
      {with_service("header_format = \"{secret}{secret}\"\n"), "{secret}"},
      {with_service("header_format = \"a\\r\\nb {secret}\"\n"), "header"},
      {with_service("base_url_env = \"PATH\"\n"), "line 5"},
      {with_service("base_url_env = \"LD_PRELOAD\"\n"), "line 5"},
      {with_service("base_url_env = \"HTTPS_PROXY\"\n"), "line 5"},
      {with_service("base_path = \"v1\"\n"), "line 5"},
      {with_service("base_path = \"/v1/\"\n"), "line 5"},
      {with_service("base_path = \"/../x\"\n"), "line 5"},
      {with_service("ca_file = \"/etc/passwd\"\n"), "line 5"},
      {with_service("ca_file = \"../ca.pem\"\n"), "line 5"},
  };
  for (const BadConfig& test : cases) {
    SCOPED_TRACE(test.text);
    const Result<ProjectConfig> config = parse_config(test.text);
    ASSERT_FALSE(config.ok());
    EXPECT_NE(config.error().message.find(test.says), std::string::npos) << config.error().message;
  }
}

TEST(Config, HostsHaveOneForm) {
  EXPECT_EQ(*canonical_host("API.Example.COM."), "api.example.com");
  EXPECT_EQ(*canonical_host("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(*canonical_host("::1"), "::1");
  EXPECT_EQ(*canonical_host("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_EQ(*canonical_host("2001:DB8::00ff"), "2001:db8::ff");
  EXPECT_FALSE(canonical_host("1::2::3").ok());
  EXPECT_FALSE(canonical_host(":::").ok());
  EXPECT_FALSE(canonical_host("fe80::1%eth0").ok());
  EXPECT_FALSE(canonical_host("ex\xc3\xa4mple.com").ok());
  EXPECT_FALSE(canonical_host("a..b").ok());
  EXPECT_FALSE(canonical_host("").ok());
  EXPECT_FALSE(canonical_host("a.com..").ok());
  EXPECT_TRUE(is_loopback_literal("127.0.0.1"));
  EXPECT_TRUE(is_loopback_literal("::1"));
  EXPECT_FALSE(is_loopback_literal("localhost"));
  EXPECT_FALSE(is_loopback_literal("127.evil.com"));
}

TEST(Config, ProjectIsFoundUpward) {
  const std::filesystem::path root =
      std::filesystem::path(testing::TempDir()) / ("phantom-config-" + std::to_string(::getpid()));
  std::filesystem::create_directories(root / "a" / "b");
  EXPECT_FALSE(find_project(root / "a" / "b").ok());
  std::ofstream(root / kConfigFile) << default_config_text("0123456789abcdef");
  const Result<std::filesystem::path> found = find_project(root / "a" / "b");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, root / kConfigFile);
  EXPECT_TRUE(read_project(*found).ok());
  std::filesystem::remove_all(root);
}

TEST(Config, MalformedTomlIsAnErrorWhateverTheLibraryThinksOfIt) {
  const std::string good = default_config_text("0123456789abcdef");
  for (const std::string_view line :
       {"a = \"/ \"ca.pem\"", "a = 1 \"b\" = 2", "a.\"\"\"b\"\"\" = 1"}) {
    const Result<ProjectConfig> config = parse_config(good + "\n" + std::string(line) + "\n");
    ASSERT_FALSE(config.ok()) << line;
    EXPECT_EQ(config.error().code, Code::kInvalid);
  }
}

TEST(Config, LettersOutsideAsciiStandInStringsAndCommentsOnly) {
  const std::string good = default_config_text("0123456789abcdef");
  const std::string file = "caf\xc3\xa9 \xef\xb4\x80.pem";
  const Result<ProjectConfig> config = parse_config(
      good + "# caf\xc3\xa9\n[services.a]\nca_file = \"" + file + "\" # caf\xc3\xa9\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(*config->services[0].ca_file, file);
  // Greek, Hebrew presentation forms, a variation selector: each another branch of the library.
  for (const std::string_view letter : {"\xc3\xa9", "\xcf\x9e", "\xef\xac\xa6", "\xef\xb8\x8f"}) {
    for (const std::string& line :
         {std::string(letter) + " = 1", "a" + std::string(letter) + " = 1",
          "a = 1e" + std::string(letter), "a = 1 " + std::string(letter)}) {
      const Result<ProjectConfig> refused = parse_config(good + line + "\n");
      ASSERT_FALSE(refused.ok()) << line;
      EXPECT_EQ(refused.error().code, Code::kInvalid);
    }
  }
}

TEST(Config, TablesDeeperThanTheStackAreRefused) {
  std::string deep = "a";
  for (int i = 0; i < 120'000; ++i) deep += ".a";
  for (const std::string& text : {deep + " = 1\n", "[" + deep + "]\n"}) {
    const Result<ProjectConfig> config = parse_config(text);
    ASSERT_FALSE(config.ok());
    EXPECT_EQ(config.error().code, Code::kLimit);
  }
}

}  // namespace
}  // namespace phantom
