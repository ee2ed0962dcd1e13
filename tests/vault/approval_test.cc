#include "vault/approval.h"

#include "events/encoding.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <set>

namespace phantom {
namespace {

using Verdict = ApprovalVerdict;

ApprovalRequest remove_key() {
  ApprovalRequest request;
  request.tool = "phantom_remove_secret";
  request.arguments = R"({"name":"KEY"})";
  request.secret_names = {"KEY"};
  request.hosts = {"api.example.com"};
  return request;
}

Context here() {
  Context context;
  context.project = "demo";
  context.session = "s1";
  return context;
}

Approval granted_at(std::int64_t expires_ns) {
  Approval approval;
  approval.id = "0123-4567-89ab";
  approval.state = ApprovalState::kGranted;
  approval.tool = remove_key().tool;
  approval.arguments_digest = arguments_digest(remove_key().arguments);
  approval.project = "demo";
  approval.session = "s1";
  approval.secret_names = {"KEY"};
  approval.hosts = {"api.example.com"};
  approval.expires_ns = expires_ns;
  approval.granted_seq = 3;
  return approval;
}

TEST(Approval, VerdictTable) {
  struct Row {
    const char* what;
    void (*change)(Approval&, Context&, ApprovalRequest&, std::int64_t&);
    Verdict verdict;
    Reason reason;
  };
  using A = Approval;
  using C = Context;
  using R = ApprovalRequest;
  using T = std::int64_t;
  const Row rows[] = {
      {"as asked", [](A&, C&, R&, T&) {}, Verdict::kUsable, Reason::None},
      {"other project", [](A&, C& c, R&, T&) { c.project = "other"; }, Verdict::kOtherProject,
       Reason::OtherProject},
      {"other session", [](A&, C& c, R&, T&) { c.session = "s2"; }, Verdict::kOtherSession,
       Reason::OtherSession},
      {"other tool", [](A&, C&, R& r, T&) { r.tool = "phantom_rename"; }, Verdict::kOtherTool,
       Reason::OtherTool},
      {"changed arguments", [](A&, C&, R& r, T&) { r.arguments = R"({"name":"KEZ"})"; },
       Verdict::kArgumentsChanged, Reason::ArgumentsChanged},
      {"no arguments", [](A&, C&, R& r, T&) { r.arguments.clear(); }, Verdict::kArgumentsChanged,
       Reason::ArgumentsChanged},
      {"another secret", [](A&, C&, R& r, T&) { r.secret_names.push_back("OTHER"); },
       Verdict::kOtherSecrets, Reason::ArgumentsChanged},
      {"another host", [](A&, C&, R& r, T&) { r.hosts = {"evil.example"}; }, Verdict::kOtherSecrets,
       Reason::ArgumentsChanged},
      {"asked, not answered", [](A& a, C&, R&, T&) { a.state = ApprovalState::kAsked; },
       Verdict::kNotAnswered, Reason::NotApproved},
      {"asked, time over",
       [](A& a, C&, R&, T& now) {
         a.state = ApprovalState::kAsked;
         a.granted_seq = 0;
         now = 1'000;
       },
       Verdict::kQuestionExpired, Reason::ApprovalExpired},
      {"granted, last moment", [](A&, C&, R&, T& now) { now = 999; }, Verdict::kUsable,
       Reason::None},
      {"granted, time over", [](A&, C&, R&, T& now) { now = 1'000; }, Verdict::kGrantExpired,
       Reason::ApprovalExpired},
      {"expired before the answer",
       [](A& a, C&, R&, T&) {
         a.state = ApprovalState::kExpired;
         a.granted_seq = 0;
       },
       Verdict::kQuestionExpired, Reason::ApprovalExpired},
      {"expired after the answer", [](A& a, C&, R&, T&) { a.state = ApprovalState::kExpired; },
       Verdict::kGrantExpired, Reason::ApprovalExpired},
      {"replay", [](A& a, C&, R&, T&) { a.state = ApprovalState::kUsed; }, Verdict::kUsed,
       Reason::ApprovalUsed},
      {"denied", [](A& a, C&, R&, T&) { a.state = ApprovalState::kDenied; }, Verdict::kDenied,
       Reason::UserDeclined},
      {"standing, any session and arguments",
       [](A& a, C& c, R& r, T&) {
         a.standing = true;
         a.state = ApprovalState::kStanding;
         c.session = "s9";
         r.arguments = "{}";
       },
       Verdict::kUsable, Reason::None},
      {"standing, fewer secrets",
       [](A& a, C&, R& r, T&) {
         a.standing = true;
         a.state = ApprovalState::kStanding;
         r.secret_names.clear();
       },
       Verdict::kUsable, Reason::None},
      {"standing, a secret it does not name",
       [](A& a, C&, R& r, T&) {
         a.standing = true;
         a.state = ApprovalState::kStanding;
         r.secret_names = {"KEY", "prod/KEY"};
       },
       Verdict::kOtherSecrets, Reason::ArgumentsChanged},
      {"standing, revoked",
       [](A& a, C&, R&, T&) {
         a.standing = true;
         a.state = ApprovalState::kRevoked;
       },
       Verdict::kRevoked, Reason::NotApproved},
  };
  for (const Row& row : rows) {
    Approval approval = granted_at(1'000);
    Context context = here();
    ApprovalRequest request = remove_key();
    std::int64_t now = 10;
    row.change(approval, context, request, now);
    const Verdict verdict = judge_approval(approval, context, request, now);
    EXPECT_EQ(verdict, row.verdict) << row.what;
    EXPECT_EQ(verdict_reason(verdict), row.reason) << row.what;
    EXPECT_FALSE(verdict_error(verdict, approval.id).message.empty());
  }
  EXPECT_EQ(judge_approval(std::nullopt, here(), remove_key(), 10), Verdict::kUnknown);
  EXPECT_EQ(verdict_error(Verdict::kUnknown, "x").code, Code::kNotFound);
  EXPECT_EQ(verdict_error(Verdict::kUsed, "x").code, Code::kDenied);
}

TEST(Approval, IdsAreShortTypeableAndUnlikelyToMeet) {
  SeededRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 2'000; ++i) {
    const std::string id = make_approval_id(random);
    EXPECT_TRUE(is_approval_id(id)) << id;
    EXPECT_EQ(read_approval_id(id), id);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 2'000U);
}

TEST(Approval, ReadsWhatAPersonTypes) {
  EXPECT_EQ(read_approval_id(" K7M29XQD4HFP "), "k7m2-9xqd-4hfp");
  EXPECT_EQ(read_approval_id("k7m2 9xqd 4hfp"), "k7m2-9xqd-4hfp");
  for (const char* wrong : {"", "k7m2-9xqd", "k7m2-9xqd-4hfpx", "i7m2-9xqd-4hfp", "--all",
                            "k7m2-9xqd-4hf\n", "k7m2/9xqd/4hfp", "l7m2-oxqd-uhfp"}) {
    EXPECT_FALSE(read_approval_id(wrong)) << wrong;
    EXPECT_FALSE(is_approval_id(wrong)) << wrong;
  }
}

TEST(Approval, RefusesRequestsAPersonCannotBeShown) {
  EXPECT_TRUE(check_request(remove_key()).ok());
  ApprovalRequest request = remove_key();
  request.arguments.assign(kArgumentsBytesMax + 1, 'x');
  EXPECT_EQ(check_request(request).error().code, Code::kLimit);
  request = remove_key();
  request.tool = "rm -rf\n";
  EXPECT_EQ(check_request(request).error().code, Code::kInvalid);
  request = remove_key();
  request.hosts = {"a\nsecret OTHER"};
  EXPECT_EQ(check_request(request).error().code, Code::kInvalid);
  request = remove_key();
  request.secret_names = {"KEY\nhost evil"};
  EXPECT_EQ(check_request(request).error().code, Code::kInvalid);
  request = remove_key();
  request.secret_names.assign(kApprovalListMax + 1, "KEY");
  EXPECT_EQ(check_request(request).error().code, Code::kLimit);
}

TEST(Approval, TheSealedTextNamesEverythingThatIsAllowed) {
  EXPECT_EQ(grant_text(granted_at(5), 7),
            "phantom/approval/v1\nkind once\nid 0123-4567-89ab\ntool phantom_remove_secret\n"
            "arguments " +
                to_hex(arguments_digest(R"({"name":"KEY"})")) +
                "\nproject demo\nsession s1\nuses 1\nexpires 7\nsecret KEY\n"
                "host api.example.com\n");
  Approval standing = granted_at(5);
  standing.standing = true;
  standing.uses_max = 3;
  EXPECT_EQ(grant_text(standing, 7),
            "phantom/approval/v1\nkind standing\nid 0123-4567-89ab\ntool phantom_remove_secret\n"
            "arguments any\nproject demo\nsession any\nuses 3\nexpires 7\nsecret KEY\n"
            "host api.example.com\n");
}

}  // namespace
}  // namespace phantom
