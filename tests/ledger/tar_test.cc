#include "ledger/tar.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace phantom::test {
namespace {

void add_member(Bytes& archive, std::string_view name, std::string_view text) {
  const tar::Block header = tar::header(name, text.size()).value();
  archive.insert(archive.end(), header.begin(), header.end());
  archive.insert(archive.end(), text.begin(), text.end());
  archive.resize(archive.size() + tar::padding(text.size()));
}

Bytes sample_archive() {
  Bytes archive;
  add_member(archive, "one", "first");
  add_member(archive, "dir/two.txt", std::string(512, 'x'));
  add_member(archive, "empty", "");
  archive.resize(archive.size() + tar::kEndBytes);
  return archive;
}

Result<std::vector<tar::Member>> read_members(Bytes archive) {
  return tar::read_archive(*byte_source_of(std::move(archive)));
}

TEST(Tar, MembersAreFoundWhereTheyAre) {
  const auto members = read_members(sample_archive());
  ASSERT_TRUE(members.ok()) << members.error().message;
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ((*members)[0].name, "one");
  EXPECT_EQ((*members)[0].offset, 512U);
  EXPECT_EQ((*members)[0].size, 5U);
  EXPECT_EQ((*members)[1].name, "dir/two.txt");
  EXPECT_EQ((*members)[2].size, 0U);
}

TEST(Tar, EveryByteOutsideOfMembersMatters) {
  const Bytes good = sample_archive();
  const auto members = read_members(good).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    const bool inside = std::any_of(members.begin(), members.end(), [&](const tar::Member& member) {
      return i >= member.offset && i < member.offset + member.size;
    });
    Bytes bad = good;
    bad[i] ^= 0x20;
    EXPECT_EQ(read_members(bad).ok(), inside) << "byte " << i;
  }
}

TEST(Tar, OnlyOneFormIsRead) {
  const Bytes good = sample_archive();
  const auto refused = [](Bytes archive) { return !read_members(std::move(archive)).ok(); };
  for (std::size_t length = 0; length < good.size(); length += 37) {
    EXPECT_TRUE(refused(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length))))
        << length;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_TRUE(refused(longer)) << "a zero more";
  longer.resize(good.size() + tar::kBlockBytes);
  EXPECT_TRUE(refused(longer)) << "a block more";
  Bytes two = good;
  two.insert(two.end(), good.begin(), good.end());
  EXPECT_TRUE(refused(two)) << "an archive behind the archive";
  Bytes twice;
  add_member(twice, "one", "a");
  add_member(twice, "one", "b");
  twice.resize(twice.size() + tar::kEndBytes);
  EXPECT_TRUE(refused(twice)) << "a name twice";
}

TEST(Tar, NamesStayBelowTheDirectory) {
  for (const char* name :
       {"a", "VERIFY.md", "a/b/c", "a-b_c.d", "anchors/w/00000000000000000012.note"}) {
    EXPECT_TRUE(tar::is_member_name(name)) << name;
  }
  for (const char* name : {"", "/", "/etc", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b",
                           "a\n", "\xc3\xa9", "a\\b"}) {
    EXPECT_FALSE(tar::is_member_name(name)) << name;
    EXPECT_FALSE(tar::header(name, 1).ok()) << name;
  }
  EXPECT_TRUE(tar::is_member_name(std::string(100, 'a')));
  EXPECT_FALSE(tar::is_member_name(std::string(101, 'a')));
}

TEST(Tar, SizesGoUpToWhatElevenOctalDigitsSay) {
  EXPECT_TRUE(tar::header("a", tar::kMemberBytesMax).ok());
  const auto more = tar::header("a", tar::kMemberBytesMax + 1);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, Code::kLimit);
}

TEST(Tar, SystemsTarReadsIt) {
  const TempDir dir;
  const Bytes archive = sample_archive();
  const std::filesystem::path file = dir.path() / "a.tar";
  std::ofstream(file, std::ios::binary) << as_text(archive);
  const std::string command = "cd " + dir.path().string() +
                              " && tar -xf a.tar && test \"$(cat one)\" = first && test -f empty &&"
                              " test \"$(wc -c <dir/two.txt)\" = 512";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace phantom::test
