#include "events/render.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "schema/events_generated.h"
#include "tests/support/golden.h"
#include "tests/support/sample_drafts.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace phantom {
namespace {

namespace json = boost::json;

Bytes rendered_entry(const Draft& draft, Seq seq) {
  Sequencing sequencing{
      .seq = seq, .time_ns = 1'767'323'045'678'901'999, .peer = {}, .tag_links = {}};
  sequencing.tag_links.resize(draft.tags.size(), {.prev_seq = 0, .count = 1});
  auto bytes = encode_entry(draft, sequencing);
  PH_CHECK(bytes.ok(), "the sample encodes");
  return *std::move(bytes);
}

std::string json_of(const Bytes& bytes, const Unsealer& unseal = {}) {
  const auto entry = parse_entry(bytes);
  PH_CHECK(entry.ok(), "the sample parses");
  return entry_to_json(**entry, bytes, unseal);
}

std::string line_of(const Bytes& bytes) {
  const auto entry = parse_entry(bytes);
  PH_CHECK(entry.ok(), "the sample parses");
  return entry_to_line(**entry);
}

TEST(Render, JsonOfEveryEventTypeParsesAndNamesEveryField) {
  for (const EventInfo& info : catalog()) {
    const Bytes bytes = rendered_entry(sample_draft(info.no, 42, "some text"), 42);
    const std::string text = json_of(bytes);
    EXPECT_EQ(text.rfind("{\"v\":1,", 0), 0U) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const json::object object = json::parse(text).as_object();
    EXPECT_EQ(object.at("type").as_string(), info.name);
    EXPECT_EQ(object.at("type_no").to_number<int>(), info.no);
    EXPECT_EQ(object.at("severity").as_string(), info.severity);
    EXPECT_EQ(object.at("seq").to_number<int>(), 42);
    EXPECT_EQ(object.at("leaf_hash").as_string(), to_hex(leaf_hash(bytes)));
    const json::object& payload = object.at("payload").as_object();
    EXPECT_EQ(payload.size(), info.fields.size());
    for (const FieldInfo& field : info.fields) {
      ASSERT_TRUE(payload.contains(field.name)) << info.name << "." << field.name;
      const json::value& value = payload.at(field.name);
      if (field.type == "string") {
        EXPECT_EQ(value.as_string(), "some text");
      } else if (field.type == "[string]") {
        EXPECT_EQ(value.as_array().size(), 2U);
      } else if (field.type == "[ubyte]") {
        EXPECT_EQ(value.as_string().size(), 64U);
      } else if (field.type.front() == '[') {
        EXPECT_EQ(value.as_array().size(), 1U);
      } else {
        EXPECT_EQ(value.to_number<int>(), 42) << info.name << "." << field.name;
      }
    }
  }
}

TEST(Render, JsonEscapesControlCharacters) {
  const std::string nasty = "a\x1b[2J\r\n\t\"\\\x01z";
  for (const EventInfo& info : catalog()) {
    const std::string text = json_of(rendered_entry(sample_draft(info.no, 1, nasty), 1));
    for (const char c : text) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << info.name;
    const json::object payload = json::parse(text).as_object().at("payload").as_object();
    for (const auto& [name, value] : payload) {
      if (value.is_string() && value.as_string().size() == nasty.size()) {
        EXPECT_EQ(value.as_string(), nasty) << name;
      }
    }
  }
}

TEST(Render, LineOfEveryEventTypeIsOneSafeLine) {
  const std::string nasty = "a\x1b[2J\r\nforged\xe2\x80\xae\x7f\xff";
  for (const EventInfo& info : catalog()) {
    const std::string line = line_of(rendered_entry(sample_draft(info.no, 1, nasty), 1));
    EXPECT_NE(line.find(info.name), std::string::npos) << line;
    EXPECT_EQ(escape_terminal(line), line) << info.name;
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(Render, LargeIntegersAreStringsAndSmallOnesNumbers) {
  const EventNo type = event_no<schema::ProxyRequestCompleted>();
  const auto bytes_sent = [&](std::uint64_t value) {
    const json::value parsed =
        json::parse(json_of(rendered_entry(sample_draft(type, value, "x"), 1)));
    return json::serialize(parsed.at("payload").at("bytes_sent"));
  };
  EXPECT_EQ(bytes_sent(0), "0");
  EXPECT_EQ(bytes_sent(1ULL << 53), "9007199254740992");
  EXPECT_EQ(bytes_sent((1ULL << 53) + 1), "\"9007199254740993\"");
  EXPECT_EQ(bytes_sent(UINT64_MAX), "\"18446744073709551615\"");
}

TEST(Render, LargeSignedIntegersAreStringsToo) {
  const EventNo type = event_no<schema::ProxyRequestRequested>();
  const auto body_bytes = [&](std::int64_t value) {
    const Draft draft = sample_draft(type, static_cast<std::uint64_t>(value), "x");
    const json::value parsed = json::parse(json_of(rendered_entry(draft, 1)));
    return json::serialize(parsed.at("payload").at("body_bytes"));
  };
  EXPECT_EQ(body_bytes(-2), "-2");
  EXPECT_EQ(body_bytes(1LL << 53), "9007199254740992");
  EXPECT_EQ(body_bytes((1LL << 53) + 1), "\"9007199254740993\"");
  EXPECT_EQ(body_bytes(INT64_MIN), "\"-9223372036854775808\"");
}

TEST(Render, ErasedFieldsAndThoseWhoseKeyIsMissingAreToldApart) {
  Draft draft = sample_session_started(1);
  draft.sealed.push_back({"argv", "s_1", Bytes(24, 1), Bytes(40, 2)});
  const Bytes bytes = rendered_entry(draft, 1);
  const auto closed = [](Code code) {
    return [code](const EventId&, const SealedField&) {
      return Result<std::string>(Error{code, "closed"});
    };
  };
  const auto line = [&](Code code) { return entry_to_line(**parse_entry(bytes), closed(code)); };
  EXPECT_TRUE(line(Code::kClosed).ends_with("  argv=[erased s_1]"));
  EXPECT_TRUE(line(Code::kNotFound).ends_with("  argv=[key missing s_1]"));
  EXPECT_TRUE(line(Code::kCorrupt).ends_with("  argv=[does not open s_1]"));
  EXPECT_EQ(line(Code::kDenied).find("argv"), std::string::npos);
  EXPECT_NE(json_of(bytes, closed(Code::kClosed))
                .find(R"("argv":{"sealed_for":"s_1","status":"erased"})"),
            std::string::npos);
  EXPECT_NE(json_of(bytes, closed(Code::kNotFound))
                .find(R"("argv":{"sealed_for":"s_1","status":"key-missing"})"),
            std::string::npos);
}

TEST(Render, SealedFieldsStayClosedWithoutAKeyAndOpenWithOne) {
  Draft draft = sample_session_started(1);
  draft.sealed.push_back({"argv", "s_1", Bytes(24, 1), Bytes(40, 2)});
  const Bytes bytes = rendered_entry(draft, 1);
  EXPECT_NE(json_of(bytes).find(R"("sealed":{"argv":{"sealed_for":"s_1"}})"), std::string::npos);
  EventId asked{};
  const std::string open = json_of(bytes, [&](const EventId& event, const SealedField& field) {
    asked = event;
    return Result<std::string>("opened " + field.field);
  });
  EXPECT_NE(open.find(R"("sealed":{"argv":"opened argv"})"), std::string::npos);
  EXPECT_EQ(asked, draft.id);
  EXPECT_EQ(line_of(bytes).find("argv"), std::string::npos);
}

TEST(Render, AnUnknownTypeStillShowsItsEnvelope) {
  Draft draft = sample_session_started(1);
  draft.type = 64'999;
  const Bytes bytes = rendered_entry(draft, 5);
  const json::object object = json::parse(json_of(bytes)).as_object();
  EXPECT_TRUE(object.at("type").is_null());
  EXPECT_TRUE(object.at("payload").is_null());
  EXPECT_EQ(object.at("type_no").to_number<int>(), 64'999);
  EXPECT_NE(line_of(bytes).find("type-64999"), std::string::npos);
}

TEST(Render, NamesOfEnumerationsAreKebabCase) {
  EXPECT_STREQ(outcome_name(Outcome::Denied), "denied");
  EXPECT_STREQ(reason_name(Reason::None), "none");
  EXPECT_STREQ(reason_name(Reason::UpstreamUnreachable), "upstream-unreachable");
  EXPECT_STREQ(reason_name(static_cast<Reason>(60'000)), "unknown");
  EXPECT_STREQ(actor_kind_name(ActorKind::Ci), "ci");
  EXPECT_STREQ(actor_kind_name(static_cast<ActorKind>(99)), "unknown");
}

// What scripts parse and people read; a change here is a change for them.
TEST(Render, LooksAsItAlwaysDid) {
  Draft draft = sample_session_started(7);
  draft.occurred_ns = 1'767'323'045'678'901'234;
  draft.mono_ns = 5;
  draft.boot_id = "boot";
  draft.outcome = Outcome::Failed;
  draft.reason = Reason::NoRoute;
  const Bytes bytes = rendered_entry(draft, 7);
  expect_golden("render_json.txt", json_of(bytes) + "\n");
  expect_golden("render_line.txt", line_of(bytes) + "\n");
}

}  // namespace
}  // namespace phantom
