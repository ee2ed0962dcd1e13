#include "vault/export_text.h"

#include "events/tags.h"
#include "vault/export_events.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom {
namespace {

SecretsExport sample_export() {
  SecretsExport content;
  content.project = "demo";
  content.exported_ns = 1'790'000'000'000'000'000;
  content.secrets.push_back({"KEY", 3, 1'780'000'000'000'000'000, 1'785'000'000'000'000'001, 0,
                             SecretBytes::copy_of("line one\nline \"two\" é \x1b[31m")});
  content.secrets.push_back({"prod/KEY", 1, 1, 2, 1'800'000'000'000'000'000,
                             SecretBytes::copy_of(std::string_view("\xff\xfe raw", 6))});
  return content;
}

TEST(ExportText, RoundTripsNamesTimesAndAnyBytes) {
  const SecretsExport before = sample_export();
  const auto text = encode_export(before);
  ASSERT_TRUE(text.ok());
  const auto after = parse_export(text->text());
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_EQ(after->project, "demo");
  EXPECT_EQ(after->exported_ns, before.exported_ns);
  ASSERT_EQ(after->secrets.size(), before.secrets.size());
  for (std::size_t i = 0; i < before.secrets.size(); ++i) {
    EXPECT_EQ(after->secrets[i].name, before.secrets[i].name);
    EXPECT_EQ(after->secrets[i].version, before.secrets[i].version);
    EXPECT_EQ(after->secrets[i].created_ns, before.secrets[i].created_ns);
    EXPECT_EQ(after->secrets[i].changed_ns, before.secrets[i].changed_ns);
    EXPECT_EQ(after->secrets[i].expires_ns, before.secrets[i].expires_ns);
    EXPECT_TRUE(after->secrets[i].value.equals(before.secrets[i].value)) << i;
  }
}

TEST(ExportText, HasAStableForm) {
  SecretsExport content;
  content.project = "demo";
  content.exported_ns = 1'790'000'000'000'000'000;
  content.secrets.push_back({"prod/KEY", 2, 1'780'000'000'000'000'000, 1'785'000'000'000'000'000, 0,
                             SecretBytes::copy_of("example")});
  EXPECT_EQ(encode_export(content)->text(),
            "{\"format\":\"phantom-secrets\",\"v\":1,\"project\":\"demo\","
            "\"exported\":\"2026-09-21T14:13:20.000000000Z\",\n \"secrets\":[\n"
            "  {\"name\":\"KEY\",\"environment\":\"prod\",\"version\":2,"
            "\"created\":\"2026-05-28T20:26:40.000000000Z\","
            "\"changed\":\"2026-07-25T17:20:00.000000000Z\",\"expires\":null,"
            "\"value\":\"example\"}]}\n");
}

TEST(ExportText, RefusesWhatIsNoExportOrMakesNoSense) {
  const auto code = [](const std::string& text) {
    const auto parsed = parse_export(text);
    return parsed.ok() ? Code::kInternal : parsed.error().code;
  };
  const std::string head = R"({"format":"phantom-secrets","v":1,"project":"p","secrets":[)";
  const std::string times = R"("version":1,"created":null,"changed":null,"expires":null)";
  EXPECT_EQ(code(""), Code::kInvalid);
  EXPECT_EQ(code("{}"), Code::kInvalid);
  EXPECT_EQ(code(R"({"format":"phantom-secrets","v":2,"secrets":[]})"), Code::kUnsupported);
  EXPECT_EQ(code(head + "1]}"), Code::kCorrupt);
  const auto entry = [&](const std::string& name, const std::string& value) {
    return head + "{" + name + "," + times + "," + value + "}]}";
  };
  const std::string good = R"("name":"KEY","environment":"dev")";
  EXPECT_TRUE(parse_export(entry(good, R"("value":"x")")).ok());
  EXPECT_EQ(code(entry(R"("name":"a b","environment":"dev")", R"("value":"x")")), Code::kCorrupt);
  EXPECT_EQ(code(entry(R"("name":"KEY","environment":"Dev")", R"("value":"x")")), Code::kCorrupt);
  EXPECT_EQ(code(entry(good, R"("value":"")")), Code::kCorrupt);
  EXPECT_EQ(code(entry(good, R"("value":1)")), Code::kCorrupt);
  EXPECT_EQ(code(entry(good, R"("value":"x","value_base64":"eA==")")), Code::kCorrupt);
  EXPECT_EQ(code(entry(good, R"("value_base64":"eA")")), Code::kCorrupt);
  const std::string one = "{" + good + "," + times + R"(,"value":"x"})";
  EXPECT_EQ(code(head + one + "," + one + "]}"), Code::kCorrupt);
}

TEST(ExportEvents, AreFiledUnderEverySecret) {
  Context context;
  context.component = "cli";
  context.project = "demo";
  const Draft requested = secret_export_requested(context, {"KEY", "prod/KEY"}, "age");
  for (const char* name : {"KEY", "prod/KEY"}) {
    EXPECT_EQ(std::count(requested.tags.begin(), requested.tags.end(), secret_tag("demo", name)), 1)
        << name;
  }
  const Draft done = secret_export_completed(context, 5, {"KEY"}, "age", Digest{}, {});
  EXPECT_EQ(done.cause_seq, Seq{5});
}

}  // namespace
}  // namespace phantom
