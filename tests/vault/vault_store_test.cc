#include "vault/vault_store.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

class VaultStoreTest : public testing::Test {
 protected:
  VaultStoreTest() : home{dir.path()} { fs::create_directory(home.vaults()); }
  fs::path staged(std::uint64_t version, std::uint8_t byte = 1) const {
    Digest digest{};
    digest.fill(byte);
    return staged_vault_path(home, "demo", version, digest);
  }
  TempDir dir;
  Home home;
};

TEST_F(VaultStoreTest, PublishingHappensOnce) {
  const fs::path current = vault_path(home, "demo");
  write_text(current, "old");
  write_text(staged(2), "new");
  EXPECT_EQ(*publish_vault(staged(2), current), Publishing::kDone);
  EXPECT_EQ(read_text(current), "new");
  EXPECT_EQ(*publish_vault(staged(2), current), Publishing::kAbsent);
  EXPECT_EQ(read_text(current), "new");
}

TEST_F(VaultStoreTest, DiscardingSaysWhetherItWasInTime) {
  write_text(staged(2), "new");
  EXPECT_EQ(*discard_staged_vault(staged(2)), Discarding::kDone);
  EXPECT_EQ(*discard_staged_vault(staged(2)), Discarding::kAbsent);
  fs::create_directories(staged(3) / "x");
  EXPECT_FALSE(discard_staged_vault(staged(3)).ok());
}

TEST_F(VaultStoreTest, OnlyOldStagedFilesOfTheProjectAreRemoved) {
  const fs::path keep[] = {
      vault_path(home, "demo"), staged(4), staged_vault_path(home, "other", 1, Digest{}),
      staged(3).string() + ".new-abcdef", home.vaults() / "demo.vault.next-x-1"};
  for (const fs::path& file : keep) write_text(file, "x");
  write_text(staged(1), "x");
  write_text(staged(3, 1), "x");
  write_text(staged(3, 2), "x");
  discard_old_staged_vaults(home, "demo", 3);
  for (const fs::path& file : keep) EXPECT_TRUE(fs::exists(file)) << file;
  EXPECT_FALSE(fs::exists(staged(1)));
  EXPECT_FALSE(fs::exists(staged(3, 1)));
  EXPECT_FALSE(fs::exists(staged(3, 2)));
}

}  // namespace
}  // namespace phantom
