#include "events/export.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "tests/support/golden.h"
#include "tests/support/sample_drafts.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace phantom {
namespace {

namespace json = boost::json;

const ExportSource kSource{"phantom.local/ledger", "0123456789abcdef0123456789abcdef"};

Bytes export_entry(const Draft& draft, Seq seq) {
  Sequencing sequencing{.seq = seq,
                        .commit_first_seq = seq,
                        .time_ns = 1'767'323'045'678'901'999,
                        .peer = {{1000, 4242}},
                        .tag_links = {}};
  sequencing.tag_links.resize(draft.tags.size(), {.prev_seq = 0, .count = 1});
  auto bytes = encode_entry(draft, sequencing);
  PH_CHECK(bytes.ok(), "the sample encodes");
  return *std::move(bytes);
}

std::string exported(const ExportFormat& format, const Draft& draft, Seq seq = 42) {
  const Bytes bytes = export_entry(draft, seq);
  const auto entry = parse_entry(bytes);
  PH_CHECK(entry.ok(), "the sample parses");
  std::string out;
  Exporter exporter(format, kSource);
  exporter.append(out, **entry, bytes);
  if (!format.is_document()) return out;
  exporter.end(out);
  return out.substr(0, out.size() - format.footer.size());
}

std::string exported(std::string_view format, const Draft& draft, Seq seq = 42) {
  const ExportFormat* found = find_export_format(format);
  PH_CHECK(found != nullptr, "the format exists");
  return exported(*found, draft, seq);
}

json::object object_of(std::string_view format, const Draft& draft, Seq seq = 42) {
  return json::parse(exported(format, draft, seq)).as_object();
}

// A draft with everything an envelope can hold.
Draft full_draft(EventNo type, std::string_view text) {
  Draft draft = sample_draft(type, 42, text);
  draft.occurred_ns = 1'767'323'045'000'000'001;
  draft.mono_ns = 5;
  draft.boot_id = "boot";
  draft.context.agent_tool = std::string(text);
  draft.context.version = std::string(text);
  draft.cause_seq = 41;
  draft.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return draft;
}

const std::set<std::string_view> kJsonFormats = {"jsonl", "cloudevents", "cloudevents-batch",
                                                 "ocsf", "otlp"};

TEST(Export, EveryEventTypeLooksAsItAlwaysDidInEveryFormat) {
  for (const ExportFormat& format : export_formats()) {
    std::string all(format.header);
    for (const EventInfo& info : catalog()) {
      const std::string record = exported(format, full_draft(info.no, "some text"));
      EXPECT_NE(record.find(info.name), std::string::npos) << format.name << ": " << record;
      all += record;
    }
    expect_golden("export." + std::string(format.name) + ".txt", all);
  }
}

TEST(Export, EveryFieldOfEveryTypeIsInEveryFormat) {
  for (const ExportFormat& format : export_formats()) {
    for (const EventInfo& info : catalog()) {
      const std::string record = exported(format, full_draft(info.no, "some text"));
      for (const FieldInfo& field : info.fields) {
        EXPECT_NE(record.find(field.name), std::string::npos)
            << format.name << " lacks " << info.name << "." << field.name;
      }
    }
  }
}

std::vector<std::string> hostile_texts() {
  return {"a\x1b[2J\r\nforged line\t\"\\|=]'%\x01z",
          "=HYPERLINK(\"http://x\")",
          "\xe2\x80\xae"
          "bidi\xe2\x81\xa6",
          "broken \xff\xc0\xaf\xed\xa0\x80",
          "]\"\\|=[phantom@32473 seq=\"1\"]",
          "caf\xc3\xa9 \xf0\x9f\x98\x80",
          std::string("nul\0byte", 8),
          std::string(2'500, '"'),
          ""};
}

TEST(Export, HostileTextNeverBreaksALineOrReachesATerminalAsItIs) {
  for (const std::string& text : hostile_texts()) {
    for (const ExportFormat& format : export_formats()) {
      for (const EventInfo& info : catalog()) {
        std::string record = exported(format, full_draft(info.no, text));
        const std::string_view end = format.name == "csv" ? "\r\n" : "\n";
        ASSERT_TRUE(record.ends_with(end)) << format.name;
        record.resize(record.size() - end.size());
        EXPECT_EQ(escape_terminal(record), record) << format.name << " " << info.name;
        if (kJsonFormats.contains(format.name)) {
          boost::system::error_code error;
          json::parse(record, error);
          EXPECT_FALSE(error) << format.name << " " << info.name << ": " << record.substr(0, 300);
        }
      }
    }
  }
}

TEST(Export, UnknownTypesKeepTheirEnvelopeInEveryFormat) {
  Draft draft = full_draft(1001, "x");
  draft.type = 64'999;
  for (const ExportFormat& format : export_formats()) {
    const std::string record = exported(format, draft);
    const bool jsonl = format.name == "jsonl";
    EXPECT_NE(record.find(jsonl ? "\"type_no\":64999" : "type-64999"), std::string::npos)
        << format.name << ": " << record;
  }
  // OCSF's base event has an actor only by this profile.
  EXPECT_NE(exported("ocsf", draft).find(R"("profiles":["host"])"), std::string::npos);
}

TEST(Export, SealedFieldsStayClosed) {
  Draft draft = sample_session_started(1);
  draft.sealed.push_back({"argv", "s_1", Bytes(24, 1), Bytes(40, 2)});
  EXPECT_NE(exported("jsonl", draft).find(R"("sealed":{"argv":{"sealed_for":"s_1"}})"),
            std::string::npos);
}

TEST(Export, JsonlCarriesTheEntryItsHashIsOf) {
  const Draft draft = full_draft(2001, "text");
  const json::object object = object_of("jsonl", draft);
  EXPECT_EQ(object.at("schema").as_string(), "phantom.event.v1");
  const auto bytes = from_base64(std::string(object.at("leaf_b64").as_string()));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(leaf_hash(*bytes)), object.at("leaf_hash").as_string());
}

TEST(Export, CloudEventsHaveTheirRequiredAttributesAndLegalNames) {
  const std::regex legal("[a-z0-9]+");
  for (const EventInfo& info : catalog()) {
    for (const std::string& text : {std::string("text"), std::string()}) {
      const json::object object = object_of("cloudevents", full_draft(info.no, text));
      EXPECT_EQ(object.at("specversion").as_string(), "1.0");
      for (const char* name : {"id", "source", "type"}) {
        EXPECT_FALSE(object.at(name).as_string().empty()) << name;
      }
      EXPECT_EQ(object.at("type").as_string(), "dev.phantom." + info.name + ".v1");
      EXPECT_EQ(object.at("sequence").as_string(), "00000000000000000042");
      for (const auto& [name, value] : object) {
        EXPECT_TRUE(std::regex_match(std::string(name), legal)) << name;
        EXPECT_TRUE(name == "data" || value.is_int64() || !value.as_string().empty()) << name;
      }
    }
  }
}

std::string batch_of(int events) {
  const ExportFormat& format = *find_export_format("cloudevents-batch");
  Exporter exporter(format, kSource);
  std::string out;
  exporter.begin(out);
  for (int i = 0; i < events; ++i) {
    const Bytes bytes = export_entry(full_draft(1001, "text"), static_cast<Seq>(i));
    exporter.append(out, **parse_entry(bytes), bytes);
  }
  exporter.end(out);
  return out;
}

TEST(Export, ACloudEventsBatchIsOneArrayOfTheSameEvents) {
  EXPECT_EQ(json::parse(batch_of(0)).as_array().size(), 0U);
  EXPECT_EQ(batch_of(0), "[\n]\n");
  for (const int events : {1, 2, 5}) {
    const json::array batch = json::parse(batch_of(events)).as_array();
    ASSERT_EQ(batch.size(), static_cast<std::size_t>(events));
    for (int i = 0; i < events; ++i) {
      const json::object line =
          object_of("cloudevents", full_draft(1001, "text"), static_cast<Seq>(i));
      EXPECT_EQ(batch[static_cast<std::size_t>(i)].as_object(), line);
    }
  }
}

TEST(Export, OcsfHasWhatEachClassRequires) {
  for (const EventInfo& info : catalog()) {
    const json::object object = object_of("ocsf", full_draft(info.no, "text"));
    const auto number = [&](const char* name) { return object.at(name).as_int64(); };
    EXPECT_GT(number("class_uid"), 0) << info.name << ": family without a class";
    EXPECT_EQ(number("category_uid"), number("class_uid") / 1000);
    EXPECT_EQ(number("type_uid"), number("class_uid") * 100 + number("activity_id"));
    EXPECT_EQ(number("time"), 1'767'323'045'000);
    EXPECT_TRUE(number("activity_id") != 99 || object.contains("activity_name"));
    const json::object& metadata = object.at("metadata").as_object();
    EXPECT_EQ(metadata.at("version").as_string(), "1.8.0");
    EXPECT_EQ(metadata.at("product").at("name").as_string(), "phantom");
    EXPECT_EQ(metadata.at("sequence").as_int64(), 42);
    std::vector<const char*> required;
    if (number("class_uid") == 6003) required = {"actor", "api", "src_endpoint"};
    if (number("class_uid") == 3002) required = {"user", "service"};
    if (number("class_uid") == 3004) required = {"entity"};
    if (number("class_uid") == 1008) required = {"log_name"};
    ASSERT_FALSE(required.empty()) << info.name;
    for (const char* name : required) EXPECT_TRUE(object.contains(name)) << info.name << name;
  }
}

TEST(Export, OcsfTellsDeniedRequestsFromAllowedOnes) {
  Draft draft = full_draft(2003, "GET");
  draft.outcome = Outcome::Denied;
  const json::object denied = object_of("ocsf", draft);
  EXPECT_EQ(denied.at("disposition_id").as_int64(), 2);
  EXPECT_EQ(denied.at("status_id").as_int64(), 2);
  EXPECT_EQ(denied.at("activity_id").as_int64(), 2);
  draft.outcome = Outcome::Ok;
  EXPECT_EQ(object_of("ocsf", draft).at("disposition_id").as_int64(), 1);
}

TEST(Export, OtlpWritesIntegersAsStringsAndIdsAsHex) {
  const json::object object = object_of("otlp", full_draft(2002, "text"));
  const json::value& record =
      object.at("resourceLogs").at(0).at("scopeLogs").at(0).at("logRecords").at(0);
  EXPECT_EQ(record.at("timeUnixNano").as_string(), "1767323045000000001");
  EXPECT_EQ(record.at("observedTimeUnixNano").as_string(), "1767323045678901999");
  EXPECT_EQ(record.at("severityNumber").as_int64(), 9);
  EXPECT_EQ(record.at("eventName").as_string(), "proxy.request.completed");
  EXPECT_EQ(record.at("traceId").as_string(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(record.at("spanId").as_string(), "b7ad6b7169203331");
  Draft draft = sample_draft(2002, UINT64_MAX, "text");
  draft.traceparent = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
  const std::string large = exported("otlp", draft);
  EXPECT_NE(large.find(R"({"stringValue":"18446744073709551615"})"), std::string::npos);
  EXPECT_EQ(large.find("traceId"), std::string::npos);
}

TEST(Export, CsvGuardsCellsThatLookLikeFormulas) {
  for (const std::string text : {"=1+1", "+1", "-1", "@SUM(A1)"}) {
    const std::string record = exported("csv", full_draft(1001, text));
    EXPECT_NE(record.find("\"'" + text + "\""), std::string::npos) << record;
    EXPECT_EQ(record.find("\"" + text + "\","), std::string::npos) << record;
  }
}

// A name and parameters as RFC 5424 section 6 has them; UTF-8 above ASCII is one of the others.
TEST(Export, SyslogMatchesTheGrammar) {
  const std::string id = R"([!-<>-\\^-~]{1,32})";
  const std::string element = R"(\[)" + id + "( " + id + R"(="([^"\\\]]|\\["\\\]])*")*\])";
  const std::regex message(
      R"(<(10[4-9]|11[01])>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z - phantom )"
      R"((-|[!-~]{1,128}) PH\d+[IWE] ()" +
      element + R"(){1,2} [ -~]+\n)");
  for (const std::string& text : hostile_texts()) {
    if (text.size() > 1'000) continue;  // std::regex recurses for each character
    for (const EventInfo& info : catalog()) {
      const std::string record = exported("syslog", full_draft(info.no, text));
      EXPECT_TRUE(std::regex_match(record, message)) << record;
    }
  }
}

TEST(Export, CefMatchesTheGrammar) {
  const std::regex message(
      R"(CEF:0\|phantom\|phantom\|([^|\\\n]|\\[|\\])*\|PH\d+[IWE]\|[^|]+\|\d{1,2}\|)"
      R"((\w+=([^=\\\n]|\\[=\\nr])*)+\n)");
  for (const std::string& text : hostile_texts()) {
    if (text.size() > 1'000) continue;
    for (const EventInfo& info : catalog()) {
      const std::string record = exported("cef", full_draft(info.no, text));
      EXPECT_TRUE(std::regex_match(record, message)) << record;
    }
  }
}

TEST(Export, TheLargestEntryPassesEveryFormat) {
  Draft draft = sample_session_started(1);
  draft.context.agent_tool = std::string(40'000, '\x01');
  for (const ExportFormat& format : export_formats()) {
    EXPECT_GT(exported(format, draft).size(), 40'000U) << format.name;
  }
}

TEST(Export, FormatsAreFoundByNameOnly) {
  EXPECT_EQ(export_formats().size(), 8U);
  EXPECT_EQ(find_export_format("xml"), nullptr);
  EXPECT_EQ(find_export_format(""), nullptr);
}

}  // namespace
}  // namespace phantom
