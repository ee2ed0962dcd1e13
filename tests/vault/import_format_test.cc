#include "vault/import_format.h"

#include "vault/secret_json.h"
#include "vault/vault_file.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

// "NAME=value ..." of what was taken, then "-LABEL" of what was not; or the code of the error.
std::string imported(std::string_view format, std::string_view text) {
  const ImportFormat* found = find_import_format(format);
  if (found == nullptr) return "no such format";
  const auto batch = found->parse(text);
  if (!batch.ok()) {
    EXPECT_EQ(batch.error().message.find("real-value"), std::string::npos)
        << "the error shows a value: " << batch.error().message;
    return code_name(batch.error().code);
  }
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : " ") + part; };
  for (const ImportedSecret& each : batch->secrets) {
    add(each.name + "=" + std::string(each.value.text()));
  }
  for (const std::string& each : batch->skipped) add("-" + each);
  return out;
}

struct ImportRow {
  const char* format;
  const char* text;
  const char* wanted;
};

TEST(ImportFormats, ReadWhatEachProgramWrites) {
  const std::vector<ImportRow> rows = {
      {"dotenv", "# note\nB=2\nA='one two'\nexport C=\"x\\ny\"\n", "A=one two B=2 C=x\ny"},
      {"dotenv", "A=1\nA=2\n", "A=2"},
      {"dotenv", "A=1\nE=\n", "A=1 -E"},
      {"doppler", R"({"A":"1","DOPPLER_CONFIG":"dev","DOPPLER_PROJECT":"p"})",
       "A=1 -DOPPLER_CONFIG -DOPPLER_PROJECT"},
      {"doppler", R"({"A":{"raw":"${B}","computed":"1","note":""},"B":{"raw":"1"}})", "A=1 B=1"},
      {"infisical", R"([{"key":"A","value":"1","type":"shared"},{"key":"B","value":"2"}])",
       "A=1 B=2"},
      {"infisical", R"({"secrets":[{"secretKey":"A","secretValue":"1"}]})", "A=1"},
      {"infisical", "A='1'\nB='2'\n", "A=1 B=2"},
      {"dotenvx", R"({"HELLO":"World","DOTENV_PUBLIC_KEY":"03ab"})",
       "HELLO=World -DOTENV_PUBLIC_KEY"},
      {"dotenvx", "HELLO=World\n", "HELLO=World"},
      {"1password",
       R"({"id":"x","title":"My key","fields":[
         {"id":"username","type":"STRING","purpose":"USERNAME","label":"username","value":"me"},
         {"id":"credential","type":"CONCEALED","label":"API key","value":"1"},
         {"id":"z","type":"STRING","label":"DATABASE_URL","value":"2"},
         {"id":"notesPlain","type":"STRING","purpose":"NOTES","label":"notesPlain"}]})",
       "API_KEY=1 DATABASE_URL=2 -username -notesPlain"},
      {"1password", R"([{"id":"a","type":"CONCEALED","label":"A","value":"1"},
                        {"id":"b","type":"CONCEALED","label":"B","value":"2"}])",
       "A=1 B=2"},
      {"1password", R"({"id":"a","type":"CONCEALED","label":"A","value":"1"})", "A=1"},
      {"env-json", R"({"A":"1","B":"\u00e9\ud83d\ude00\n"})", "A=1 B=é😀\n"},
      {"env-json", "\xEF\xBB\xBF{\"A\":\"1\"}", "A=1"},
  };
  for (const ImportRow& row : rows)
    EXPECT_EQ(imported(row.format, row.text), row.wanted) << row.text;
}

TEST(ImportFormats, RefuseWhatTheyCannotTakeWhole) {
  const std::vector<ImportRow> rows = {
      {"dotenv", "A=1\nreal-value\n", "invalid"},
      {"dotenv", "", "not-found"},
      {"dotenv", "A=phm_0000\n", "invalid"},
      {"doppler", R"(["real-value"])", "invalid"},
      {"doppler", R"({"A":{"raw":null,"computed":null}})", "unsupported"},
      {"infisical", R"([{"key":"A"}])", "invalid"},
      {"infisical", R"({"A":"real-value"})", "invalid"},
      {"infisical", R"([{"key":"A","value":"real-value"},{"key":"A","value":"2"}])", "conflict"},
      {"dotenvx", "DOTENV_PUBLIC_KEY=\"03ab\"\nHELLO=\"encrypted:BDqDBibm\"\n", "unsupported"},
      {"dotenvx", R"({"HELLO":"encrypted:BDqDBibm"})", "unsupported"},
      {"dotenvx", "DOTENV_VAULT_PRODUCTION=\"abc\"\n", "unsupported"},
      {"1password", R"([{"id":"x","title":"My key","category":"LOGIN"}])", "unsupported"},
      {"1password", R"({"A":"real-value"})", "unsupported"},
      {"env-json", R"({"A":1})", "invalid"},
      {"env-json", R"({"A":"real-value","A":"2"})", "invalid"},
      {"env-json", R"({"???":"real-value"})", "invalid"},
      {"env-json", R"({"A":"real-value\u0000"})", "invalid"},
      {"env-json", R"({"a b":"real-value","A_B":"2"})", "conflict"},
      {"env-json", R"({"A":"real-value)", "invalid"},
  };
  for (const ImportRow& row : rows)
    EXPECT_EQ(imported(row.format, row.text), row.wanted) << row.text;
}

TEST(ImportFormats, SayWhichLabelBecameAName) {
  const auto batch = find_import_format("env-json")->parse(R"({"my key!":"1","B":"2"})");
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->secrets[0].name, "B");
  EXPECT_EQ(batch->secrets[0].label, "");
  EXPECT_EQ(batch->secrets[1].name, "MY_KEY");
  EXPECT_EQ(batch->secrets[1].label, "my key!");
}

TEST(ImportFormats, BoundTheSizeOfAValue) {
  const std::string big(kSecretValueBytesMax + 1, 'x');
  EXPECT_EQ(imported("env-json", "{\"A\":\"" + big + "\"}"), "limit");
  EXPECT_EQ(imported("env-json", "{\"A\":\"" + big.substr(1) + "\"}").size(), big.size() + 1);
}

TEST(SecretJson, IsStrict) {
  for (const char* text : {"",          "{",           "[1,]",        "{\"a\":1,}", "01",
                           "1.",        "+1",          "nul",         "\"a\nb\"",   "\"\\x\"",
                           "[1] 2",     "\"\\ud800\"", "\"\\ude00\"", "\"\xff\"",   "\"\xc0\x80\"",
                           "{\"a\" 1}", "'a'",         "// x\n1",     "\"\\",       "\"\\u12"}) {
    EXPECT_FALSE(parse_secret_json(text).ok()) << text;
  }
  for (const char* text : {"null", " [ ] ", "{}", "-0.5e+3", "\"\"", "[[[1]]]", "true", "0"}) {
    EXPECT_TRUE(parse_secret_json(text).ok()) << text;
  }
  EXPECT_EQ(parse_secret_json(std::string(1'000, '[')).error().code, Code::kLimit);
  EXPECT_TRUE(parse_secret_json("true")->truth);
  EXPECT_FALSE(parse_secret_json("false")->truth);
}

}  // namespace
}  // namespace phantom
