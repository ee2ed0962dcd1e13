// A ledger kept by a service: what its clients can do, and what they cannot.

#include "events/envelope.h"
#include "ledger/appender.h"
#include "ledger/layout.h"
#include "ledger/reader.h"
#include "ledger/serve.h"
#include "tests/support/child_process.h"
#include "tests/support/ledger_home.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

AppenderOptions client_of(const fs::path& socket, milliseconds wait_max = milliseconds(20'000)) {
  AppenderOptions options;
  options.service = socket;
  options.wait_max = wait_max;
  return options;
}

TEST(Service, ClientNeedsNoLedgerAndNoKeysAndNeverBecomesTheWriter) {
  LedgerHome kept;
  kept.create();
  const fs::path socket = kept.home().root / "door";
  ChildProcess service({PHANTOM_SERVE_CHILD, kept.home().root.string(), socket.string()});
  ASSERT_EQ(service.read_line(20'000), "ready");
  const LedgerHome client;  // empty
  auto appender = open_appender(client.home(), client_of(socket, milliseconds(300)));
  ASSERT_TRUE(appender.ok()) << appender.error().message;
  ASSERT_TRUE((*appender)->append(note_draft(1)).ok());
  EXPECT_TRUE(fs::is_empty(client.home().root));
  ::kill(service.pid(), SIGTERM);
  EXPECT_EQ(service.wait(), 0);
  EXPECT_FALSE(fs::exists(socket));
  const auto late = (*appender)->append(note_draft(2));
  ASSERT_FALSE(late.ok());
  EXPECT_FALSE(fs::exists(client.home().ledger()));
  EXPECT_EQ(kept.verify().head->size, 2U);
}

TEST(Service, AppenderGoesOnWhenTheServiceIsRestarted) {
  LedgerHome kept;
  kept.create();
  const fs::path socket = kept.home().root / "door";
  const std::vector<std::string> command{PHANTOM_SERVE_CHILD, kept.home().root.string(),
                                         socket.string()};
  const LedgerHome client;
  auto service = std::make_unique<ChildProcess>(command);
  ASSERT_EQ(service->read_line(20'000), "ready");
  auto appender = open_appender(client.home(), client_of(socket));
  ASSERT_TRUE((*appender)->append(note_draft(1)).ok());
  service->kill_now();
  service->wait();
  service = std::make_unique<ChildProcess>(command);
  const auto again = (*appender)->append(note_draft(2));
  EXPECT_TRUE(again.ok()) << again.error().message;
}

TEST(Service, OneThatIsDownIsNamedWithTheWayToStartIt) {
  const LedgerHome client;
  const auto begin = std::chrono::steady_clock::now();
  const auto down =
      open_appender(client.home(), client_of(client.home().root / "none", milliseconds(200)));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5'000));
  ASSERT_FALSE(down.ok());
  EXPECT_EQ(down.error().code, Code::kBusy);
  EXPECT_NE(down.error().message.find("none is not running"), std::string::npos);
  EXPECT_EQ(down.error().hint, "start it: systemctl start phantom-ledger");
}

TEST(Service, OtherLedgerThanThePinnedOneIsRefused) {
  LedgerHome kept;
  kept.create();
  LedgerHome client;
  client.create();  // pins its own
  const fs::path socket = kept.home().root / "door";
  ChildProcess service({PHANTOM_SERVE_CHILD, kept.home().root.string(), socket.string()});
  ASSERT_EQ(service.read_line(20'000), "ready");
  const auto refused = open_appender(client.home(), client_of(socket));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kCorrupt);
  fs::copy(kept.home().trust(), client.home().trust(), fs::copy_options::recursive);
  EXPECT_TRUE(open_appender(client.home(), client_of(socket)).ok());
}

TEST(Service, SecondOneIsToldWhoHoldsTheLedger) {
  LedgerHome kept;
  kept.create();
  ChildProcess service(
      {PHANTOM_SERVE_CHILD, kept.home().root.string(), (kept.home().root / "door").string()});
  ASSERT_EQ(service.read_line(20'000), "ready");
  const Status second = serve_ledger(kept.home(), {}, 0);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kBusy);
  EXPECT_NE(second.error().message.find("process " + std::to_string(service.pid())),
            std::string::npos);
  EXPECT_TRUE(fs::exists(kept.home().root / "door"));
}

// The service, its clients and strangers, each with a user id of their own.
class ServiceUsers : public ::testing::Test {
 protected:
  static constexpr unsigned kService = 61'001;
  static constexpr unsigned kClient = 61'002;
  static constexpr unsigned kStranger = 61'003;
  static constexpr unsigned kGroup = 61'100;

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to run processes as three other users";
    ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
    make(home_.root, kService, 0700);
    make(dir_ / "run", kService, 0755);
    make(client_.root, kClient, 0700);
    make(stranger_.root, kStranger, 0700);
    // Where everybody can run them.
    for (const fs::path& program :
         {fs::path(PHANTOM_APPEND_CHILD), fs::path(PHANTOM_SERVE_CHILD)}) {
      fs::copy_file(program, dir_.path() / program.filename());
    }
    ChildProcess create(as(kService, {}, {append_child(), home_.root.string(), "create"}));
    ASSERT_EQ(create.wait(), 0);
  }

  static void make(const fs::path& directory, unsigned owner, unsigned mode) {
    fs::create_directories(directory);
    ASSERT_EQ(::chown(directory.c_str(), owner, owner), 0);
    ASSERT_EQ(::chmod(directory.c_str(), mode), 0);
  }

  static std::vector<std::string> as(unsigned uid, const std::vector<unsigned>& groups,
                                     const std::vector<std::string>& command) {
    std::vector<std::string> words{"/usr/bin/setpriv", "--reuid=" + std::to_string(uid),
                                   "--regid=" + std::to_string(uid)};
    std::string list;
    for (const unsigned group : groups) list += (list.empty() ? "" : ",") + std::to_string(group);
    words.push_back(list.empty() ? "--clear-groups" : "--groups=" + list);
    // exec keeps the process id, which the entries are compared with.
    for (const char* word : {"/bin/sh", "-c", "umask 027; exec \"$0\" \"$@\" 2>&1"})
      words.emplace_back(word);
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }

  std::string append_child() const { return (dir_.path() / "append_child").string(); }
  fs::path socket() const { return dir_.path() / "run" / "sock"; }

  std::vector<std::string> service(const std::string& whom, const std::vector<unsigned>& groups) {
    return as(
        kService, groups,
        {(dir_.path() / "serve_child").string(), home_.root.string(), socket().string(), whom});
  }
  ChildProcess append(unsigned uid, const std::vector<unsigned>& groups, const Home& home) const {
    return ChildProcess(
        as(uid, groups, {append_child(), home.root.string(), "1", "3"}),
        {"PHANTOM_LEDGER_SOCKET=" + socket().string(), "PHANTOM_TEST_WAIT_MS=3000"});
  }
  static std::string all_lines(ChildProcess& child) {
    std::string text;
    while (const auto line = child.read_line(20'000)) text += *line + "\n";
    return text;
  }

  void expect_recorded_from(unsigned uid, pid_t pid) const {
    const auto reader = open_reader(home_.ledger());
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    const Seq size = (*reader)->head().checkpoint.size;
    ASSERT_GE(size, 4U);
    for (Seq seq = size - 3; seq < size; ++seq) {
      const Bytes bytes = *(*reader)->entry(seq);
      const schema::Entry* entry = *parse_entry(bytes);
      EXPECT_EQ(entry->peer_uid(), uid);
      EXPECT_EQ(entry->peer_pid(), static_cast<std::uint32_t>(pid));
    }
  }

  phantom::TempDir dir_;
  Home home_{dir_.path() / "service"};
  Home client_{dir_.path() / "client"};
  Home stranger_{dir_.path() / "stranger"};
};

TEST_F(ServiceUsers, MemberOfTheGroupAppendsAndStandsInTheEntry) {
  ChildProcess server(service("gid:" + std::to_string(kGroup), {kGroup}));
  ASSERT_EQ(server.read_line(20'000), "ready");
  struct stat info {};
  ASSERT_EQ(::stat(socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660U);
  EXPECT_EQ(info.st_gid, kGroup);

  ChildProcess client = append(kClient, {kGroup}, client_);
  const pid_t pid = client.pid();
  const std::string said = all_lines(client);
  ASSERT_EQ(client.wait(), 0) << said;
  expect_recorded_from(kClient, pid);

  ChildProcess stranger = append(kStranger, {}, stranger_);
  const std::string refused = all_lines(stranger);
  EXPECT_EQ(stranger.wait(), 1);
  EXPECT_NE(refused.find("denied"), std::string::npos) << refused;
}

TEST_F(ServiceUsers, NamedUserAppendsAndAStrangerIsToldSo) {
  ChildProcess server(service("uid:" + std::to_string(kClient), {}));
  ASSERT_EQ(server.read_line(20'000), "ready");
  ChildProcess client = append(kClient, {}, client_);
  const pid_t pid = client.pid();
  const std::string said = all_lines(client);
  ASSERT_EQ(client.wait(), 0) << said;
  expect_recorded_from(kClient, pid);

  ChildProcess stranger = append(kStranger, {kGroup}, stranger_);
  const std::string refused = all_lines(stranger);
  EXPECT_EQ(stranger.wait(), 1);
  EXPECT_NE(refused.find("does not take events from user " + std::to_string(kStranger)),
            std::string::npos)
      << refused;
}

TEST_F(ServiceUsers, ClientReadsNeitherKeysNorStoreNorTheOwnSocket) {
  ChildProcess server(service("uid:" + std::to_string(kClient), {}));
  ASSERT_EQ(server.read_line(20'000), "ready");
  ASSERT_TRUE(fs::exists(home_.keys() / "log.key"));
  for (const fs::path& kept :
       {home_.keys() / "log.key", home_.keys(), home_.ledger() / "db", home_.ledger() / "head",
        home_.ledger() / "LOCK", home_.ledger() / "sock", home_.root}) {
    for (const char* asks : {"-r", "-w", "-x"}) {
      ChildProcess test(as(kClient, {}, {"/usr/bin/test", asks, kept.string()}));
      EXPECT_EQ(test.wait(), 1) << asks << " " << kept;
    }
  }
  // Nor can it put a socket of its own in the service's place.
  ChildProcess replace(as(kClient, {}, {"/bin/rm", "-f", socket().string()}));
  EXPECT_NE(replace.wait(), 0);
  EXPECT_TRUE(fs::exists(socket()));
}

// Whether a process of that user and those groups can follow the log. Exit code of the child.
int reads_log(unsigned uid, const std::vector<unsigned>& groups, const fs::path& ledger) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::vector<gid_t> list(groups.begin(), groups.end());
    if (::setgroups(list.size(), list.data()) != 0 || ::setgid(uid) != 0 || ::setuid(uid) != 0) {
      ::_exit(9);
    }
    const auto reader = open_reader(ledger);
    ::_exit(reader.ok() && (*reader)->entry(0).ok() && (*reader)->catch_up().ok() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The steps of docs/guides/service.md, 'Who may read'.
TEST_F(ServiceUsers, ReadersGroupReadsTheLogWhileItGrowsAndNothingElse) {
  constexpr unsigned kReaders = 61'200;
  ASSERT_EQ(::chmod(home_.root.c_str(), 0711), 0);
  for (const fs::path& directory : {home_.ledger(), home_.ledger() / "db"}) {
    for (const auto& each : fs::directory_iterator(directory)) {
      ASSERT_EQ(::chown(each.path().c_str(), kService, kReaders), 0);
    }
    ASSERT_EQ(::chown(directory.c_str(), kService, kReaders), 0);
    ASSERT_EQ(::chmod(directory.c_str(), 02750), 0);
  }
  for (const auto& each : fs::directory_iterator(home_.ledger() / "db")) {
    ASSERT_EQ(::chmod(each.path().c_str(), 0640), 0);
  }
  ASSERT_EQ(::chmod((home_.ledger() / "head").c_str(), 0640), 0);
  ChildProcess server(service("uid:" + std::to_string(kClient), {}));
  ASSERT_EQ(server.read_line(20'000), "ready");
  ChildProcess client = append(kClient, {}, client_);
  const std::string said = all_lines(client);
  ASSERT_EQ(client.wait(), 0) << said;
  EXPECT_EQ(reads_log(kClient, {kReaders}, home_.ledger()), 0);
  EXPECT_EQ(reads_log(kClient, {}, home_.ledger()), 1);
  EXPECT_EQ(reads_log(kStranger, {kGroup}, home_.ledger()), 1);
  for (const fs::path& kept : {home_.keys(), home_.keys() / "log.key"}) {
    ChildProcess test(as(kClient, {kReaders}, {"/usr/bin/test", "-r", kept.string()}));
    EXPECT_EQ(test.wait(), 1) << kept;
  }
  ChildProcess write(as(kClient, {kReaders}, {"/usr/bin/test", "-w", home_.ledger().string()}));
  EXPECT_EQ(write.wait(), 1);
}

}  // namespace
}  // namespace phantom::test
