#include "ledger/subject.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace phantom {
namespace {

namespace fs = std::filesystem;

class SubjectTest : public testing::Test {
 protected:
  Subject make() { return *ensure_subject(home_, random_); }

  TempDir directory_;
  Home home_{directory_.path() / "home"};
  SeededRandom random_{1};
};

TEST_F(SubjectTest, TheFileOfAnOlderHomeIsThePersonInForce) {
  fs::create_directories(home_.keys());
  const std::string key(64, 'a');
  write_text(home_.keys() / "subject.key", "s_0123456789abcdef " + key + "\n");
  EXPECT_EQ(make().id, "s_0123456789abcdef");
  EXPECT_EQ(to_hex(load_subject(home_, "s_0123456789abcdef")->key), key);
}

TEST_F(SubjectTest, AFormerPersonsKeyStaysAndANewIdentityFollows) {
  const Subject first = make();
  ASSERT_TRUE(retire_subject(home_, first.id).ok());
  const Subject second = make();
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(load_subject(home_, first.id)->key, first.key);
  EXPECT_EQ(*subjects_here(home_), (std::vector<std::string>{second.id, first.id}));
  ASSERT_TRUE(retire_subject(home_, first.id).ok());  // not in force: nothing changes
  EXPECT_EQ(make().id, second.id);
}

TEST_F(SubjectTest, ADestroyedKeyIsInNoFileAndOverwrittenUnderEveryNameItHad) {
  const Subject subject = make();
  const fs::path second_name = directory_.path() / "second-name";
  fs::create_hard_link(home_.keys() / "subject.key", second_name);
  // What a crash leaves between the two names of a new key.
  fs::create_hard_link(home_.keys() / "subject.key",
                       home_.keys() / ("subject.key.fresh-" + subject.id));
  EXPECT_EQ(find_subject_key(home_, subject.id)->size(), 2U);
  ASSERT_TRUE(destroy_subject_key(home_, subject.id).ok());
  EXPECT_TRUE(find_subject_key(home_, subject.id)->empty());
  EXPECT_EQ(load_subject(home_, subject.id).error().code, Code::kNotFound);
  EXPECT_EQ(load_subject(home_).error().code, Code::kNotFound);
  EXPECT_EQ(read_text(second_name), std::string(84, '\0'));
  ASSERT_TRUE(destroy_subject_key(home_, subject.id).ok());
}

TEST_F(SubjectTest, AHalfOverwrittenFormerKeyIsRemoved) {
  const Subject subject = make();
  ASSERT_TRUE(retire_subject(home_, subject.id).ok());
  write_text(home_.keys() / "subjects" / (subject.id + ".key"), std::string(84, '\0'));
  EXPECT_EQ(load_subject(home_, subject.id).error().code, Code::kInvalid);
  ASSERT_TRUE(destroy_subject_key(home_, subject.id).ok());
  EXPECT_EQ(load_subject(home_, subject.id).error().code, Code::kNotFound);
}

TEST_F(SubjectTest, ProcessesThatStartTogetherAreOnePerson) {
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] { ids[i] = ensure_subject(home_, system_random())->id; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::vector<std::string>(ids.size(), ids[0]), ids);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& each : fs::directory_iterator(home_.keys())) ++files;
  EXPECT_EQ(files, 1U);
}

TEST_F(SubjectTest, NoIdLeadsOutOfTheKeyDirectory) {
  for (const char* id : {"", "s_", "../log", "s_0123456789abcde/", "s_0123456789ABCDEF"}) {
    EXPECT_FALSE(is_subject_id(id)) << id;
    EXPECT_EQ(load_subject(home_, id).error().code, Code::kNotFound) << id;
  }
}

TEST(KeyCommitment, IsTheHashOfLabelIdAndKey) {
  Subject subject;
  subject.id = "s_0123456789abcdef";
  subject.key.fill(7);
  // printf 'phantom/subject-key/v1s_0123456789abcdef'; 32 bytes 07; sha256sum
  EXPECT_EQ(to_hex(key_commitment(subject)),
            "6b09445235c029e470d6a501a6f23003382150df64955543468a5c5a33279559");
}

}  // namespace
}  // namespace phantom
