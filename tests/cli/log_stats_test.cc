#include "cli/log_stats.h"

#include "events/catalog.h"
#include "events/envelope.h"
#include "tests/support/sample_drafts.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(ValueCounts, MostFrequentFirstAndEqualOnesByName) {
  ValueCounts counts;
  for (const char* value : {"b", "a", "c", "c"}) counts.add(value);
  EXPECT_EQ(counts.sorted(),
            (std::vector<std::pair<std::string, std::uint64_t>>{{"c", 2}, {"a", 1}, {"b", 1}}));
  EXPECT_FALSE(counts.cut());
}

TEST(ValueCounts, MemoryIsBoundedAndTheCutIsSaid) {
  ValueCounts counts;
  for (std::size_t i = 0; i < ValueCounts::kDistinctMax + 5; ++i) counts.add(std::to_string(i));
  counts.add("0");
  EXPECT_EQ(counts.sorted().size(), ValueCounts::kDistinctMax);
  EXPECT_EQ(counts.of_others(), 5U);
  EXPECT_EQ(counts.sorted().front(), (std::pair<std::string, std::uint64_t>{"0", 2}));
}

TEST(LogStats, CountsEachEventOnceInEachDimension) {
  LogStats stats;
  Draft draft = sample_session_started(1);
  draft.context.agent_tool = "codex";
  Sequencing sequencing;
  sequencing.tag_links.resize(draft.tags.size());
  for (const Seq seq : {7U, 8U}) {
    sequencing.seq = seq;
    sequencing.time_ns = static_cast<std::int64_t>(seq) * 1000;
    const Bytes bytes = *encode_entry(draft, sequencing);
    stats.take(**parse_entry(bytes));
  }
  EXPECT_EQ(stats.events, 2U);
  EXPECT_EQ(stats.first_seq, 7U);
  EXPECT_EQ(stats.last_ns, 8000);
  EXPECT_EQ(stats.sessions_started, 2U);
  EXPECT_EQ(stats.sessions_ended, 0U);
  std::string text;
  for (const LogStats::Dimension& each : stats.dimensions()) {
    for (const auto& [value, count] : each.counts.sorted()) {
      text += std::string(each.name) + " " + value + " " + std::to_string(count) + "\n";
    }
  }
  EXPECT_NE(text.find("types session.started 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("families session 2\n"), std::string::npos);
  EXPECT_NE(text.find("agent_tools codex 2\n"), std::string::npos);
  // A secret that was only opened was not used.
  EXPECT_EQ(text.find("secrets_used"), std::string::npos);
}

TEST(LogStats, CountsSecretsAndHostsOfRequestsThatGotASecret) {
  const EventInfo* info = find_event("proxy.request.requested");
  Draft draft = sample_draft(info->no, 1, "some.example");
  draft.tags = {"secret:p_1/KEY"};
  Sequencing sequencing;
  sequencing.tag_links.resize(1);
  const Bytes bytes = *encode_entry(draft, sequencing);
  LogStats stats;
  stats.take(**parse_entry(bytes));
  EXPECT_EQ(stats.dimensions()[6].counts.sorted().at(0).first, "p_1/KEY");
  EXPECT_EQ(stats.dimensions()[7].counts.sorted().at(0).first, "some.example");
}

}  // namespace
}  // namespace phantom
