#include "cli/config_file.h"

#include "ledger/home.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <sys/stat.h>
#include <thread>

namespace phantom {
namespace {

std::string content_of(const std::filesystem::path& file) {
  const auto bytes = read_file(file, 1'000'000);
  return bytes.ok() ? std::string(as_text(*bytes)) : "error: " + bytes.error().message;
}

std::size_t files_in(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory),
                                                std::filesystem::directory_iterator()));
}

TEST(ConfigFile, ReplacesAndKeepsTheMode) {
  const TempDir dir;
  const auto file = dir.path() / ".phantom.toml";
  ASSERT_TRUE(write_file_durably(file, as_bytes("one"), 0640).ok());
  const auto before = read_config_file(file);
  ASSERT_TRUE(before.ok());
  ASSERT_TRUE(exchange_config_file(*before, "two").ok());
  EXPECT_EQ(content_of(file), "two");
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0640));
  EXPECT_EQ(files_in(dir.path()), 1U);
}

TEST(ConfigFile, AFileThatChangedMeanwhileIsLeftAsItIs) {
  const TempDir dir;
  const auto file = dir.path() / ".phantom.toml";
  ASSERT_TRUE(write_file_durably(file, as_bytes("one"), 0644).ok());
  const auto before = read_config_file(file);
  ASSERT_TRUE(before.ok());
  ASSERT_TRUE(write_file_durably(file, as_bytes("somebody else's"), 0644).ok());
  const Status done = exchange_config_file(*before, "two");
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::kConflict);
  EXPECT_EQ(content_of(file), "somebody else's");
  EXPECT_EQ(files_in(dir.path()), 1U);
  std::filesystem::remove(file);
  EXPECT_EQ(exchange_config_file(*before, "two").error().code, Code::kConflict);
  EXPECT_EQ(files_in(dir.path()), 0U);
}

TEST(ConfigFile, OfManyAtOnceExactlyOneWins) {
  const TempDir dir;
  const auto file = dir.path() / ".phantom.toml";
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(write_file_durably(file, as_bytes("one"), 0644).ok());
    const auto before = read_config_file(file);
    ASSERT_TRUE(before.ok());
    std::atomic<int> won = -1;
    std::atomic<int> winners = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const Status done = exchange_config_file(*before, "by " + std::to_string(i));
        if (done.ok()) {
          won = i;
          ++winners;
        } else {
          EXPECT_EQ(done.error().code, Code::kConflict);
        }
      });
    }
    for (std::thread& each : threads) each.join();
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(content_of(file), "by " + std::to_string(won));
    EXPECT_EQ(files_in(dir.path()), 1U);
  }
}

TEST(ConfigFile, LinksAreRefused) {
  const TempDir dir;
  ASSERT_TRUE(write_file_durably(dir.path() / "elsewhere", as_bytes("one"), 0644).ok());
  std::filesystem::create_symlink(dir.path() / "elsewhere", dir.path() / ".phantom.toml");
  EXPECT_EQ(read_config_file(dir.path() / ".phantom.toml").error().code, Code::kDenied);
}

}  // namespace
}  // namespace phantom
