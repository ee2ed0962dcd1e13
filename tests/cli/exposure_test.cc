#include "cli/exposure.h"

#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

std::vector<PlannedSecret> secrets(const std::vector<std::pair<std::string, std::string>>& values) {
  std::vector<PlannedSecret> made;
  for (const auto& [name, value] : values) {
    made.push_back({name, SecretBytes::copy_of(as_bytes(value)), "made up"});
  }
  return made;
}

using Names = std::vector<std::string>;

TEST(Exposure, IsToldOncePerValueAndFile) {
  SeededRandom random(1);
  ExposureMemory memory(random);
  EXPECT_EQ(memory.take_new(".env", secrets({{"B", "1"}, {"A", "1"}})), (Names{"A", "B"}));
  EXPECT_EQ(memory.take_new(".env", secrets({{"B", "1"}, {"A", "1"}})), Names{});
  EXPECT_EQ(memory.take_new(".env", secrets({{"B", "2"}, {"A", "1"}})), Names{"B"});
  EXPECT_EQ(memory.take_new(".env.local", secrets({{"A", "1"}})), Names{"A"});
  // Gone and back is a new exposure.
  EXPECT_EQ(memory.take_new(".env", secrets({{"A", "1"}})), Names{});
  EXPECT_EQ(memory.take_new(".env", secrets({{"A", "1"}, {"B", "2"}})), Names{"B"});
  memory.keep_only({".env.local"});
  EXPECT_EQ(memory.take_new(".env", secrets({{"A", "1"}})), Names{"A"});
  EXPECT_EQ(memory.take_new(".env.local", secrets({{"A", "1"}})), Names{});
  memory.forget(".env.local");
  EXPECT_EQ(memory.take_new(".env.local", secrets({{"A", "1"}})), Names{"A"});
}

TEST(Exposure, KnowsWhichFilesToWatchAndWhoseTheyAre) {
  const std::pair<const char*, const char*> watched[] = {
      {".env", "dev"},
      {".env.local", "dev"},
      {".env.development", "dev"},
      {".env.development.local", "dev"},
      {".env.production", "prod"},
      {".env.production.local", "prod"},
      {".env.prod", "prod"},
      {".env.test.local", "test"},
      {".env.STRANGE_one", "dev"},
      {"web.env", "dev"},
  };
  for (const auto& [name, environment] : watched) {
    EXPECT_TRUE(is_watched_name(name)) << name;
    EXPECT_EQ(environment_of_dotenv(name), environment) << name;
  }
  for (const char* name : {".env.example", ".env~", ".environment", "env", ".env .x", ".env.\n",
                           ".env.sample", ".env.sw\xc3\xa4p"}) {
    EXPECT_FALSE(is_watched_name(name)) << name;
  }
}

}  // namespace
}  // namespace phantom
