#pragma once
// Nothing that could be evidence is deleted: what a repair or a restore replaces is kept in a
// directory `evidence-<UTC time>` of the home.

#include "events/clock.h"
#include "ledger/home.h"

#include <filesystem>
#include <string>

namespace phantom {

// Made when something is kept for the first time.
class Evidence {
 public:
  Evidence(Home home, const Clock& clock) : home_(std::move(home)), clock_(clock) {}

  // Copies a file, durably, under the path it has in the home.
  Status keep_copy(const std::filesystem::path& file);
  // Moves a file or directory of the home, with all that is in it.
  Status move_here(const std::filesystem::path& path);

  // Its name in the home; empty when nothing was kept.
  const std::string& name() const { return name_; }

 private:
  // Where `path` goes; its directory is there.
  Result<std::filesystem::path> place_for(const std::filesystem::path& path);
  Home home_;
  const Clock& clock_;
  std::string name_;
};

// "20260102T030405Z". Pure.
std::string compact_utc(std::int64_t wall_ns);

}  // namespace phantom
