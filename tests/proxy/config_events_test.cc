#include "proxy/config_events.h"

#include "events/envelope.h"
#include "ledger/reader.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Context config_context() {
  Context context;
  context.project = "0123456789abcdef";
  return context;
}

// A ledger whose only history is the one a test gives it, newest first.
class FixedHistory final : public LedgerReader {
 public:
  explicit FixedHistory(std::vector<Draft> drafts) {
    Seq seq = drafts.size();
    for (const Draft& draft : drafts) {
      Sequencing sequencing;
      sequencing.seq = --seq;
      sequencing.tag_links.resize(draft.tags.size());
      Result<Bytes> bytes = encode_entry(draft, sequencing);
      PH_CHECK(bytes.ok(), "a draft of a test encodes");
      entries_.push_back(std::move(*bytes));
    }
  }
  const SignedCheckpoint& head() const override { return head_; }
  Result<bool> catch_up() override { return false; }
  Result<Bytes> entry(Seq) const override { return Error{Code::kNotFound, "no entry"}; }
  Status scan(Seq, Seq, const std::function<bool(Seq, const Bytes&)>&) const override { return {}; }
  Status commits(std::uint64_t,
                 const std::function<bool(const SignedCheckpoint&)>&) const override {
    return Error{Code::kUnsupported, "not needed here"};
  }
  Result<std::optional<TagState>> tag(std::string_view) const override {
    return std::optional<TagState>{};
  }
  Status history(std::string_view tag,
                 const std::function<bool(Seq, const Bytes&)>& visit) const override {
    if (tag != "config:0123456789abcdef") return {};
    for (const Bytes& entry : entries_) {
      if (!visit(0, entry)) break;
    }
    return {};
  }
  Result<Digest> node(unsigned, std::uint64_t) const override {
    return Error{Code::kNotFound, "no node"};
  }

 private:
  SignedCheckpoint head_;
  std::vector<Bytes> entries_;
};

Route own_route(const std::string& service, const std::string& host) {
  Route route;
  route.service = service;
  route.secret_name = "OWN_API_KEY";
  route.host = host;
  route.header = "Authorization";
  route.header_format = "Bearer {secret}";
  return route;
}

TEST(ConfigEvents, DraftsAreWhatTheWriterTakes) {
  const Context context = config_context();
  ConfigChange change;
  change.keys = {"services.own.host"};
  const Draft completed =
      config_change_completed(context, 41, Digest{2}, Outcome::Failed, Reason::Conflict);
  const Draft refused = config_refused(
      context, {Digest{1}, {"webhook"}, {"OWN_API_KEY", "OWN_API_KEY"}, Reason::ConfigRisk});
  for (const Draft& draft : {config_accepted(context, Digest{}, builtin_routes()),
                             config_change_requested(context, change), completed, refused}) {
    EXPECT_TRUE(check_draft(draft).ok());
  }
  EXPECT_EQ(completed.cause_seq, Seq{41});
  EXPECT_EQ(refused.outcome, Outcome::Denied);
  ASSERT_EQ(refused.tags.size(), 2U);
  EXPECT_EQ(refused.tags[1], "secret:0123456789abcdef/OWN_API_KEY");
}

TEST(ConfigEvents, TheLargestConfigurationFitsIntoItsEvents) {
  std::vector<Route> routes;
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) {
    routes.push_back(own_route("service-" + std::to_string(i), std::string(60, 'h') + ".example"));
    routes.back().secret_name = "NAME_OF_A_SECRET_" + std::to_string(i);
    names.push_back(routes.back().secret_name);
  }
  EXPECT_TRUE(check_draft(config_accepted(config_context(), Digest{}, routes)).ok());
  std::vector<std::string> rules(25, "builtin-service-moved");
  EXPECT_TRUE(
      check_draft(config_refused(config_context(), {Digest{}, rules, names, Reason::ConfigRisk}))
          .ok());
}

TEST(ConfigEvents, ConsentIsTheNewestAcceptance) {
  const Context context = config_context();
  const FixedHistory none({});
  EXPECT_FALSE((*last_accepted_config(none, context.project)).has_value());
  Route route = own_route("own", "api.own.example");
  route.port = 8443;
  const FixedHistory both(
      {config_accepted(context, Digest{2}, {route}), config_accepted(context, Digest{1}, {})});
  const auto accepted = *last_accepted_config(both, context.project);
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->digest, Digest{2});
  ASSERT_EQ(accepted->routes.size(), 1U);
  EXPECT_EQ(accepted->routes[0], accepted_route(route));
  EXPECT_EQ(accepted->routes[0].origin, "https://api.own.example:8443");
  EXPECT_FALSE((*last_accepted_config(both, "fedcba9876543210")).has_value());
}

TEST(ConfigEvents, TextOfAHeaderFormatStaysOutOfTheRecord) {
  Route route = own_route("own", "api.own.example");
  route.header_format = "Key free-text-of-somebody {secret}";
  EXPECT_EQ(placement_of(route), "Authorization: (own form)");
}

}  // namespace
}  // namespace phantom
