#include "proxy/platform_client.h"

#include "events/tags.h"
#include "proxy/sync_run.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace phantom::proxy_test {
namespace {

using namespace std::chrono_literals;

Result<HttpAnswer> answer(int status, const std::string& body = "{}",
                          std::vector<HttpField> fields = {}) {
  HttpAnswer made;
  made.status = status;
  made.body = to_bytes(body);
  made.fields = std::move(fields);
  return made;
}

Result<HttpAnswer> lost() { return Error{Code::kBusy, "127.0.0.1:1 closed early"}; }

SyncTarget target_of(const std::string& platform, const std::string& place) {
  SyncTarget target;
  target.config.platform = platform;
  target.config.project = "p";
  target.config.account = "a";
  target.environment = "prod";
  target.places = {place};
  return target;
}

// Answers in turn; what is asked for too often is a failure of the test.
class PlatformClient : public testing::Test {
 protected:
  PlatformClient() {
    tools_.clock = &clock_;
    tools_.random = &random_;
    tools_.send = [this](const HttpRequest& request) -> Result<HttpAnswer> {
      sent_.push_back(request.method + " " + request.target);
      if (answers_.empty()) {
        ADD_FAILURE() << "not expected: " << sent_.back();
        return lost();
      }
      Result<HttpAnswer> next = std::move(answers_.front());
      answers_.pop_front();
      return next;
    };
    tools_.pause = [this](std::chrono::milliseconds wait) { waits_.push_back(wait); };
  }

  template <class... Answers>
  void will_answer(Answers... answers) {
    (answers_.push_back(std::move(answers)), ...);
  }

  FakeClock clock_;
  SeededRandom random_{1};
  PlatformTools tools_;
  std::deque<Result<HttpAnswer>> answers_;
  std::vector<std::string> sent_;
  std::vector<std::chrono::milliseconds> waits_;
};

TEST_F(PlatformClient, WhatMayBeRepeatedIsRepeatedUntilPatienceEnds) {
  HttpRequest request;
  request.method = "PUT";
  request.resend = Resend::kAllowed;
  will_answer(answer(500), lost(), answer(503), answer(201));
  PlatformExchange exchange = send_patiently(tools_, github_platform(), request);
  EXPECT_EQ(exchange.result, PlatformResult::kDone);
  EXPECT_EQ(exchange.status, 201);
  EXPECT_EQ(exchange.attempts, 4U);
  EXPECT_EQ(waits_.size(), 3U);

  will_answer(lost(), lost(), lost(), lost(), lost());
  exchange = send_patiently(tools_, github_platform(), request);
  EXPECT_EQ(exchange.result, PlatformResult::kUnreachable);
  EXPECT_EQ(exchange.status, 0);
  EXPECT_EQ(exchange.attempts, 5U);
}

TEST_F(PlatformClient, ACreateIsNotRepeatedBlindly) {
  HttpRequest request;
  request.method = "POST";
  will_answer(lost());
  EXPECT_EQ(send_patiently(tools_, vercel_platform(), request).result, PlatformResult::kUncertain);
  will_answer(answer(502));
  EXPECT_EQ(send_patiently(tools_, vercel_platform(), request).result, PlatformResult::kUncertain);
  // What was limited was not done.
  will_answer(answer(429, "{}", {{"Retry-After", "3"}}), answer(201));
  EXPECT_EQ(send_patiently(tools_, vercel_platform(), request).result, PlatformResult::kDone);
  EXPECT_EQ(waits_, std::vector<std::chrono::milliseconds>{3s});
}

TEST_F(PlatformClient, ALongLimitIsNotWaitedOut) {
  HttpRequest request;
  will_answer(answer(429, "{}", {{"Retry-After", "3600"}}));
  const PlatformExchange exchange = send_patiently(tools_, github_platform(), request);
  EXPECT_EQ(exchange.result, PlatformResult::kRateLimited);
  EXPECT_EQ(exchange.attempts, 1U);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(PlatformClient, StatusesAndErrorsMeanWhatTheySay) {
  struct Row {
    int status;
    std::vector<HttpField> fields;
    PlatformResult result;
  };
  for (const Row& row : std::initializer_list<Row>{
           {200, {}, PlatformResult::kDone},
           {204, {}, PlatformResult::kDone},
           {302, {}, PlatformResult::kNotUnderstood},
           {400, {}, PlatformResult::kInvalid},
           {401, {}, PlatformResult::kDenied},
           {403, {}, PlatformResult::kDenied},
           {403, {{"Retry-After", "60"}}, PlatformResult::kRateLimited},
           {403, {{"X-RateLimit-Remaining", "0"}}, PlatformResult::kRateLimited},
           {404, {}, PlatformResult::kNotFound},
           {409, {}, PlatformResult::kConflict},
           {422, {}, PlatformResult::kInvalid},
           {429, {}, PlatformResult::kRateLimited},
           {500, {}, PlatformResult::kServerError},
           {503, {}, PlatformResult::kServerError}}) {
    HttpAnswer made;
    made.status = row.status;
    made.fields = row.fields;
    EXPECT_EQ(github_platform().judge(made), row.result) << row.status;
  }
  const auto fly = [](const std::string& body) { return fly_platform().judge(*answer(200, body)); };
  EXPECT_EQ(fly(R"({"data":{"setSecrets":{}}})"), PlatformResult::kDone);
  EXPECT_EQ(fly(R"({"data":{"setSecrets":{}},"errors":[]})"), PlatformResult::kDone);
  EXPECT_EQ(fly(R"({"data":null,"errors":[{"message":"x","extensions":{"code":"UNAUTHORIZED"}}]})"),
            PlatformResult::kDenied);
  EXPECT_EQ(fly(R"({"errors":[{"message":"Not Authorized"}]})"), PlatformResult::kDenied);
  EXPECT_EQ(fly(R"({"errors":[{"message":"Could not find App"}]})"), PlatformResult::kNotFound);
  EXPECT_EQ(fly(R"({"data":{"setSecrets":{}},"errors":[{"message":"?"}]})"),
            PlatformResult::kRefused);
  // The word alone, in a value or elsewhere, is no error.
  EXPECT_EQ(fly(R"({"data":{"app":{"name":"errors"}}})"), PlatformResult::kDone);
  EXPECT_EQ(fly("errors"), PlatformResult::kNotUnderstood);
  EXPECT_EQ(fly("{}"), PlatformResult::kNotUnderstood);
  EXPECT_EQ(cloudflare_platform().judge(*answer(200, R"({"success":false,"errors":[{}]})")),
            PlatformResult::kRefused);
  EXPECT_EQ(cloudflare_platform().judge(*answer(200, R"({"success":true})")),
            PlatformResult::kDone);
  EXPECT_EQ(vercel_platform().judge(*answer(201, R"({"created":{},"failed":[{"error":{}}]})")),
            PlatformResult::kConflict);
  EXPECT_EQ(vercel_platform().judge(*answer(400, R"({"error":{"code":"ENV_CONFLICT"}})")),
            PlatformResult::kConflict);
}

TEST_F(PlatformClient, AListIsReadToItsEndAndAFailedOneIsNeverEmpty) {
  const SyncTarget target = target_of("vercel", "production");
  const std::string one = R"({"id":"1","key":"A","target":["production"],"type":"encrypted"})";
  const std::string two =
      R"({"id":"2","key":"B","target":"production","type":"plain","value":"v"})";
  will_answer(answer(200, R"({"envs":[)" + one + R"(],"pagination":{"next":7}})"),
              answer(200, R"({"envs":[)" + two + R"(],"pagination":{"next":null}})"));
  PlatformListing listing = list_everything(tools_, vercel_platform(), target);
  EXPECT_EQ(listing.result, PlatformResult::kDone);
  ASSERT_EQ(listing.entries.size(), 2U);
  EXPECT_FALSE(listing.entries[0].value.has_value());
  EXPECT_TRUE(listing.entries[1].value->equals(as_bytes("v")));
  EXPECT_EQ(sent_[1], "GET /v10/projects/p/env?decrypt=true&limit=100&teamId=a&until=7");

  // The second page fails: nothing of the first counts.
  will_answer(answer(200, R"({"envs":[)" + one + R"(],"pagination":{"next":7}})"), answer(401));
  listing = list_everything(tools_, vercel_platform(), target);
  EXPECT_EQ(listing.result, PlatformResult::kDenied);
  EXPECT_TRUE(listing.entries.empty());
  // A page that leads to itself has no end.
  will_answer(answer(200, R"({"envs":[],"pagination":{"next":7}})"),
              answer(200, R"({"envs":[],"pagination":{"next":7}})"));
  EXPECT_EQ(list_everything(tools_, vercel_platform(), target).result,
            PlatformResult::kNotUnderstood);
  for (const char* odd : {"", "[]", "{}", R"({"envs":{}})", R"({"envs":[{"key":"A"}]})",
                          R"({"envs":[{"id":"../x","key":"A"}]})", "<html>"}) {
    will_answer(answer(200, odd));
    EXPECT_EQ(list_everything(tools_, vercel_platform(), target).result,
              PlatformResult::kNotUnderstood)
        << odd;
  }
}

// Keeps the drafts, and can refuse the next ones.
class ListAppender final : public Appender {
 public:
  Result<Receipt> append(Draft draft) override {
    if (refusing) return Error{Code::kIo, "no space left"};
    Receipt receipt;
    receipt.seq = drafts.size();
    drafts.push_back(std::move(draft));
    return receipt;
  }
  void append_async(Draft draft, AppendCallback done) override { done(append(std::move(draft))); }
  void set_guard(DraftGuard) override {}
  Status close() override { return {}; }

  std::vector<Draft> drafts;
  bool refusing = false;
};

class SyncRunTest : public PlatformClient {
 protected:
  SyncRunTest() {
    context_.project = "0123456789abcdef";
    context_.component = "cli";
  }

  SyncReport run(const Platform& platform, const SyncTarget& target,
                 std::vector<PlannedItem> plan) {
    const SyncRun made{tools_, platform, target, appender_, context_, {}};
    auto report = run_plan(made, std::move(plan));
    EXPECT_TRUE(report.ok());
    return report.ok() ? std::move(*report) : SyncReport{};
  }

  std::vector<PlannedItem> plan(const Platform& platform, const SyncTarget& target,
                                const std::vector<std::string>& names) {
    std::vector<WantedSecret> wanted;
    for (const std::string& name : names) wanted.push_back({"prod/" + name, 1, &value_});
    return plan_sync(platform, target, wanted, {}, {});
  }

  SecretBytes value_ = SecretBytes::copy_of("value-1");
  Context context_;
  ListAppender appender_;
};

TEST_F(SyncRunTest, AnUncertainCreateIsSettledByLookingAgain) {
  const SyncTarget target = target_of("vercel", "production");
  // It had arrived: nothing is created twice.
  const std::string there =
      R"({"envs":[{"id":"1","key":"A","target":["production"],"type":"encrypted",)"
      R"("value":"value-1","decrypted":true}]})";
  will_answer(lost(), answer(200, there));
  SyncReport report = run(vercel_platform(), target, plan(vercel_platform(), target, {"A"}));
  ASSERT_EQ(report.outcomes.size(), 1U);
  EXPECT_EQ(report.outcomes[0].result_name(), "done");
  EXPECT_EQ(sent_.size(), 2U);

  // It had arrived, and cannot be read: it is changed, which may be repeated.
  sent_.clear();
  will_answer(lost(),
              answer(200, R"({"envs":[{"id":"1","key":"A","target":["production"],)"
                          R"("type":"sensitive"}]})"),
              answer(200));
  report = run(vercel_platform(), target, plan(vercel_platform(), target, {"A"}));
  EXPECT_EQ(report.outcomes[0].result_name(), "done");
  EXPECT_EQ(sent_.back(), "PATCH /v9/projects/p/env/1?teamId=a");

  // It had not arrived: it is created.
  sent_.clear();
  will_answer(lost(), answer(200, R"({"envs":[]})"), answer(201));
  report = run(vercel_platform(), target, plan(vercel_platform(), target, {"A"}));
  EXPECT_EQ(report.outcomes[0].result_name(), "done");
  EXPECT_EQ(report.outcomes[0].ending.attempts, 2U);

  // Nobody can be asked: it stays unknown, and says so.
  will_answer(lost(), answer(401));
  report = run(vercel_platform(), target, plan(vercel_platform(), target, {"A"}));
  EXPECT_EQ(report.outcomes[0].result_name(), "uncertain");
}

TEST_F(SyncRunTest, OneFailureDoesNotStopTheOthersButARefusedTokenDoes) {
  const SyncTarget target = target_of("fly", "app");
  const std::string good = R"({"data":{"setSecrets":{"release":null}}})";
  will_answer(answer(200, good), answer(422), answer(200, good));
  SyncReport report = run(fly_platform(), target, plan(fly_platform(), target, {"A", "B", "C"}));
  EXPECT_EQ(report.outcomes[0].result_name(), "done");
  EXPECT_EQ(report.outcomes[1].result_name(), "invalid");
  EXPECT_EQ(report.outcomes[2].result_name(), "done");

  will_answer(answer(401));
  report = run(fly_platform(), target, plan(fly_platform(), target, {"A", "B"}));
  EXPECT_EQ(report.outcomes[0].result_name(), "denied");
  EXPECT_EQ(report.outcomes[1].result_name(), "not-tried");
}

TEST_F(SyncRunTest, EachItemIsOnRecordBeforeItIsSentAndAfter) {
  const SyncTarget target = target_of("fly", "app");
  std::vector<std::size_t> recorded;
  tools_.send = [&](const HttpRequest& request) {
    EXPECT_NE(as_text(request.body).find("value-1"), std::string_view::npos);
    recorded.push_back(appender_.drafts.size());
    return recorded.size() == 2 ? answer(500) : answer(200, R"({"data":{}})");
  };
  run(fly_platform(), target, plan(fly_platform(), target, {"A", "B"}));
  EXPECT_EQ(recorded, (std::vector<std::size_t>{1, 3, 3}));
  ASSERT_EQ(appender_.drafts.size(), 4U);
  const Draft& requested = appender_.drafts[2];
  const Draft& completed = appender_.drafts[3];
  EXPECT_EQ(requested.type, 4001);
  EXPECT_EQ(completed.type, 4002);
  EXPECT_EQ(completed.cause_seq, 2U);
  EXPECT_EQ(completed.outcome, Outcome::Ok);
  const std::string tag = secret_tag("0123456789abcdef", "prod/B");
  for (const Draft* draft : {&requested, &completed}) {
    EXPECT_NE(std::find(draft->tags.begin(), draft->tags.end(), tag), draft->tags.end());
    EXPECT_EQ(as_text(draft->payload).find("value-1"), std::string_view::npos);
  }
}

TEST_F(SyncRunTest, WhatCannotBeRecordedIsNotSent) {
  const SyncTarget target = target_of("fly", "app");
  appender_.refusing = true;
  const SyncRun made{tools_, fly_platform(), target, appender_, context_, {}};
  EXPECT_EQ(run_plan(made, plan(fly_platform(), target, {"A"})).error().code, Code::kIo);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(SyncRunTest, WithoutThePublicKeyNothingIsSent) {
  const SyncTarget target = target_of("github", "repository");
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
           {401, "{}"}, {200, "{}"}, {200, R"({"key_id":"1","key":"AAAA"})"}}) {
    sent_.clear();
    will_answer(answer(status, body));
    const SyncReport report =
        run(github_platform(), target, plan(github_platform(), target, {"A"}));
    EXPECT_EQ(report.outcomes[0].result_name(), "not-tried");
    EXPECT_NE(report.asked.result, PlatformResult::kDone);
    EXPECT_EQ(sent_, std::vector<std::string>{"GET /repos/p/actions/secrets/public-key"});
  }
}

TEST_F(SyncRunTest, WhatIsGoneAlreadyIsDeleted) {
  const SyncTarget target = target_of("netlify", "production");
  PlannedItem item;
  item.action = SyncAction::kDelete;
  item.full_name = "prod/OLD";
  item.write.action = WriteAction::kDelete;
  item.write.name = "OLD";
  item.write.entry_id = "v1";
  std::vector<PlannedItem> items;
  items.push_back(std::move(item));
  will_answer(answer(404));
  const SyncReport report = run(netlify_platform(), target, std::move(items));
  EXPECT_EQ(report.outcomes[0].result_name(), "done");
  EXPECT_EQ(sent_.back(), "DELETE /api/v1/accounts/a/env/OLD/value/v1?site_id=p");
}

}  // namespace
}  // namespace phantom::proxy_test
