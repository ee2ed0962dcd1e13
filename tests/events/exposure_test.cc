#include "events/exposure.h"

#include "events/envelope.h"
#include "tests/support/sample_drafts.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

struct Seen {
  Exposure exposure;
  std::vector<NamedSecret> secrets;
};

Seen seen(const Draft& draft) {
  const auto bytes = encode_entry(
      draft, {.seq = 1, .tag_links = std::vector<Sequencing::TagLink>(draft.tags.size())});
  PH_CHECK(bytes.ok(), "the sample encodes");
  const auto entry = parse_entry(*bytes);
  Payload payload;
  payload.read(**entry);
  return {exposure_of(**entry, payload), payload.secrets()};
}

Draft of_type(std::string_view type, Outcome outcome, std::string_view text = "KEY") {
  Draft draft = sample_draft(find_event(type)->no, 7, text);
  draft.outcome = outcome;
  return draft;
}

TEST(ExposureOfAnEvent, IsThatOfItsTypeUnlessItDidNotTakePlace) {
  struct Case {
    const char* type;
    Outcome outcome;
    Exposure wanted;
  };
  const Case cases[] = {
      {"proxy.request.requested", Outcome::Ok, Exposure::kInjected},
      {"proxy.request.requested", Outcome::Unknown, Exposure::kInjected},
      {"proxy.request.requested", Outcome::Partial, Exposure::kInjected},
      {"proxy.request.requested", Outcome::Denied, Exposure::kNone},
      {"proxy.request.requested", Outcome::Failed, Exposure::kNone},
      {"secret.reveal.requested", Outcome::Ok, Exposure::kMetadata},
      {"secret.reveal.completed", Outcome::Ok, Exposure::kRevealed},
      {"secret.opened", Outcome::Ok, Exposure::kMetadata},
      {"vault.change.requested", Outcome::Ok, Exposure::kMetadata},  // named in a row of a list
      {"config.accepted", Outcome::Ok, Exposure::kMetadata},
      {"session.ended", Outcome::Ok, Exposure::kNone},  // names no secret
      {"ledger.anchored", Outcome::Ok, Exposure::kNone},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(seen(of_type(each.type, each.outcome)).exposure, each.wanted) << each.type;
  }
}

TEST(ExposureOfAnEvent, IsNoneWhenTheNameIsEmptyOrTheTypeUnknown) {
  EXPECT_EQ(seen(of_type("proxy.request.requested", Outcome::Ok, "")).exposure, Exposure::kNone);
  Draft unknown = of_type("proxy.request.requested", Outcome::Ok);
  unknown.type = 64'999;
  EXPECT_EQ(seen(unknown).exposure, Exposure::kNone);
}

TEST(SecretsOfAPayload, HaveTheirVersionsWhereverTheyStand) {
  using Secrets = std::vector<NamedSecret>;
  EXPECT_EQ(seen(of_type("proxy.request.requested", Outcome::Ok)).secrets, (Secrets{{"KEY", 7}}));
  EXPECT_EQ(seen(of_type("secret.opened", Outcome::Ok)).secrets, (Secrets{{"KEY", 0}, {"KEY", 0}}));
  // The name and, after a rename, the one before.
  EXPECT_EQ(seen(of_type("vault.change.requested", Outcome::Ok)).secrets,
            (Secrets{{"KEY", 7}, {"KEY", 7}}));
  EXPECT_EQ(seen(of_type("config.accepted", Outcome::Ok)).secrets, (Secrets{{"KEY", 0}}));
  EXPECT_EQ(seen(of_type("session.ended", Outcome::Ok)).secrets, Secrets{});
}

}  // namespace
}  // namespace phantom
