#pragma once
// Which values in dotenv files are real ones, and which of these were told before. Pure.

#include "cli/init_plan.h"
#include "events/random.h"
#include "events/types.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Names of dotenv files that are watched: those of check, of letters, digits, '.', '_' and '-'
// only.
bool is_watched_name(std::string_view base_name);

// The environment that a dotenv file's name says: prod for .env.production, test for
// .env.test.local, dev for .env and all that says nothing.
std::string environment_of_dotenv(std::string_view base_name);

// Remembers values by a digest under a key that is made here and goes with it: no value is kept,
// and nothing is left to guess them by.
class ExposureMemory {
 public:
  explicit ExposureMemory(Random& random);

  // Names of the secrets in the file that were not told with this value before, sorted. From then
  // on they are told.
  std::vector<std::string> take_new(const std::string& file,
                                    const std::vector<PlannedSecret>& secrets);
  // What was told of the file counts no more: it is gone, or telling failed.
  void forget(const std::string& file) { told_.erase(file); }
  // Forgets every file but these.
  void keep_only(const std::vector<std::string>& files);

 private:
  std::string key_;
  std::map<std::string, std::map<std::string, Digest>> told_;
};

}  // namespace phantom
