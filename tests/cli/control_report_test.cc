#include "cli/control_report.h"

#include "cli/html.h"
#include "cli/privacy_events.h"
#include "cli/session_events.h"
#include "events/catalog.h"
#include "events/envelope.h"
#include "tests/support/sample_drafts.h"
#include "tests/support/seeded_random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace phantom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Frameworks, EveryQueryIsCanonicalAndOfTypesThatThereAre) {
  std::set<std::string> names;
  for (const Framework& framework : frameworks()) {
    EXPECT_TRUE(names.insert(framework.name).second);
    EXPECT_EQ(find_framework(framework.name)->title, framework.title);
    std::set<std::string> ids;
    for (const Requirement& each : framework.requirements) {
      EXPECT_TRUE(ids.insert(each.id).second) << each.id;
      EXPECT_FALSE(each.title.empty() || each.shows.empty() || each.does_not_show.empty());
      EXPECT_FALSE(each.queries.empty()) << each.id;
      for (const std::string& query : each.queries) {
        const auto filter = parse_query(query);
        ASSERT_TRUE(filter.ok()) << each.id << ": " << query;
        EXPECT_TRUE(check_filter(*filter).ok()) << each.id << ": " << query;
      }
    }
  }
  EXPECT_EQ(find_framework("gdpr"), nullptr);
}

// An assessor judges; a report does not.
TEST(Frameworks, NothingSaysThatARequirementIsMet) {
  for (const Framework& framework : frameworks()) {
    for (const Requirement& each : framework.requirements) {
      for (const char* word : {"complian", "passed", "satisf", "fulfil", "certif"}) {
        EXPECT_THAT(each.title + each.shows + each.does_not_show, Not(HasSubstr(word))) << each.id;
      }
    }
  }
}

TEST(SpreadSample, IsAtMostFiveEvenlySpread) {
  const auto of = [](Seq count) {
    SpreadSample sample;
    for (Seq seq = 0; seq < count; ++seq) sample.add(seq);
    return sample.pick();
  };
  EXPECT_THAT(of(0), ElementsAre());
  EXPECT_THAT(of(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(of(5), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(of(9), ElementsAre(0, 2, 4, 6, 8));
  for (const Seq count : {100U, 1'000U, 12'345U}) {
    const auto picked = of(count);
    ASSERT_EQ(picked.size(), 5U);
    EXPECT_EQ(picked[0], 0U);
    EXPECT_GE(picked[4], count * 3 / 4);
    for (std::size_t i = 1; i < 5; ++i) EXPECT_GT(picked[i] - picked[i - 1], count / 8);
  }
}

class ControlFoldTest : public testing::Test {
 protected:
  void add(Draft draft, std::int64_t time_ns) {
    draft.id[0] = 1;
    draft.to_seal.clear();
    Sequencing sequencing;
    sequencing.seq = next_++;
    sequencing.time_ns = time_ns;
    sequencing.tag_links.resize(draft.tags.size());
    const Bytes bytes = *encode_entry(draft, sequencing);
    ASSERT_TRUE(fold_.take(**parse_entry(bytes)).ok());
  }
  ControlReport report() const {
    ControlReport report = fold_.finish();
    report.checkpoint.origin = "phantom.local/00";
    report.checkpoint.size = next_;
    report.checkpoint_note = "phantom.local/00\n";
    return report;
  }
  const RequirementEvidence& of(const ControlReport& report, std::string_view id) const {
    for (std::size_t i = 0; i < report.requirements.size(); ++i) {
      if (report.framework->requirements[i].id == id) return report.requirements[i];
    }
    ADD_FAILURE() << id;
    return report.requirements[0];
  }

  Seq next_ = 0;
  ControlFold fold_{*find_framework("pci-dss-4"), {100, 200}};
};

TEST_F(ControlFoldTest, CountsAnEventOnceForEachRequirementAndOnlyWithinThePeriod) {
  add(session_started({}, {}), 99);
  Draft denied = sample_draft(find_event("proxy.request.denied")->no, 1, "x");
  denied.outcome = Outcome::Denied;
  add(denied, 100);
  add(denied, 199);
  add(session_started({}, {}), 200);
  const ControlReport result = report();
  EXPECT_EQ(result.events, 2U);
  const RequirementEvidence& refusals = of(result, "10.2.1.4");
  EXPECT_EQ(refusals.count, 2U);  // both queries fit each of the two
  EXPECT_EQ(refusals.by_query, (std::vector<std::uint64_t>{2, 2}));
  EXPECT_EQ(refusals.first, 1U);
  EXPECT_EQ(refusals.last, 2U);
  EXPECT_EQ(of(result, "10.2.1.6").count, 0U);
  EXPECT_THAT(evidence_json(result), HasSubstr(R"("evidence":"no evidence in the period")"));
  EXPECT_THAT(report_html(result, "00", {}), HasSubstr("no evidence in the period"));
}

TEST_F(ControlFoldTest, ErasuresCountWhateverThePeriod) {
  add(erase_completed({}, {"s_0123456789abcdef", 0, {}, {}}), 5);
  Draft failed = erase_completed({}, {"s_0123456789abcdee", 0, {}, {}});
  failed.outcome = Outcome::Failed;
  add(failed, 6);
  EXPECT_EQ(report().erasures.count, 1U);
  EXPECT_EQ(report().erasures.listed[0].fields[0].second, "s_0123456789abcdef");
}

TEST_F(ControlFoldTest, TheSameEventsGiveTheSameBytesWhateverWasVerified) {
  add(session_started({}, {}), 150);
  const std::string evidence = evidence_json(report());
  EXPECT_EQ(evidence, evidence_json(report()));
  const std::string one = report_document(evidence, {"VERIFIED", "L3", 1, {}});
  const std::string other = report_document(evidence, {"FAILED", "none", 0, {"entries: bad"}});
  const std::string hash = "\"replay_hash\":\"" + replay_hash(evidence) + "\"";
  EXPECT_THAT(one, HasSubstr(hash));
  EXPECT_THAT(other, HasSubstr(hash));
}

// Whatever a ledger says about itself, a page does nothing but show it.
TEST_F(ControlFoldTest, HostileTextReachesNeitherMarkupNorTerminal) {
  const std::string hostile =
      "</pre></style></script><script>alert(1)</script><img src=x onerror=y>\"'&\x1b[2J\xe2\x80\xae"
      "\xff\r\n";
  Draft exported = sample_draft(find_event("audit.exported")->no, 1, hostile);
  add(exported, 150);
  ControlReport result = report();
  result.vkey = hostile;
  result.ledger_id = hostile;
  result.checkpoint.origin = hostile;
  result.checkpoint_note = hostile;
  const std::string html = report_html(result, hostile, {hostile, hostile, 1, {hostile, hostile}});
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("\x1b")));
  EXPECT_THAT(html, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(html, Not(HasSubstr("\r")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  const std::size_t style_ends = html.find("</style>");
  EXPECT_EQ(html.find("</style>", style_ends + 1), std::string::npos);
}

// The tags of a page are ours alone, whatever bytes the ledger brings.
TEST_F(ControlFoldTest, RandomBytesChangeNoTagOfThePage) {
  const auto tags_with = [&](const std::string& text) {
    ControlReport result = report();
    result.vkey = text;
    result.checkpoint_note = text;
    result.exports = {1, {{7, 150, {{"format", text}, {"query", text}}}}};
    const std::string html = report_html(result, "00", {text, text, 1, {text}});
    std::string tags;
    for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
      tags += html.substr(at, html.find('>', at) - at + 1);
    }
    for (const char c : html) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
    return tags;
  };
  const std::string plain = tags_with("x");
  SeededRandom random(1);
  const std::string alphabet = "<>&\"'/=!- \n\r\t;scriptsylexmp]\x1b";
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::uint64_t left = random.below(40); left > 0; --left) {
      text += random.below(4) == 0 ? static_cast<char>(random.below(256))
                                   : alphabet[random.below(alphabet.size())];
    }
    // A line end in the note is one: that is no tag either.
    ASSERT_EQ(tags_with(text), plain) << round;
  }
}

TEST(HtmlText, ShowsMarkupAndControlsAndEscapesQuotes) {
  EXPECT_EQ(html_text("<a b='\"'>&"), "&lt;a b=&#39;&quot;&#39;&gt;&amp;");
  EXPECT_EQ(html_text("a\nb"), "a\\x0ab");
}

}  // namespace
}  // namespace phantom
