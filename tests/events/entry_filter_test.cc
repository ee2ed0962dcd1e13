#include "events/entry_filter.h"

#include "events/envelope.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

struct PointCase {
  const char* text;
  std::int64_t time_ns;
};

TEST(LogPoint, ReadsTimes) {
  const PointCase cases[] = {
      {"1970-01-01", 0},
      {"1970-01-02", 86'400'000'000'000},
      {"1970-01-01T00:00:01Z", 1'000'000'000},
      {"1970-01-01T00:00:01", 1'000'000'000},
      {"1970-01-01 00:00:01z", 1'000'000'000},
      {"1970-01-01T00:00:00.5Z", 500'000'000},
      {"1970-01-01T00:00:00.000000001Z", 1},
      {"1970-01-01T01:00:00+01:00", 0},
      {"1969-12-31T23:00:00-01:00", 0},
      {"2026-11-23T18:16:00Z", 1'795'457'760'000'000'000},
  };
  for (const PointCase& each : cases) {
    const auto point = parse_log_point(each.text);
    if (std::string_view(each.text).starts_with("1969")) {
      EXPECT_FALSE(point.ok()) << "years before 1970 have no ledger";
      continue;
    }
    ASSERT_TRUE(point.ok()) << each.text;
    EXPECT_EQ(*point, LogPoint{TimePoint{each.time_ns}}) << each.text;
  }
}

TEST(LogPoint, ReadsNumbers) {
  const auto point = parse_log_point("42");
  ASSERT_TRUE(point.ok());
  EXPECT_EQ(*point, LogPoint{SeqPoint{42}});
}

TEST(LogPoint, RefusesEverythingElse) {
  for (const char* text :
       {"", "x", "-1", "007", "2026-13-01", "2026-02-30", "2026-1-1", "2026-11-23T", "2300-01-01",
        "2026-11-23T25:00:00Z", "2026-11-23T18:16Z", "2026-11-23T18:16:00.Z",
        "2026-11-23T18:16:00+1:00", "2026-11-23T18:16:00Zx", "2026-11-23Z"}) {
    EXPECT_FALSE(parse_log_point(text).ok()) << text;
  }
}

class FilteredEntry : public testing::Test {
 protected:
  FilteredEntry() {
    Context context{"cli", "1", ActorKind::Agent, "s_1", "codex", "sess", "proj"};
    Draft draft = make_draft<schema::SecretOpened>(
        context, [](auto& builder) { return schema::CreateSecretOpened(builder); });
    draft.tags.push_back(secret_tag("proj", "KEY"));
    draft.tags.push_back(secret_tag("proj", "prod/OTHER"));
    draft.outcome = Outcome::Denied;
    draft.id[0] = 1;
    Sequencing sequencing;
    sequencing.seq = 7;
    sequencing.time_ns = 1'000;
    sequencing.tag_links.resize(draft.tags.size());
    auto encoded = encode_entry(draft, sequencing);
    bytes_ = std::move(*encoded);
    entry_ = *parse_entry(bytes_);
  }

  bool fits(const EntryFilter& filter) const { return filter.matches(*entry_); }

  Bytes bytes_;
  const schema::Entry* entry_ = nullptr;
};

TEST_F(FilteredEntry, FitsAnEmptyFilter) { EXPECT_TRUE(fits({})); }

TEST_F(FilteredEntry, IsTakenFromTheFirstPointOn) {
  EntryFilter filter;
  filter.from = SeqPoint{7};
  EXPECT_TRUE(fits(filter));
  filter.from = SeqPoint{8};
  EXPECT_FALSE(fits(filter));
  filter.from = TimePoint{1'001};
  EXPECT_FALSE(fits(filter));
}

TEST_F(FilteredEntry, IsLeftOutAtTheLastPoint) {
  EntryFilter filter;
  filter.to = SeqPoint{7};
  EXPECT_FALSE(fits(filter));
  filter.to = SeqPoint{8};
  EXPECT_TRUE(fits(filter));
  filter.to = TimePoint{1'000};
  EXPECT_FALSE(fits(filter));
}

TEST_F(FilteredEntry, IsFoundByEachPropertyAndNoOther) {
  EntryFilter good[9];
  good[0].types = {"proxy.*", "secret.*"};
  good[1].types = {"secret.opened"};
  good[2].session = "sess";
  good[3].secret = "KEY";
  good[4].project = "proj";
  good[5].actor = "s_1";
  good[6].actor = "codex";
  good[7].outcome = "denied";
  good[8].secret = "proj/KEY";
  for (const EntryFilter& filter : good) EXPECT_TRUE(fits(filter)) << &filter - good;
  EntryFilter bad[7];
  bad[0].types = {"proxy.*"};
  bad[1].session = "ses";
  bad[2].secret = "EY";
  bad[3].project = "";
  bad[3].secret = "other/KEY";
  bad[4].actor = "human";
  bad[5].outcome = "ok";
  bad[6].project = "other";
  for (const EntryFilter& filter : bad) EXPECT_FALSE(fits(filter)) << &filter - bad;
}

// Or a bundle for the chain of one tag would leave out what the query asks for.
TEST_F(FilteredEntry, ASecretWithASlashBeginsWithItsProject) {
  EntryFilter filter;
  filter.secret = "proj/prod/OTHER";
  EXPECT_TRUE(fits(filter));
  for (const char* name : {"prod/OTHER", "OTHER", "proj/OTHER"}) {
    filter.secret = name;
    EXPECT_FALSE(fits(filter)) << name;
  }
}

TEST(EntryFilterCheck, RefusesTypesNoEventHas) {
  EntryFilter filter;
  filter.types = {"proxy.*"};
  EXPECT_TRUE(check_filter(filter).ok());
  filter.types = {"prxy.*"};
  EXPECT_FALSE(check_filter(filter).ok());
}

TEST(QueryText, IsOneFormForOneQuestion) {
  EntryFilter filter;
  EXPECT_EQ(query_text(filter), "");
  filter.from = LogPoint{SeqPoint{12}};
  filter.to = LogPoint{TimePoint{1'790'000'000}};
  filter.types = {"secret.opened", "proxy.*", "secret.opened"};
  filter.secret = "p_1/A KEY%";
  filter.outcome = "ok";
  const std::string text =
      "from=12 to=@1790000000 type=proxy.* type=secret.opened secret=p_1/A%20KEY%25 outcome=ok";
  EXPECT_EQ(query_text(filter), text);
  const auto read = parse_query(text);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(query_text(*read), text);
  EXPECT_EQ(read->secret, "p_1/A KEY%");
  EXPECT_EQ(read->to, filter.to);
}

TEST(QueryText, RefusesOtherForms) {
  for (const char* text : {" ", "from", "from=", "from=x", "to=1 from=2", "type=b type=a",
                           "type=a type=a", "secret=a%2", "secret=%41", "secret=a%2f", "from=01",
                           "session=a  actor=b", "colour=red", "outcome=ok ", "from=@-1"}) {
    EXPECT_FALSE(parse_query(text).ok()) << text;
  }
}

}  // namespace
}  // namespace phantom
