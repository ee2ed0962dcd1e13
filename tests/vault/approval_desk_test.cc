#include "vault/approval_desk.h"

#include "events/sha256.h"
#include "schema/events_generated.h"
#include "tests/vault/approval_case.h"
#include "tests/vault/memory_ledger.h"
#include "vault/approval_events.h"
#include "vault/vault_events.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom {
namespace {

using Names = std::vector<std::string>;
using Which = ApprovalDesk::Which;

// A stand-in for Vault::approval_seal: another key, another seal.
ApprovalSealer sealer_with(const std::string& key) {
  return [key](std::string_view text) { return sha256({as_bytes(key), as_bytes(text)}); };
}

class ApprovalDeskTest : public ::testing::Test {
 protected:
  ApprovalDeskTest()
      : appender(ledger), reader(ledger), desk(appender, reader, ledger.clock, ledger.random) {
    agent.component = "cli";
    agent.actor_kind = ActorKind::Agent;
    agent.actor_id = "a1";
    agent.agent_tool = "claude-code";
    agent.session = "m1";
    agent.project = "demo";
    person = agent;
    person.actor_kind = ActorKind::Human;
    person.agent_tool.clear();
    person.session.clear();
    request.tool = "phantom_remove_secret";
    request.arguments = R"({"name":"KEY"})";
    request.secret_names = {"KEY"};
    request.hosts = {"api.example.com"};
    request.asker = "pid 7";
    // The fold never sees event 0 of a real ledger as an approval; keep it so here.
    add_other_event();
  }

  void add_other_event() {
    PH_CHECK(ledger.append(vault_unlocked(person, "key-file")).ok(), "append");
  }
  void make_vault() {
    VaultChangeNote note;
    note.source = "init";
    PH_CHECK(ledger.append(vault_change_requested(person, note)).ok(), "append");
  }
  std::string ask() {
    const auto asked = desk.ask(agent, request);
    EXPECT_TRUE(asked.ok()) << asked.error().message;
    return asked.ok() ? asked->id : "";
  }
  Result<Receipt> use(const std::string& id) {
    return desk.use(agent, id, request, test::tool_requested(agent, id, request), sealer);
  }
  // The use fails with this code and leaves exactly one approval.refused with the reason.
  void expect_refused(const std::string& id, Code code, Reason reason) {
    const auto refusals = [this] {
      const Names names = ledger.names();
      return std::count(names.begin(), names.end(), "approval.refused");
    };
    const auto before = refusals();
    const auto used = use(id);
    ASSERT_FALSE(used.ok());
    EXPECT_EQ(used.error().code, code) << used.error().message;
    EXPECT_EQ(refusals(), before + 1);
    EXPECT_EQ(find_event(ledger.last().type)->name, "approval.refused");
    EXPECT_EQ(ledger.last().reason, reason);
    EXPECT_EQ(ledger.last().outcome, Outcome::Denied);
    const Names names = ledger.names();
    EXPECT_EQ(std::count(names.begin(), names.end(), "mcp.tool.requested"), effects);
  }
  ApprovalState state(const std::string& id) {
    const auto approval = desk.look(id);
    PH_CHECK(approval.ok() && *approval, "an approval");
    return (*approval)->state;
  }

  MemoryLedger ledger;
  MemoryAppender appender;
  MemoryReader reader;
  ApprovalDesk desk;
  Context agent;
  Context person;
  ApprovalRequest request;
  ApprovalSealer sealer;
  int effects = 0;  // recorded so far
};

TEST_F(ApprovalDeskTest, AskedGrantedUsedInThisOrder) {
  const std::string id = ask();
  EXPECT_EQ(state(id), ApprovalState::kAsked);
  const Draft& asked = ledger.last();
  EXPECT_EQ(asked.context.agent_tool, "claude-code");
  ASSERT_EQ(asked.to_seal.size(), 2U);
  EXPECT_EQ(asked.to_seal[0].text, request.arguments);
  EXPECT_EQ(asked.to_seal[1].text, "pid 7");
  const auto granted = desk.grant(person, id, sealer);
  ASSERT_TRUE(granted.ok()) << granted.error().message;
  EXPECT_EQ(granted->state, ApprovalState::kGranted);
  const auto used = use(id);
  ASSERT_TRUE(used.ok()) << used.error().message;
  EXPECT_EQ(state(id), ApprovalState::kUsed);
  EXPECT_EQ(ledger.names(),
            (Names{"vault.unlocked", "approval.asked", "approval.granted", "mcp.tool.requested"}));
  EXPECT_EQ(ledger.rows[2].draft.cause_seq, Seq{1});
  EXPECT_EQ(ledger.rows[3].draft.cause_seq, Seq{2});
  for (Seq seq = 1; seq < 4; ++seq) {
    const auto& tags = ledger.rows[seq].draft.tags;
    EXPECT_NE(std::find(tags.begin(), tags.end(), "approval:" + id), tags.end());
  }
}

TEST_F(ApprovalDeskTest, Replay) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  ASSERT_TRUE(use(id).ok());
  effects = 1;
  expect_refused(id, Code::kDenied, Reason::ApprovalUsed);
  expect_refused(id, Code::kDenied, Reason::ApprovalUsed);
  EXPECT_EQ(desk.grant(person, id, sealer).error().code, Code::kDenied);
}

TEST_F(ApprovalDeskTest, Deny) {
  const std::string id = ask();
  ASSERT_TRUE(desk.deny(person, id).ok());
  EXPECT_EQ(find_event(ledger.last().type)->name, "approval.denied");
  expect_refused(id, Code::kDenied, Reason::UserDeclined);
  EXPECT_EQ(desk.grant(person, id, sealer).error().code, Code::kDenied);
}

TEST_F(ApprovalDeskTest, DenyAfterTheGrantAndBeforeTheUse) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  ASSERT_TRUE(desk.deny(person, id).ok());
  expect_refused(id, Code::kDenied, Reason::UserDeclined);
}

TEST_F(ApprovalDeskTest, NotAnsweredYet) {
  const std::string id = ask();
  expect_refused(id, Code::kDenied, Reason::NotApproved);
  // A refusal is no answer: the person can still say yes.
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  EXPECT_TRUE(use(id).ok());
}

TEST_F(ApprovalDeskTest, UnknownIdLeavesNoTag) {
  for (const char* id : {"0123-4567-89ab", "nonsense", ""}) {
    expect_refused(id, Code::kNotFound, Reason::NotApproved);
    for (const std::string& tag : ledger.last().tags) EXPECT_FALSE(tag.starts_with("approval:"));
  }
}

TEST_F(ApprovalDeskTest, ExpiresBeforeTheAnswer) {
  const std::string id = ask();
  ledger.clock.advance(kQuestionNs);
  EXPECT_EQ(desk.grant(person, id, sealer).error().code, Code::kDenied);
  EXPECT_EQ(find_event(ledger.last().type)->name, "approval.expired");
  expect_refused(id, Code::kDenied, Reason::ApprovalExpired);
  const Names names = ledger.names();
  EXPECT_EQ(std::count(names.begin(), names.end(), "approval.expired"), 1);
}

TEST_F(ApprovalDeskTest, ExpiresAfterTheAnswer) {
  const std::string id = ask();
  ledger.clock.advance(kQuestionNs - kSecondNs);
  const auto granted = desk.grant(person, id, sealer);
  ASSERT_TRUE(granted.ok()) << granted.error().message;
  // A fresh window, and no longer one.
  EXPECT_GT(granted->expires_ns, ledger.clock.wall_ns() + kGrantNs - kSecondNs);
  EXPECT_LE(granted->expires_ns, ledger.clock.wall_ns() + kGrantNs);
  ledger.clock.advance(kGrantNs);
  expect_refused(id, Code::kDenied, Reason::ApprovalExpired);
  expect_refused(id, Code::kDenied, Reason::ApprovalExpired);
  const Names names = ledger.names();
  EXPECT_EQ(std::count(names.begin(), names.end(), "approval.expired"), 1);
}

TEST_F(ApprovalDeskTest, AClockSetBackRevivesNothing) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  const std::int64_t then = ledger.clock.wall_ns();
  ledger.clock.advance(kGrantNs + kSecondNs);
  add_other_event();  // ledger time moves on
  FakeClock set_back(then);
  ApprovalDesk later(appender, reader, set_back, ledger.random);
  const auto used = later.use(agent, id, request, test::tool_requested(agent, id, request), sealer);
  ASSERT_FALSE(used.ok());
  EXPECT_EQ(ledger.last().reason, Reason::ApprovalExpired);
}

TEST_F(ApprovalDeskTest, AnEventCannotClaimMoreTimeThanThereIs) {
  const std::string id = make_approval_id(ledger.random);
  ASSERT_TRUE(ledger.append(approval_asked(agent, id, request, INT64_MAX)).ok());
  auto approval = desk.look(id);
  ASSERT_TRUE(approval.ok() && *approval);
  EXPECT_LE((*approval)->expires_ns, ledger.clock.wall_ns() + kQuestionNs);
  ASSERT_TRUE(ledger.append(approval_granted(person, **approval, INT64_MAX, {})).ok());
  approval = desk.look(id);
  ASSERT_TRUE(approval.ok() && *approval);
  EXPECT_EQ((*approval)->state, ApprovalState::kGranted);
  EXPECT_LE((*approval)->expires_ns, ledger.clock.wall_ns() + kGrantNs);
}

TEST_F(ApprovalDeskTest, ChangedArguments) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  request.arguments = R"({"name":"OTHER"})";
  expect_refused(id, Code::kDenied, Reason::ArgumentsChanged);
  request.arguments = R"({"name":"KEY"})";
  request.secret_names = {"OTHER"};
  expect_refused(id, Code::kDenied, Reason::ArgumentsChanged);
  request.secret_names = {"KEY"};
  request.hosts = {"evil.example"};
  expect_refused(id, Code::kDenied, Reason::ArgumentsChanged);
}

TEST_F(ApprovalDeskTest, OtherTool) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  request.tool = "phantom_rename";
  expect_refused(id, Code::kDenied, Reason::OtherTool);
}

TEST_F(ApprovalDeskTest, OtherSession) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  agent.session = "m2";
  expect_refused(id, Code::kDenied, Reason::OtherSession);
}

TEST_F(ApprovalDeskTest, OtherProject) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  agent.project = "other";
  expect_refused(id, Code::kDenied, Reason::OtherProject);
  person.project = "other";
  EXPECT_EQ(desk.grant(person, id, sealer).error().code, Code::kDenied);
  EXPECT_EQ(desk.deny(person, id).error().code, Code::kDenied);
}

TEST_F(ApprovalDeskTest, ForgedGrantWithoutTheVaultsKey) {
  make_vault();
  sealer = sealer_with("right");
  const std::string id = ask();
  const auto approval = desk.look(id);
  ASSERT_TRUE(approval.ok() && *approval);
  const std::int64_t expires = ledger.clock.wall_ns() + kGrantNs;
  const Digest wrong = sealer_with("wrong")(grant_text(**approval, expires));
  ASSERT_TRUE(ledger.append(approval_granted(agent, **approval, expires, {})).ok());
  expect_refused(id, Code::kDenied, Reason::BadSeal);
  ASSERT_TRUE(
      ledger.append(approval_granted(agent, **approval, expires, Bytes(wrong.begin(), wrong.end())))
          .ok());
  expect_refused(id, Code::kDenied, Reason::BadSeal);
  // It does not keep the person from saying yes.
  const auto granted = desk.grant(person, id, sealer);
  ASSERT_TRUE(granted.ok()) << granted.error().message;
  EXPECT_TRUE(use(id).ok());
}

TEST_F(ApprovalDeskTest, ASealIsForOneApprovalOnly) {
  make_vault();
  sealer = sealer_with("right");
  const std::string first = ask();
  const auto granted = desk.grant(person, first, sealer);
  ASSERT_TRUE(granted.ok());
  request.arguments = R"({"name":"OTHER"})";
  const std::string second = ask();
  const auto approval = desk.look(second);
  ASSERT_TRUE(approval.ok() && *approval);
  ASSERT_TRUE(
      ledger.append(approval_granted(agent, **approval, granted->sealed_expires_ns, granted->seal))
          .ok());
  expect_refused(second, Code::kDenied, Reason::BadSeal);
}

TEST_F(ApprovalDeskTest, AProjectWithAVaultNeedsItOpen) {
  make_vault();
  const std::string id = ask();
  EXPECT_EQ(desk.grant(person, id, {}).error().code, Code::kDenied);
  EXPECT_EQ(state(id), ApprovalState::kAsked);
  ASSERT_TRUE(desk.grant(person, id, sealer_with("right")).ok());
  EXPECT_FALSE(use(id).ok());
  EXPECT_EQ(state(id), ApprovalState::kGranted);
}

TEST_F(ApprovalDeskTest, TheSameQuestionIsAskedOnce) {
  const std::string id = ask();
  const std::size_t events = ledger.rows.size();
  EXPECT_EQ(ask(), id);
  EXPECT_EQ(ledger.rows.size(), events);
  agent.session = "m2";
  EXPECT_NE(ask(), id);
  agent.session = "m1";
  ASSERT_TRUE(desk.deny(person, id).ok());
  EXPECT_NE(ask(), id);
}

TEST_F(ApprovalDeskTest, OnlySoManyQuestionsAreOpen) {
  const auto ask_number = [&](int number) {
    request.arguments = "{\"n\":" + std::to_string(number) + "}";
    return desk.ask(agent, request);
  };
  for (std::size_t i = 0; i < kOpenPerSessionMax; ++i) {
    ASSERT_TRUE(ask_number(static_cast<int>(i)).ok());
  }
  const std::size_t events = ledger.rows.size();
  EXPECT_EQ(ask_number(99).error().code, Code::kLimit);
  EXPECT_EQ(ledger.rows.size(), events);
  // A new session does not open the gate for good.
  for (int session = 2; session < 6; ++session) {
    agent.session = "m" + std::to_string(session);
    for (int i = 0; i < 5; ++i) (void)ask_number(i);
  }
  EXPECT_EQ(desk.list(person, Which::kOpen)->size(), kOpenPerProjectMax);
  agent.session = "m9";
  EXPECT_EQ(ask_number(0).error().code, Code::kLimit);
  ledger.clock.advance(kQuestionNs);
  EXPECT_TRUE(ask_number(0).ok());
}

TEST_F(ApprovalDeskTest, ExpiredOnesAreRecordedOnceWhenNoticed) {
  ask();
  ledger.clock.advance(kQuestionNs);
  EXPECT_TRUE(desk.list(person, Which::kOpen)->empty());
  EXPECT_TRUE(desk.list(person, Which::kOpen)->empty());
  const auto all = desk.list(person, Which::kAll);
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().state, ApprovalState::kExpired);
  const Names names = ledger.names();
  EXPECT_EQ(std::count(names.begin(), names.end(), "approval.expired"), 1);
}

// Killed between any two steps, the next one finds what the ledger says and nothing else.
TEST_F(ApprovalDeskTest, KilledBetweenGrantAndUse) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  ledger.before_append = [](const Draft&) -> Status { throw Killed{}; };
  EXPECT_THROW((void)use(id), Killed);
  ledger.before_append = nullptr;
  EXPECT_EQ(state(id), ApprovalState::kGranted);
  ASSERT_TRUE(use(id).ok());
}

TEST_F(ApprovalDeskTest, KilledAfterTheUseWasRecorded) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  ledger.after_append = [](const Draft&) -> Status { throw Killed{}; };
  EXPECT_THROW((void)use(id), Killed);
  ledger.after_append = nullptr;
  effects = 1;
  expect_refused(id, Code::kDenied, Reason::ApprovalUsed);
}

TEST_F(ApprovalDeskTest, AnUncertainUseIsNoUseForTheCaller) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  ledger.after_append = [](const Draft&) -> Status {
    return Error{Code::kIndeterminate, "the answer was lost"};
  };
  EXPECT_EQ(use(id).error().code, Code::kIndeterminate);
  ledger.after_append = nullptr;
  EXPECT_EQ(state(id), ApprovalState::kUsed);
}

TEST_F(ApprovalDeskTest, AnEffectNobodyAllowedUsesTheApprovalUp) {
  const std::string id = ask();
  Draft forged = test::tool_requested(agent, id, request);
  forged.tags.push_back(approval_tag(id));
  ASSERT_TRUE(ledger.append(std::move(forged)).ok());
  EXPECT_EQ(desk.grant(person, id, sealer).error().code, Code::kDenied);
  effects = 1;
  expect_refused(id, Code::kDenied, Reason::ApprovalUsed);
}

TEST_F(ApprovalDeskTest, OthersRefusalsDoNotStandInTheWay) {
  const std::string id = ask();
  ASSERT_TRUE(desk.grant(person, id, sealer).ok());
  int disturbances = 5;
  ledger.before_append = [&](const Draft& draft) -> Status {
    if (find_event(draft.type)->name != "mcp.tool.requested" || disturbances-- == 0) {
      ledger.before_append = nullptr;
      return {};
    }
    const auto keep = std::exchange(ledger.before_append, nullptr);
    (void)desk.refuse(agent, id, Reason::SelfApproval);
    ledger.before_append = keep;
    return {};
  };
  EXPECT_TRUE(use(id).ok());
}

TEST_F(ApprovalDeskTest, StandingGrantCountsItsUses) {
  make_vault();
  sealer = sealer_with("right");
  const auto grant = desk.allow(person, {request.tool, {"KEY"}, 2, 3'600 * kSecondNs}, sealer);
  ASSERT_TRUE(grant.ok()) << grant.error().message;
  ASSERT_EQ(*desk.standing_for(agent, request), grant->id);
  ASSERT_TRUE(use(grant->id).ok());
  EXPECT_EQ((*desk.look(grant->id))->uses, 1U);
  request.arguments = "{}";  // any arguments
  agent.session = "m2";      // any session
  ASSERT_TRUE(use(grant->id).ok());
  effects = 2;
  EXPECT_FALSE(*desk.standing_for(agent, request));
  expect_refused(grant->id, Code::kDenied, Reason::ApprovalUsed);
}

TEST_F(ApprovalDeskTest, StandingGrantHasItsLimits) {
  const auto grant = desk.allow(person, {request.tool, {"KEY"}, 5, 3'600 * kSecondNs}, sealer);
  ASSERT_TRUE(grant.ok());
  request.secret_names = {"KEY", "OTHER"};
  EXPECT_FALSE(*desk.standing_for(agent, request));
  expect_refused(grant->id, Code::kDenied, Reason::ArgumentsChanged);
  request.secret_names = {"KEY"};
  request.tool = "phantom_rename";
  EXPECT_FALSE(*desk.standing_for(agent, request));
  expect_refused(grant->id, Code::kDenied, Reason::OtherTool);
  request.tool = "phantom_remove_secret";
  EXPECT_EQ(desk.list(person, Which::kOpen)->size(), 1U);
  ledger.clock.advance(3'600 * kSecondNs);
  EXPECT_FALSE(*desk.standing_for(agent, request));
  expect_refused(grant->id, Code::kDenied, Reason::ApprovalExpired);
}

TEST_F(ApprovalDeskTest, StandingGrantIsRevokedAtOnce) {
  const auto grant = desk.allow(person, {request.tool, {"KEY"}, 5, 3'600 * kSecondNs}, sealer);
  ASSERT_TRUE(grant.ok());
  EXPECT_EQ(desk.deny(person, grant->id).error().code, Code::kInvalid);
  ASSERT_TRUE(desk.revoke(person, grant->id).ok());
  EXPECT_FALSE(*desk.standing_for(agent, request));
  expect_refused(grant->id, Code::kDenied, Reason::NotApproved);
  EXPECT_EQ(desk.revoke(person, grant->id).error().code, Code::kDenied);
}

TEST_F(ApprovalDeskTest, ForgedStandingGrant) {
  make_vault();
  sealer = sealer_with("right");
  Approval forged;
  forged.id = make_approval_id(ledger.random);
  forged.tool = request.tool;
  forged.secret_names = {"KEY"};
  forged.uses_max = 1'000'000;
  forged.sealed_expires_ns = INT64_MAX;
  ASSERT_TRUE(ledger.append(approval_grant_added(agent, forged)).ok());
  expect_refused(forged.id, Code::kDenied, Reason::BadSeal);
}

TEST_F(ApprovalDeskTest, StandingTermsHaveBounds) {
  const auto code = [&](std::uint32_t uses, std::int64_t for_ns) {
    const auto grant = desk.allow(person, {request.tool, {}, uses, for_ns}, sealer);
    return grant.ok() ? Code::kInternal : grant.error().code;
  };
  EXPECT_EQ(code(0, kSecondNs), Code::kInvalid);
  EXPECT_EQ(code(kStandingUsesMax + 1, kSecondNs), Code::kInvalid);
  EXPECT_EQ(code(1, 0), Code::kInvalid);
  EXPECT_EQ(code(1, kStandingNsMax + 1), Code::kInvalid);
}

TEST_F(ApprovalDeskTest, EveryProducerMakesASoundDraft) {
  Approval approval;
  approval.id = "0123-4567-89ab";
  approval.tool = request.tool;
  approval.secret_names = {"KEY"};
  const std::pair<Draft, std::string> drafts[] = {
      {approval_asked(agent, approval.id, request, 5), "approval.asked"},
      {approval_granted(person, approval, 5, Bytes(32, 1)), "approval.granted"},
      {approval_denied(person, approval), "approval.denied"},
      {approval_expired(person, approval), "approval.expired"},
      {approval_refused(agent, approval.id, ApprovalKnown::kYes, "t", {}, Reason::OtherTool),
       "approval.refused"},
      {approval_grant_added(person, approval), "approval.grant.added"},
      {approval_grant_revoked(person, approval), "approval.grant.revoked"},
  };
  for (const auto& [draft, name] : drafts) {
    EXPECT_EQ(find_event(draft.type)->name, name);
    EXPECT_TRUE(check_payload(draft.type, draft.payload).ok()) << name;
    EXPECT_NE(std::find(draft.tags.begin(), draft.tags.end(), "approvals:demo"), draft.tags.end());
    // Whatever the agent wrote is sealed: no clear byte of the arguments.
    const std::string payload(draft.payload.begin(), draft.payload.end());
    EXPECT_EQ(payload.find(request.arguments), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace phantom
