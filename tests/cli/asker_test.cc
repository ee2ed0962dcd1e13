#include "cli/asker.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace phantom {
namespace {

constexpr int kPty1 = 136 << 8 | 1;
constexpr int kPty2 = 136 << 8 | 2;

ProcessFact process(int pid, int leader, int terminal, const std::string& name) {
  ProcessFact fact;
  fact.pid = pid;
  fact.start_ticks = static_cast<std::uint64_t>(pid) * 10;
  fact.session_leader = leader;
  fact.terminal = terminal;
  fact.name = name;
  return fact;
}

// The first terminal of a desktop: an agent runs in the shell there and has started the server.
Asker asker() {
  return {"boot",
          {process(40, 30, kPty1, "phantom"), process(35, 30, kPty1, "claude"),
           process(30, 30, kPty1, "bash"), process(20, 20, 0, "terminal"),
           process(1, 1, 0, "systemd")}};
}

// The second terminal, with a person at it.
Answerer person() {
  Answerer answerer;
  answerer.boot_id = "boot";
  answerer.chain = {process(60, 50, kPty2, "phantom"), process(50, 50, kPty2, "bash"),
                    process(20, 20, 0, "terminal"), process(1, 1, 0, "systemd")};
  answerer.terminal_holders = {{process(20, 20, 0, "terminal"), process(1, 1, 0, "systemd")}};
  answerer.signs.kind = ActorKind::Human;
  answerer.on_terminal = true;
  return answerer;
}

TEST(Asker, WhoMayAnswer) {
  struct Row {
    const char* what;
    void (*change)(Answerer&, Asker&);
    const char* why;  // part of the sentence; null: may answer
  };
  const Row rows[] = {
      {"a person in a terminal of their own", [](Answerer&, Asker&) {}, nullptr},
      {"no terminal", [](Answerer& a, Asker&) { a.on_terminal = false; }, "no terminal"},
      {"no controlling terminal", [](Answerer& a, Asker&) { a.chain[0].terminal = 0; },
       "no terminal of its own"},
      {"agent's variables",
       [](Answerer& a, Asker&) {
         a.signs = {ActorKind::Agent, "codex"};
       },
       "codex runs this"},
      {"CI", [](Answerer& a, Asker&) { a.signs.kind = ActorKind::Ci; }, "CI job"},
      {"variables of exec", [](Answerer& a, Asker&) { a.in_session = true; }, "phantom exec"},
      {"below phantom exec, variables taken away",
       [](Answerer& a, Asker&) {
         a.chain.insert(a.chain.begin() + 1, process(55, 50, kPty2, "phantom"));
         a.chain[1].runs_session = true;
       },
       "phantom exec"},
      {"below another agent, variables taken away",
       [](Answerer& a, Asker&) { a.chain[1].agent_tool = "codex"; }, "started by codex"},
      {"a shell of the client",
       [](Answerer& a, Asker&) {
         a.chain = {process(60, 60, kPty2, "phantom"), process(35, 30, kPty1, "claude"),
                    process(30, 30, kPty1, "bash")};
       },
       "started by the program that asks (claude"},
      {"a terminal the agent opened",
       [](Answerer& a, Asker&) {
         a.chain = {process(60, 60, kPty2, "phantom"), process(59, 59, kPty2, "sh"),
                    process(58, 30, kPty1, "script"), process(35, 30, kPty1, "claude")};
       },
       "started by the program that asks"},
      {"a terminal the agent opened and let go of",
       [](Answerer& a, Asker&) {
         a.chain = {process(60, 60, kPty2, "phantom"), process(1, 1, 0, "systemd")};
         a.terminal_holders = {
             {process(58, 30, kPty1, "script"), process(35, 30, kPty1, "claude")}};
       },
       "the program behind this terminal"},
      {"the agent's own terminal",
       [](Answerer& a, Asker&) { a.chain = {process(60, 30, kPty1, "phantom")}; },
       "the terminal of the program that asks"},
      {"another session on the agent's terminal",
       [](Answerer& a, Asker&) { a.chain = {process(60, 60, kPty1, "phantom")}; },
       "the terminal of the program that asks"},
      {"the number of the client was given to another process",
       [](Answerer& a, Asker&) {
         a.chain[1].pid = 35;
         a.chain[1].start_ticks = 999;
       },
       nullptr},
      {"the machine was restarted since",
       [](Answerer& a, Asker& asked) {
         a.chain[1] = process(35, 35, kPty2, "bash");
         asked.boot_id = "another";
       },
       nullptr},
      {"a client without a terminal, as an editor is",
       [](Answerer&, Asker& asked) {
         asked.chain = {process(40, 40, 0, "phantom"), process(35, 25, 0, "code"),
                        process(25, 25, 0, "gnome-shell"), process(1, 1, 0, "systemd")};
       },
       nullptr},
      {"a terminal inside that editor",
       [](Answerer& a, Asker& asked) {
         asked.chain = {process(40, 40, 0, "phantom"), process(35, 25, 0, "code")};
         a.chain = {process(60, 50, kPty2, "phantom"), process(50, 50, kPty2, "bash"),
                    process(35, 25, 0, "code")};
       },
       "started by the program that asks"},
      {"a server the system started",
       [](Answerer&, Asker& asked) {
         asked.chain = {process(40, 40, 0, "phantom"), process(1, 1, 0, "systemd")};
       },
       nullptr},
  };
  for (const Row& row : rows) {
    Answerer answerer = person();
    Asker asked = asker();
    row.change(answerer, asked);
    const std::optional<std::string> why = not_a_person(answerer, asked);
    EXPECT_EQ(why.has_value(), row.why != nullptr) << row.what << ": " << why.value_or("");
    if (why && row.why != nullptr) {
      EXPECT_NE(why->find(row.why), std::string::npos) << row.what << ": " << *why;
    }
  }
  EXPECT_FALSE(not_a_person(person(), std::nullopt));
}

TEST(Asker, TextRoundTrips) {
  const Asker before = asker();
  const std::optional<Asker> after = parse_asker(asker_text(before));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->boot_id, before.boot_id);
  ASSERT_EQ(after->chain.size(), before.chain.size());
  EXPECT_EQ(asker_text(*after), asker_text(before));
  for (const char* wrong :
       {"", "phantom/asker/v1\n", "phantom/asker/v1\nboot b\n", "phantom/asker/v2\nboot b\n",
        "phantom/asker/v1\nboot b\nprocess 1 2 3\n",
        "phantom/asker/v1\nboot b\nprocess -1 2 3 4 x\n",
        "phantom/asker/v1\nboot b\nprocess 1 2 3 4 x"}) {
    EXPECT_FALSE(parse_asker(wrong)) << wrong;
  }
}

TEST(Asker, ReadsThisProcess) {
  const auto chain = read_process_chain();
  ASSERT_TRUE(chain.ok());
  EXPECT_EQ(chain->front().pid, ::getpid());
  EXPECT_GT(chain->front().start_ticks, 0U);
  EXPECT_FALSE(chain->front().runs_session);
  const auto text = read_asker();
  ASSERT_TRUE(text.ok());
  EXPECT_LE(text->size(), 4'096U);
  EXPECT_TRUE(parse_asker(*text));
  EXPECT_FALSE(read_process_chain(0x7fffffff).ok());
}

}  // namespace
}  // namespace phantom
