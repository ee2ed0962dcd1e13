#include "vault/secret_finder.h"

#include "tests/support/seeded_random.h"
#include "tests/support/vault_secret_samples.h"
#include "vault/keyword_automaton.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace phantom {
namespace {

const SecretFinder& finder() {
  static const SecretFinder one;
  return one;
}

std::vector<std::string> rules_in(std::string_view text, TextKind kind = TextKind::kSource) {
  std::vector<std::string> seen;
  finder().find(text, kind, [&](const SecretHit& hit) { seen.emplace_back(hit.rule->id); });
  return seen;
}

std::string token() { return with_crc62("ghp_" + random_text('a', 36, 77)); }

// ---- what is none

TEST(SecretFinder, WordsIdsDigestsAndExamplesAreNone) {
  const std::string hex32 = random_text('h', 32, 1);
  const std::string hex40 = random_text('h', 40, 2);
  const std::string hex64 = random_text('h', 64, 3);
  const std::string mixed = random_text('a', 40, 4);
  const std::string base64 = random_text('a', 64, 5);
  const std::string uuid = "123e4567-e89b-42d3-a456-426614174000";
  const std::vector<std::string> cases = {
      // words that a substring would find
      "task-force-of-the-project-management-office",
      "disk-usage-report-of-the-last-quarter-2026",
      "risk_live_assessment_of_the_year_2026_final",
      "desk-proj-abcdefghijklmnopqrstuvwxyz0123456789abcdefgh",
      "the sk- prefix of a key",
      "mask_test_0123456789abcdefghij",
      "brisk_live_" + random_text('a', 24, 6),
      "ask-ant-api03-and-see",
      "whisk-" + mixed,
      "xghp_" + random_text('a', 36, 7),
      "const helper = makeghp_token();",
      "npm_config_registry=https://registry.npmjs.org",
      "npm_lifecycle_event",
      "npm_package_dependencies_typescript_and_more_names",
      "hf_hub_download(repo_id)",
      "re_compile_all_the_patterns_of_the_module",
      "key-value-store-of-the-application",
      "pat-na1-something",
      "glpat- is the prefix",
      "SG.MAX",
      "AKIAtheBird",
      "AIzawaSample",
      "r8_unorm, r8_snorm, r8_uint",
      "fw_version_of_the_device_in_the_lab",
      "pplx-api",
      "csk-" + random_text('a', 20, 8),
      "dapi" + random_text('c', 32, 8),
      "cio" + random_text('a', 12, 8),
      "EAAA",
      "sl.replace",
      // placeholders and references
      "OPENAI_API_KEY=phm_" + hex64,
      "token = \"phm_" + hex64 + "\"",
      "API_KEY=${OPENAI_API_KEY}",
      "api_key: ${{ secrets.OPENAI_API_KEY }}",
      "api_key = os.environ[\"OPENAI_API_KEY\"]",
      "apiKey: process.env.STRIPE_SECRET_KEY,",
      "token: {{ .Values.github.token }}",
      "password: $(DB_PASSWORD)",
      "secret = config.get('app.secret.key.v2.of.it')",
      // made to be seen
      std::string("AKIAIOSFODNN7") + "EXAMPLE",
      std::string("AKIAI44QH8DHB") + "EXAMPLE",
      std::string("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY") + "EXAMPLEKEY",
      "sk-your-key-here-your-key-here-your-key-here",
      "OPENAI_API_KEY=sk-proj-your-key-here",
      "sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "sk-ant-api03-" + std::string(93, 'x') + "AA",
      "sk-" + std::string(48, '0'),
      "ghp_" + std::string(36, 'x'),
      "ghp_1234567890abcdefghijklmnopqrstuvwxyz",
      "gho_16C7e42F292c6912E7710c838347Ae178B4a",
      "glpat-XXXXXXXXXXXXXXXXXXXX",
      "glpat-<your_token>",
      "hf_" + std::string(34, 'X'),
      "xoxb-your-token-here-and-there-you-go",
      "xoxb-123456789012-1234567890123-" + std::string(24, 'x'),
      "SG.xxxxxxxxxxxxxxxxxxxxxx." + std::string(43, 'x'),
      "sk_test_" + std::string("4eC39HqLyjWDa") + "rjtT1zdp7dc",
      "sk_test_" + std::string("BQokikJOvBiI2") + "HlWgH4olfQ2",
      "AccountKey=" + std::string("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1") +
          "OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
      "api_key = \"example-api-key-0123456789\"",
      "password = \"changeme-changeme-1A\"",
      "token: 'REPLACE_WITH_YOUR_TOKEN_1'",
      "secret: \"<insert-secret-here>\"",
      "AIza" + std::string(35, 'A'),
      "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
      "npm_" + random_text('a', 36, 9),  // no checksum
      // digests, ids and data
      hex32,
      hex40,
      hex64,
      "commit " + hex40,
      "sha256:" + hex64,
      "\"integrity\": \"sha512-" + base64 + "==\"",
      "token_hash = \"" + hex64 + "\"",
      "password_digest: \"" + hex64 + "\"",
      "csrf_token = \"" + hex32 + "\"",
      "etag: \"" + hex32 + "\"",
      uuid,
      "heroku_app_id = \"" + uuid + "\"",
      "request_id: " + uuid,
      "data:image/png;base64," + base64 + base64,
      "cacheKey = \"" + hex32 + "\"",
      "publicKey: \"" + base64 + "\"",
      "ssh-rsa AAAAB3NzaC1yc2E" + base64 + base64 + " me@host",
      "secret_key_hash = \"$2b$12$" + random_text('a', 53, 10) + "\"",
      "password: \"$argon2id$v=19$m=65536,t=3,p=4$" + mixed + "\"",
      "secret: ENC[AES256_GCM,data:" + mixed + "]",
      "secretArn: \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-" + mixed + "\"",
      "token: \"op://vault/item/" + mixed + "\"",
      // names that only speak of secrets
      "max_tokens = 128000",
      "tokenUrl: \"https://login.acme.io/oauth2/v2/token\"",
      "secretName: \"production-database-credentials-v2\"",
      "password_file = \"/run/secrets/db_password_2026\"",
      "keyboardLayout = \"us-intl-with-dead-keys-2\"",
      "tokenizer: \"gpt-4o-mini-2024-07-18-tokenizer\"",
      "errorToken = \"AccessTokenExpiredOrRevokedV2Error\"",
      "secret = generateSecretFromSeed(seed2, \"label\")",
      "if (token == \"" + mixed + "\") return;",
      "token_type = \"urn:ietf:params:oauth:token-type:jwt-2\"",
      "Datadog." + hex32,
      "datadog_dashboard_id: " + hex32,
      "cohere = \"" + mixed + "\"",
      // URLs
      "https://github.com/acme/app/blob/" + hex40 + "/src/main.rs",
      "git@github.com:acme/app.git",
      "https://user@host.acme.io/path",
      "https://acme.io/@someone:else",
      "postgres://postgres:postgres@localhost:5432/app",
      "postgres://app:${DB_PASSWORD}@db.acme.io/app",
      "postgres://user:password@db.acme.io/app",
      "mysql://root:root@mysql:3306/app",
      "redis://:secret@redis:6379/0",
      "amqp://guest:guest@rabbitmq:5672",
      "https://user:pass@example.com/",
      "https://" + hex32 + "@o1.ingest.sentry.io/2",
      "mongodb+srv://<user>:<password>@cluster0.mongodb.net",
      "http://127.0.0.1:8080/@vite/client",
      "Server=localhost;Password=devpass1;",
      "?password=hunter2andmore",
      // keys that are none
      "-----BEGIN PUBLIC KEY-----\n" + base64 + "\n-----END PUBLIC KEY-----",
      "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----",
      "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
      "re.compile(r'-----BEGIN (RSA |EC )?PRIVATE KEY-----')",
      "if (text.startsWith(\"-----BEGIN PRIVATE KEY-----\")) parse(text);",
      "age1" + random_text('l', 58, 11),
      // tokens for browsers, and the one of every introduction
      random_jwt("{\"role\":\"anon\",\"iss\":\"supabase\"}", 12),
      random_jwt("{\"sub\":\"1234567890\",\"name\":\"John Doe\"}", 13),
      "eyJhbGciOiJub25lIn0.eyJub3RoaW5nIjp0cnVlfQ.",
      "pk_live_" + random_text('a', 24, 14),
      "sb_publishable_" + random_text('a', 30, 15),
      // inside of data
      base64 + "/AKIA" + random_text('B', 16, 16) + "/" + base64,
      base64 + token() + base64,
  };
  EXPECT_GE(cases.size(), 100U);
  for (const std::string& text : cases) {
    for (const TextKind kind : {TextKind::kSource, TextKind::kConfig}) {
      const auto seen = rules_in(text, kind);
      EXPECT_TRUE(seen.empty()) << seen.front() << " in " << text;
    }
  }
}

TEST(SecretFinder, LockFilesMapsAndMinifiedCodeCountForShapesOnly) {
  const std::string line = "api_secret = \"" + random_text('a', 40, 1) + "\"";
  EXPECT_EQ(rules_in(line, TextKind::kSource), std::vector<std::string>{"generic-secret"});
  EXPECT_TRUE(rules_in(line, TextKind::kGenerated).empty());
  EXPECT_EQ(rules_in(token(), TextKind::kGenerated), std::vector<std::string>{"github-pat"});
  const std::string filler(1'500, ';');
  EXPECT_TRUE(rules_in(filler + line + filler).empty());
  for (const char* path : {"package-lock.json", "web/yarn.lock", "go.sum", "dist/app.min.js",
                           "dist/app.js.map", "Cargo.lock", "a/b/icon.svg"}) {
    EXPECT_EQ(text_kind_of(path), TextKind::kGenerated) << path;
  }
  for (const char* path : {".env", ".env.local", "deploy/values.yaml", "Dockerfile", "app.ini"}) {
    EXPECT_EQ(text_kind_of(path), TextKind::kConfig) << path;
  }
  EXPECT_EQ(text_kind_of("src/app.ts"), TextKind::kSource);
}

// ---- what is one

TEST(SecretFinder, GenericSecretsNeedANameAndARandomLook) {
  const std::string value = random_text('a', 32, 3);
  for (const std::string& line :
       {"client_secret = '" + value + "'", "\"apiKey\": \"" + value + "\"",
        "const token: string = \"" + value + "\";", "token := \"" + value + "\"",
        "os.Setenv(\"SERVICE_TOKEN\", \"" + value + "\")", "\"secret\" => \"" + value + "\"",
        "<password>" + value + "</password>", "{\\\"token\\\": \\\"" + value + "\\\"}",
        "- name: SERVICE_TOKEN\n  value: \"" + value + "\"",
        "\"name\": \"SERVICE_TOKEN\",\n   \"value\": \"" + value + "\""}) {
    const TextKind kind = line[0] == '<' ? TextKind::kConfig : TextKind::kSource;
    EXPECT_EQ(rules_in(line, kind), std::vector<std::string>{"generic-secret"}) << line;
  }
  EXPECT_EQ(rules_in("SERVICE_TOKEN=" + value, TextKind::kConfig),
            std::vector<std::string>{"generic-secret"});
  EXPECT_TRUE(rules_in("SERVICE_TOKEN=" + value, TextKind::kSource).empty());
  EXPECT_TRUE(rules_in("colour = \"" + value + "\"").empty());
}

TEST(SecretFinder, ANameTellsAProvidersKeyFromAnothers) {
  const std::string hex = random_text('h', 32, 4);
  EXPECT_EQ(rules_in("DD_API_KEY=" + hex), std::vector<std::string>{"datadog-api-key"});
  EXPECT_EQ(rules_in("TWILIO_AUTH_TOKEN=" + hex), std::vector<std::string>{"twilio-auth-token"});
  EXPECT_EQ(rules_in("CLERK_SECRET_KEY=sk_live_" + random_text('a', 42, 5)),
            std::vector<std::string>{"clerk-secret-key"});
  EXPECT_EQ(rules_in("MY_TOKEN=\"" + token() + "\""), std::vector<std::string>{"github-pat"});
}

TEST(SecretFinder, PasswordsInUrlsCountByWhereTheyLead) {
  const std::string strong = random_text('a', 24, 6);
  EXPECT_EQ(rules_in("postgres://app:s3cr3t-"
                     "pw@db.acme.io/app"),
            std::vector<std::string>{"postgres-url"});
  EXPECT_TRUE(rules_in("postgres://app:s3cr3t-pw@localhost/app").empty());
  EXPECT_EQ(rules_in("postgres://app:" + strong + "@localhost/app"),
            std::vector<std::string>{"postgres-url"});
  EXPECT_EQ(rules_in("https://x:" + token() + "@github.com/acme/app"),
            std::vector<std::string>{"github-pat"});
  EXPECT_EQ(rules_in("git+https://me:" + strong + "@git.acme.io/app"),
            std::vector<std::string>{"url-password"});
  EXPECT_EQ(rules_in("Server=db.acme.io;Pass"
                     "word=s3cr3t-pw;"),
            std::vector<std::string>{"connection-password"});
}

TEST(SecretFinder, PrivateKeysAreFoundInFilesStringsAndJson) {
  const std::string pem = random_pem("RSA PRIVATE KEY", 7);
  std::string escaped;
  for (const char c : pem) escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  std::string quoted;
  for (const char c : pem) quoted += c == '\n' ? std::string("\\n\" +\n  \"") : std::string(1, c);
  for (const std::string& text :
       {pem, "{\"private_key\": \"" + escaped + "\"}", "key = \"" + quoted + "\"",
        random_pem("OPENSSH PRIVATE KEY", 8)}) {
    EXPECT_EQ(rules_in(text), std::vector<std::string>{"private-key"}) << text;
  }
}

TEST(SecretFinder, ACommentOnTheLineAllows) {
  EXPECT_TRUE(rules_in("key = \"" + token() + "\"  # phantom:allow").empty());
  EXPECT_TRUE(rules_in("/* gitleaks:allow */ key = \"" + token() + "\"").empty());
  EXPECT_EQ(rules_in("# phantom:allow\nkey = \"" + token() + "\"").size(), 1U);
  EXPECT_TRUE(rules_in("# phantom:allow " + random_pem("PRIVATE KEY", 3)).empty());
}

TEST(SecretFinder, PlacesAreLinesAndColumnsInCharacters) {
  const std::string text =
      "one\r\ntwo\n  gr\xc3\xbc\xc3\x9f = \"" + token() + "\" + 'x'\n" + token();
  std::vector<SecretHit> hits;
  finder().find(text, TextKind::kSource, [&](const SecretHit& hit) { hits.push_back(hit); });
  ASSERT_EQ(hits.size(), 2U);
  EXPECT_EQ(hits[0].line, 3U);
  EXPECT_EQ(hits[0].column, 11U);
  EXPECT_EQ(hits[0].column_end, 51U);
  EXPECT_EQ(hits[0].offset, text.find("ghp_"));
  EXPECT_EQ(hits[1].line, 4U);
  EXPECT_EQ(hits[1].column, 1U);
}

// ---- pieces

struct Place {
  std::string rule;
  std::uint64_t offset, line, column;
  bool operator==(const Place&) const = default;
};

std::vector<Place> places_in(std::string_view text, std::size_t piece) {
  std::vector<Place> places;
  SecretStream stream(finder(), TextKind::kSource, [&](const SecretHit& hit) {
    places.push_back({std::string(hit.rule->id), hit.offset, hit.line, hit.column});
  });
  while (!text.empty()) {
    stream.feed(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
  }
  stream.finish();
  return places;
}

// A stream looks in windows of 256 KiB and what stands around them. The value stands at every
// offset from before the first border to behind it, and is found there once.
TEST(SecretFinder, AValueIsFoundAtEveryOffsetOfAWindowsBorder) {
  const std::string value = "k = \"" + token() + "\"";
  const std::size_t window = 256 * 1'024 + kLookBehind;
  std::string text(window + 2 * kLookAhead, ' ');
  for (std::size_t i = 79; i < text.size(); i += 80) text[i] = '\n';
  for (std::size_t at = window - 60; at < window + 10; ++at) {
    std::string one = text;
    one.replace(at, value.size(), value);
    const auto places = places_in(one, one.size());
    ASSERT_EQ(places.size(), 1U) << at;
    ASSERT_EQ(places[0].offset, at + 5) << at;
  }
}

TEST(SecretFinder, PiecesOfAnySizeGiveTheSameFindings) {
  SeededRandom random(5);
  std::string text;
  std::uint64_t seed = 0;
  while (text.size() < 600'000) {
    text += std::string(random.below(3'000), 'w');
    text += random.below(2) == 0 ? "\n" : " ";
    const auto rules = secret_rules();
    text += sample_of(rules[random.below(rules.size())], ++seed).line + "\n";
  }
  const auto whole = places_in(text, text.size());
  EXPECT_GT(whole.size(), 150U);
  for (const std::size_t piece : {std::size_t{1'000}, std::size_t{65'536}, std::size_t{300'001}}) {
    EXPECT_EQ(places_in(text, piece), whole) << piece;
  }
  // Lines are those that counting from the start gives.
  for (const Place& place : whole) {
    const auto lines =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place.offset), '\n');
    ASSERT_EQ(place.line, static_cast<std::uint64_t>(lines) + 1);
  }
}

TEST(SecretFinder, BinaryFilesAreLeftOut) {
  std::string text = "ELF";
  text += '\0';
  text += token();
  SecretStream stream(finder(), TextKind::kSource, [](const SecretHit&) { FAIL(); });
  stream.feed(text);
  stream.finish();
  EXPECT_TRUE(stream.is_binary());
}

// ---- the automaton beside a search for each word

TEST(KeywordAutomaton, FindsWhatASearchForEachWordFinds) {
  SeededRandom random(9);
  for (int round = 0; round < 200; ++round) {
    std::set<std::string> set;
    while (set.size() < 6) {
      std::string word;
      for (std::size_t n = 1 + random.below(4); n > 0; --n)
        word += static_cast<char>('a' + random.below(3));
      set.insert(word);
    }
    const std::vector<std::string> words(set.begin(), set.end());
    std::string text;
    while (text.size() < 60) {
      const char c = static_cast<char>('a' + random.below(4));
      text += random.below(2) == 0 ? c : static_cast<char>(c - 'a' + 'A');
    }
    std::string lower = text;
    for (char& c : lower) c = static_cast<char>(c | 0x20);
    std::set<std::pair<std::size_t, std::size_t>> wanted;
    for (std::size_t word = 0; word < words.size(); ++word) {
      for (std::size_t at = lower.find(words[word]); at != std::string::npos;
           at = lower.find(words[word], at + 1)) {
        wanted.insert({at, word});
      }
    }
    std::set<std::pair<std::size_t, std::size_t>> got;
    KeywordAutomaton(words).walk(text, [&](std::uint32_t word, std::size_t at) {
      got.insert({at, word});
    });
    ASSERT_EQ(got, wanted) << text;
  }
}

}  // namespace
}  // namespace phantom
