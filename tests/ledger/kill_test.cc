// Goal: nothing acknowledged is lost and nothing is recorded twice, however the writer dies.
// Method: four processes append at once; one of them holds the lease and serves the others. The
// holder is killed again and again while a fresh process takes its place in the crowd. In the end
// every acknowledged event stands where its receipt said, once.

#include "events/encoding.h"
#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/reader.h"
#include "ledger/verify.h"
#include "schema/events_generated.h"
#include "tests/support/child_process.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

namespace phantom::test {
namespace {

struct Crowd {
  explicit Crowd(const Home& where) : home(where) {}

  void start() {
    const std::string id = std::to_string(++started);
    children.push_back(ChildProcess({PHANTOM_APPEND_CHILD, home.root.string(), id, "1000000"}));
  }

  // Takes what the children have said so far.
  void listen(int wait_ms) {
    for (ChildProcess& child : children) {
      while (const auto line = child.read_line(wait_ms)) {
        unsigned long long number = 0;
        unsigned long long seq = 0;
        if (std::sscanf(line->c_str(), "ack %llu %llu", &number, &seq) == 2)
          acknowledged[number] = seq;
      }
    }
  }

  Home home;
  int started = 0;
  std::vector<ChildProcess> children;
  std::map<std::uint64_t, Seq> acknowledged;
};

TEST(KillNine, LosesNothingAcknowledgedAndRecordsNothingTwice) {
  LedgerHome home;
  home.create();
  Crowd crowd(home.home());
  for (int i = 0; i < 4; ++i) crowd.start();
  int kills = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(6);
  while (std::chrono::steady_clock::now() < until && kills < 12) {
    std::this_thread::sleep_for(std::chrono::milliseconds(97 + 13 * kills));
    crowd.listen(0);
    const auto holder = Lease::holder(LedgerFiles{home.home().ledger()}.lock());
    ASSERT_TRUE(holder.ok());
    if (!*holder) continue;
    for (ChildProcess& child : crowd.children) {
      if (child.pid() != **holder) continue;
      child.kill_now();
      child.wait();
      ++kills;
    }
    crowd.start();
  }
  EXPECT_GE(kills, 5);
  for (ChildProcess& child : crowd.children) {
    if (child.pid() > 0) child.kill_now();
  }
  crowd.listen(20);
  crowd.children.clear();
  ASSERT_GT(crowd.acknowledged.size(), 100U);

  // Recovery by the next writer, then a reader that knows nothing of it.
  ASSERT_TRUE(home.open()->append(note_draft(1)).ok());
  auto reader = open_reader(home.home().ledger());
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  std::map<std::uint64_t, Seq> recorded;
  std::set<EventId> ids;
  ASSERT_TRUE(
      (*reader)
          ->scan(1, (*reader)->head().checkpoint.size,
                 [&](Seq seq, const Bytes& bytes) {
                   const schema::Entry* entry = *parse_entry(bytes);
                   EXPECT_EQ(entry->seq(), seq);
                   EXPECT_TRUE(ids.insert(event_id_of(*entry)).second) << "event twice at " << seq;
                   const Bytes payload(entry->payload()->begin(), entry->payload()->end());
                   recorded[flatbuffers::GetRoot<schema::AuditRead>(payload.data())->first_seq()] =
                       seq;
                   return true;
                 })
          .ok());
  for (const auto& [number, seq] : crowd.acknowledged) {
    const auto it = recorded.find(number);
    ASSERT_NE(it, recorded.end()) << "acknowledged event " << number << " is lost";
    EXPECT_EQ(it->second, seq) << "event " << number;
  }
  const VerifyReport report = home.verify();
  EXPECT_EQ(report.verdict, Verdict::kVerified);
  EXPECT_EQ(report.rung, 2);
  std::printf("kills %d, acknowledged %zu, recorded %zu\n", kills, crowd.acknowledged.size(),
              recorded.size());
}

}  // namespace
}  // namespace phantom::test
