#include "proxy/proxy_events.h"

#include "events/envelope.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

Context project_context() {
  Context context;
  context.project = "0123456789abcdef";
  context.session = "s1";
  return context;
}

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
                             proxy_request_denied(context, refusal)}) {
    EXPECT_TRUE(check_draft(draft).ok());
  }
  EXPECT_EQ(completed.cause_seq, Seq{41});
  EXPECT_EQ(completed.outcome, Outcome::Partial);
  EXPECT_EQ(proxy_request_denied(context, refusal).outcome, Outcome::Denied);
  EXPECT_EQ(completed.tags.back(), "secret:0123456789abcdef/DEMO_KEY");
}

TEST(ProxyEvents, PathDigestsDependOnTheKey) {
  EXPECT_EQ(path_digest(PathKey{1}, "/a"), path_digest(PathKey{1}, "/a"));
  EXPECT_NE(path_digest(PathKey{1}, "/a"), path_digest(PathKey{2}, "/a"));
  EXPECT_NE(path_digest(PathKey{1}, "/a"), path_digest(PathKey{1}, "/b"));
}

}  // namespace
}  // namespace phantom
