#pragma once
// Tells when files in some directories may have changed. It watches the directories, not the files:
// a file that is replaced by a rename, deleted or made again is seen like one that is written to.
// Linux's inotify. For one thread.

#include "events/result.h"
#include "ledger/socket.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

class DirectoryWatch {
 public:
  // `wanted`: base names that matter; changes of other files wake nobody.
  explicit DirectoryWatch(std::function<bool(std::string_view)> wanted)
      : wanted_(std::move(wanted)) {}

  // Watches these from now on, and nothing else. In place of a directory that is not there it
  // watches the nearest one above it that is, for the missing one to come. Look at the files after
  // this: whatever changes from then on wakes wait(). kLimit when the kernel's bound on watches is
  // reached.
  Status watch(const std::vector<std::filesystem::path>& directories);

  enum class Wake { kChanged, kStopped };
  // Sleeps until something may have changed and then nothing did for `quiet`; when changes go on,
  // for ten times that. What the kernel's queue had no room for counts as a change. kStopped when
  // `stop` can be read.
  Result<Wake> wait(int stop, std::chrono::milliseconds quiet);

 private:
  struct Watched {
    int descriptor;
    // What a directory above a missing one is watched for; empty for one that was asked for.
    std::string missing;
  };
  Status add(const std::filesystem::path& directory, const std::string& missing);
  Result<bool> read_changes();

  std::function<bool(std::string_view)> wanted_;
  Fd inotify_;
  std::vector<Watched> watched_;
};

}  // namespace phantom
