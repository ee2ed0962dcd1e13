#include "vault/detect.h"

#include "vault/value_look.h"

#include <gtest/gtest.h>

#include <string>

namespace phantom {
namespace {

struct DetectCase {
  std::string name;
  std::string value;
};

// Random-looking and worthless.
const std::string kFill = "Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp9Oo8Nn7";
const std::string kHexFill = "0123456789abcdef0123456789abcdef01234567";

std::string base64url_of(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    count += 8;
    while (count >= 6) {
      count -= 6;
      out.push_back(kDigits[(bits >> count) & 63U]);
    }
  }
  if (count > 0) out.push_back(kDigits[(bits << (6 - count)) & 63U]);
  return out;
}

std::string jwt_with(std::string_view claims) {
  return base64url_of("{\"alg\":\"HS256\"}") + "." + base64url_of(claims) + ".c2lnbmF0dXJl";
}

void expect_class(ValueClass wanted, const std::vector<DetectCase>& cases) {
  for (const DetectCase& test : cases) {
    const Classification got = classify(test.name, test.value);
    EXPECT_EQ(got.value_class, wanted) << test.name << "=" << test.value << ": " << got.reason;
    EXPECT_FALSE(got.reason.empty());
  }
}

TEST(Detect, KnowsVendorsKeysUnderAnyName) {
  const std::string prefixes[] = {
      "sk-ant-api03-", "sk-proj-",    "sk-",    "sk_live_", "sk_test_", "rk_live_", "ghp_",
      "gho_",          "github_pat_", "glpat-", "xoxb-",    "xoxp-",    "gsk_",     "hf_",
      "npm_",          "r8_",         "pplx-",  "lin_api_", "ntn_",     "hvs.",     "sntrys_",
      "SG.",           "sq0atp-",     "shpat_", "whsec_"};
  for (const std::string& prefix : prefixes) {
    const Classification got = classify("NEUTRAL", prefix + kFill);
    EXPECT_EQ(got.value_class, ValueClass::kSecret) << prefix;
    EXPECT_EQ(got.confidence, Confidence::kHigh) << prefix;
  }
  expect_class(ValueClass::kSecret, {{"X", "AKIA" + std::string("ABCDEFGHIJKLMNOP")},
                                     {"X", "AIza" + kFill.substr(0, 35)},
                                     {"X", "dop_v1_" + kHexFill},
                                     {"X", "Bearer " + kFill}});
}

TEST(Detect, NamesSayPasswordOrKey) {
  expect_class(ValueClass::kSecret, {{"DB_PASSWORD", "short"},
                                     {"DB_PASSWORD", "12345"},
                                     {"SMTP_PASS", "hunter"},
                                     {"MYSQL_PWD", "x"},
                                     {"OPENAI_API_KEY", "example-not-a-real-key-000"},
                                     {"apiKey", "example-not-a-real-key-000"},
                                     {"JWT_SECRET", "example words"},
                                     {"client-secret", "example-not-real"},
                                     {"SESSION_TOKEN", "example-not-real"},
                                     {"AWS_SECRET_ACCESS_KEY", "example/not/a/real/key"},
                                     {"STRIPE_KEY", "example-not-a-real-key-000"},
                                     {"GOOGLE_CREDENTIALS", "example-not-real"},
                                     {"REDIS_AUTH", "example-not-1-real"}});
}

TEST(Detect, UrlsWithCredentialsAreSecrets) {
  expect_class(ValueClass::kSecret,
               {{"DATABASE_URL", "postgres://app:example@db.example.com:5432/app"},
                {"MONGODB_URI", "mongodb+srv://app:example@cluster.example.com/app"},
                {"REDIS_URL", "redis://:example@localhost:6379"},
                {"X", "postgres://app:ex/am#ple@db.example.com/app"},
                {"SENTRY_DSN", "https://0a1b2c3d4e5f60718293a4b5c6d7e8f9@o1.ingest.example.com/2"},
                {"HOOK", "https://hooks.slack.com/services/T0/B0/example"},
                {"FEED", "https://example.com/feed?user=1&api_key=example"},
                {"NEXT_PUBLIC_DB", "postgres://app:example@db.example.com/app"},
                {"CONNECTION", "Server=db;User Id=app;Password=example;"},
                {"STORAGE", "AccountName=a;AccountKey=example==;"}});
  expect_class(ValueClass::kPlain, {{"DATABASE_URL", "postgres://localhost:5432/app"},
                                    {"DATABASE_URL", "file:./dev.db"},
                                    {"DATABASE_URL", "postgres://app:${DB_PASSWORD}@localhost/app"},
                                    {"REPO", "git@github.com:example/project.git"},
                                    {"REPO", "ssh://git@github.com/example/project.git"},
                                    {"HOMEPAGE", "https://example.com/@someone"},
                                    {"PROXY", "http://localhost:8080/path@2x"},
                                    {"PAGE", "https://example.com/?q=tokens&page=2"},
                                    {"NOTE", "set Password=; later"}});
}

TEST(Detect, PrivateKeysAreSecretsAndPublicOnesAreNot) {
  expect_class(ValueClass::kSecret,
               {{"X", "-----BEGIN RSA PRIVATE KEY-----\nexample\n-----END RSA PRIVATE KEY-----"},
                {"X", "{\"type\":\"service_account\",\"private_key\":\"example\"}"},
                {"X", jwt_with("{\"sub\":\"1\"}")},
                {"VITE_KEY", jwt_with("{\"role\":\"service_role\"}")},
                {"SUPABASE_KEY", jwt_with("{\"role\":\"anon\"}")}});
  expect_class(ValueClass::kPlain,
               {{"SIGNING_KEY", "-----BEGIN PUBLIC KEY-----\nexample\n-----END PUBLIC KEY-----"},
                {"CA_KEY", "-----BEGIN CERTIFICATE-----\nexample\n-----END CERTIFICATE-----"}});
  expect_class(ValueClass::kPublic,
               {{"NEXT_PUBLIC_SUPABASE_ANON_KEY", jwt_with("{\"role\": \"anon\"}")}});
}

TEST(Detect, PublicPrefixesArePublicUnlessTheValueSaysOtherwise) {
  expect_class(ValueClass::kPublic, {{"NEXT_PUBLIC_API_KEY", "example-not-a-real-key-000"},
                                     {"VITE_TOKEN", "example-not-a-real-key-000"},
                                     {"REACT_APP_GOOGLE_KEY", "AIza" + kFill.substr(0, 35)},
                                     {"STRIPE_KEY", "pk_live_" + kFill}});
  expect_class(ValueClass::kSecret,
               {{"NEXT_PUBLIC_KEY", "sk_live_" + kFill}, {"VITE_OPENAI", "sk-proj-" + kFill}});
}

// The false positives of the predecessor's substring rules.
TEST(Detect, WordsThatOnlyContainKeyOrTokenAreNotSecrets) {
  expect_class(ValueClass::kPlain, {{"MAX_TOKENS", "4096"},
                                    {"AUTHOR", "Ada Example"},
                                    {"AUTHOR", "ada.example.of.the.example.company"},
                                    {"AUTH_ENABLED", "true"},
                                    {"KEYBOARD_LAYOUT", "us-intl"},
                                    {"TOKENIZERS_PARALLELISM", "false"},
                                    {"MONKEY", "banana"},
                                    {"API_KEY", ""},
                                    {"PASSWORD", ""},
                                    {"SECRET", "${OTHER_SECRET}"},
                                    {"JWT_SECRET", "$OTHER"},
                                    {"TOKEN_TTL", "3600"},
                                    {"PASSWORD_MIN_LENGTH", "12"},
                                    {"PASSWORD_FILE", "/run/secrets/db"},
                                    {"PUBLIC_KEY_ID", "example-key"},
                                    {"SORT_KEY", "created_at"},
                                    {"PRIMARY_KEY", "id"},
                                    {"AUTH_URL", "https://login.example.com"},
                                    {"API_KEY", "<your key here>"},
                                    {"API_KEY", "your-api-key"},
                                    {"PWD", "/home"},
                                    {"API_KEY", "phm_" + std::string(64, '0')}});
}

TEST(Detect, LongWordsDigestsAndIdsAreNotSecrets) {
  expect_class(ValueClass::kPlain,
               {{"GIT_SHA", kHexFill},
                {"COMMIT", kHexFill},
                {"IMAGE", "registry.example.com/team/service-name:2026-11-23-build-17"},
                {"SLUG", "a-very-long-name-with-many-words-in-it-and-more"},
                {"MODEL", "claude-sonnet-4-5-20250929"},
                {"TENANT", "123e4567-e89b-42d3-a456-426614174000"},
                {"TITLE", "A sentence of some length, with 3 numbers 4 5"},
                {"FILE", "./some/path/to/AFile-2.json"},
                {"PORT", "8080"},
                {"HOST", "db-1.internal.example.com"},
                {"FEATURES", "alpha,beta,gamma,delta,epsilon,zeta"},
                {"PHONE", "+1-202-555-0100"},
                {"EMAIL", "someone.with.a.long.name@mail.example.com"},
                {"ORIGINS", "http://localhost:3000,http://localhost:5173"}});
}

// The false negatives.
TEST(Detect, RandomValuesUnderNeutralNamesAreSecrets) {
  expect_class(ValueClass::kSecret, {{"NEUTRAL", kFill},
                                     {"NEUTRAL", kHexFill},
                                     {"NEUTRAL", "Xk9#mP2$vL8@qR5!"},
                                     {"NEUTRAL", "aB3+dE6/gH9+jK2/mN5+pQ8/sT1+vW4="},
                                     {"NEUTRAL", "q8w7e6r5t4y3u2i1o0p9a8s7d6f5g4h3"}});
}

TEST(Detect, ReasonsNeverHoldTheValue) {
  const std::string value = "example-not-a-real-key-000";
  EXPECT_EQ(classify("API_KEY", value).reason.find("example"), std::string_view::npos);
}

TEST(Detect, EntropyIsShannons) {
  EXPECT_DOUBLE_EQ(shannon_entropy(""), 0.0);
  EXPECT_DOUBLE_EQ(shannon_entropy("aaaa"), 0.0);
  EXPECT_DOUBLE_EQ(shannon_entropy("abab"), 1.0);
  EXPECT_DOUBLE_EQ(shannon_entropy("abcdefgh"), 3.0);
}

}  // namespace
}  // namespace phantom
