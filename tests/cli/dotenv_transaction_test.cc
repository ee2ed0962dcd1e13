#include "cli/dotenv_transaction.h"

#include "ledger/home.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

// Keeps the type and outcome of what is appended.
class NotingAppender final : public Appender {
 public:
  Result<Receipt> append(Draft draft) override {
    if (fail_at && noted.size() == *fail_at) return Error{Code::kLimit, "the disk is full"};
    noted.push_back(draft.outcome);
    Receipt receipt;
    receipt.seq = noted.size() - 1;
    return receipt;
  }
  void append_async(Draft draft, AppendCallback done) override { done(append(std::move(draft))); }
  void set_guard(DraftGuard) override {}
  Status close() override { return {}; }

  std::vector<Outcome> noted;
  std::optional<std::size_t> fail_at;
};

class DotenvTransactionTest : public testing::Test {
 protected:
  DotenvOnDisk& make(const std::string& name, const std::string& text) {
    const fs::path path = dir.path() / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0640);
    auto file = read_dotenv(path);
    EXPECT_TRUE(file.ok());
    files.push_back(std::move(*file));
    return files.back();
  }
  std::vector<DotenvRewrite> rewrites() const {
    std::vector<DotenvRewrite> all;
    for (const DotenvOnDisk& file : files) all.push_back({&file, "KEY=new\n", {"KEY"}});
    return all;
  }
  std::string content(const std::string& name) const {
    std::ifstream file(dir.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t count_files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir.path()), {}));
  }
  Context context() const {
    Context made;
    made.component = "cli";
    made.project = "demo";
    return made;
  }

  TempDir dir;
  std::deque<DotenvOnDisk> files;
  NotingAppender appender;
};

TEST_F(DotenvTransactionTest, ReplacesAllAndLeavesNothingElse) {
  make(".env", "KEY=old\n");
  make(".env.local", "KEY=old\n");
  auto transaction = DotenvTransaction::stage(rewrites());
  ASSERT_TRUE(transaction.ok());
  EXPECT_EQ(content(".env"), "KEY=old\n");
  ASSERT_TRUE(transaction->commit(appender, context()).ok());
  EXPECT_EQ(content(".env"), "KEY=new\n");
  EXPECT_EQ(content(".env.local"), "KEY=new\n");
  EXPECT_EQ(count_files(), 2U);
  struct stat info {};
  ASSERT_EQ(::stat((dir.path() / ".env").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
  EXPECT_EQ(appender.noted, std::vector<Outcome>(4, Outcome::Ok));
}

TEST_F(DotenvTransactionTest, PutsTheFirstBackWhenTheSecondCannotBeReplaced) {
  make(".env", "KEY=old\n# a note\n");
  make(".env.local", "KEY=old\n");
  {
    auto transaction = DotenvTransaction::stage(rewrites());
    ASSERT_TRUE(transaction.ok());
    // Somebody makes a directory of it meanwhile.
    fs::remove(dir.path() / ".env.local");
    fs::create_directory(dir.path() / ".env.local");
    EXPECT_FALSE(transaction->commit(appender, context()).ok());
  }
  EXPECT_EQ(content(".env"), "KEY=old\n# a note\n");
  EXPECT_EQ(count_files(), 2U) << "a staged file was left";
  EXPECT_EQ(appender.noted,
            (std::vector<Outcome>{Outcome::Ok, Outcome::Ok, Outcome::Failed, Outcome::Failed}));
}

TEST_F(DotenvTransactionTest, RefusesWhatChangedSinceItWasRead) {
  make(".env", "KEY=old\n");
  make(".env.local", "KEY=old\n");
  auto transaction = DotenvTransaction::stage(rewrites());
  ASSERT_TRUE(transaction.ok());
  std::ofstream(dir.path() / ".env.local") << "KEY=newer\n";
  const Status done = transaction->commit(appender, context());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::kConflict);
  EXPECT_EQ(content(".env"), "KEY=old\n");
  EXPECT_EQ(content(".env.local"), "KEY=newer\n");
}

TEST_F(DotenvTransactionTest, RemovesAFileItMadeWhenItGoesBack) {
  DotenvOnDisk fresh;
  fresh.path = dir.path() / ".env";
  files.push_back(std::move(fresh));
  make(".env.local", "KEY=old\n");
  {
    auto transaction = DotenvTransaction::stage(rewrites());
    ASSERT_TRUE(transaction.ok());
    fs::remove(dir.path() / ".env.local");
    EXPECT_FALSE(transaction->commit(appender, context()).ok());
  }
  EXPECT_EQ(count_files(), 0U);
}

TEST_F(DotenvTransactionTest, DoesNothingWithoutARecord) {
  make(".env", "KEY=old\n");
  appender.fail_at = 0;
  {
    auto transaction = DotenvTransaction::stage(rewrites());
    ASSERT_TRUE(transaction.ok());
    EXPECT_FALSE(transaction->commit(appender, context()).ok());
  }
  EXPECT_EQ(content(".env"), "KEY=old\n");
  EXPECT_EQ(count_files(), 1U);
}

TEST_F(DotenvTransactionTest, StagesNothingWhenOneDirectoryIsGone) {
  make(".env", "KEY=old\n");
  DotenvOnDisk elsewhere;
  elsewhere.path = dir.path() / "gone" / ".env";
  files.push_back(std::move(elsewhere));
  EXPECT_FALSE(DotenvTransaction::stage(rewrites()).ok());
  EXPECT_EQ(count_files(), 1U);
}

TEST_F(DotenvTransactionTest, RemovesWhatAKilledProcessLeftButNotWhatAnotherWorksOn) {
  make(".env", "KEY=old\n");
  std::ofstream(dir.path() / ".env.phantom-abcdef") << "KEY=phm\n";
  std::ofstream(dir.path() / ".env.phantom-note") << "mine\n";
  auto working = DotenvTransaction::stage(rewrites());
  ASSERT_TRUE(working.ok());
  remove_stale_stages(dir.path() / ".env");
  EXPECT_FALSE(fs::exists(dir.path() / ".env.phantom-abcdef"));
  EXPECT_TRUE(fs::exists(dir.path() / ".env.phantom-note"));
  EXPECT_TRUE(working->commit(appender, context()).ok());
  EXPECT_EQ(content(".env"), "KEY=new\n");
}

}  // namespace
}  // namespace phantom
