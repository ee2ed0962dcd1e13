#include "proxy/proxy_events.h"

#include "events/envelope.h"
#include "ledger/reader.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Context project_context() {
  Context context;
  context.project = "0123456789abcdef";
  context.session = "s1";
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

TEST(ProxyEvents, DraftsAreWhatTheWriterTakes) {
  const Context context = project_context();
  RequestFacts request;
  request.secret_name = "DEMO_KEY";
  AnswerFacts answer;
  answer.secret_name = "DEMO_KEY";
  answer.outcome = Outcome::Partial;
  answer.reason = Reason::ClientAborted;
  RefusalFacts refusal;
  refusal.reason = Reason::BadToken;
  const Draft completed = proxy_request_completed(context, answer, 41);
  for (const Draft& draft : {proxy_request_requested(context, request), completed,
                             proxy_request_denied(context, refusal),
                             config_accepted(context, Digest{}, builtin_routes())}) {
    EXPECT_TRUE(check_draft(draft).ok());
  }
  EXPECT_EQ(completed.cause_seq, Seq{41});
  EXPECT_EQ(completed.outcome, Outcome::Partial);
  EXPECT_EQ(proxy_request_denied(context, refusal).outcome, Outcome::Denied);
  EXPECT_EQ(completed.tags.back(), "secret:0123456789abcdef/DEMO_KEY");
}

TEST(ProxyEvents, ConsentIsBoundToTheNewestAcceptedDigest) {
  const Context context = project_context();
  const Digest first{1};
  const Digest second{2};
  const FixedHistory none({});
  EXPECT_FALSE(*is_config_accepted(none, context.project, first));
  const FixedHistory both(
      {config_accepted(context, second, {}), config_accepted(context, first, {})});
  EXPECT_TRUE(*is_config_accepted(both, context.project, second));
  EXPECT_FALSE(*is_config_accepted(both, context.project, first));
  EXPECT_FALSE(*is_config_accepted(both, "fedcba9876543210", second));
}

TEST(ProxyEvents, PathDigestsDependOnTheKey) {
  EXPECT_EQ(path_digest(PathKey{1}, "/a"), path_digest(PathKey{1}, "/a"));
  EXPECT_NE(path_digest(PathKey{1}, "/a"), path_digest(PathKey{2}, "/a"));
  EXPECT_NE(path_digest(PathKey{1}, "/a"), path_digest(PathKey{1}, "/b"));
}

}  // namespace
}  // namespace phantom
