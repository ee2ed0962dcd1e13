#pragma once
// Named places in the ledger's code where a test ends the process as kill -9 would.
//
// PH_POINT("commit.written") is nothing unless the build has PHANTOM_POINTS (the CMake option of
// that name). With it, the environment PHANTOM_POINT="name" or "name:N", read once when the
// program starts, raises SIGKILL at the first or N-th pass of that point. A name that is not in
// the table does not compile; in the environment it ends the program with 70, so that no test
// passes because nothing was killed. Costs one load where it is not armed. Any thread.

#include <array>
#include <cstddef>
#include <string_view>

namespace phantom {

// In the order in which a ledger's life passes them. Each is used exactly once in ledger/*.cc.
inline constexpr std::array kPoints = std::to_array<std::string_view>({
    "create.keys_saved", "create.store_made",     "create.renamed",      "create.pinned",
    "open.store_opened", "open.head_repaired",    "commit.prepared",     "commit.signed",
    "commit.written",    "commit.head_published", "commit.acknowledged", "epoch.key_saved",
    "epoch.announced",   "epoch.old_destroyed",   "prune.requested",     "prune.step_written",
    "prune.completed",   "prune.compacted",       "close.store_closed",
});

// Whether this build has the points.
bool points_built();

namespace point {

consteval std::size_t index_of(std::string_view name) {
  for (std::size_t i = 0; i < kPoints.size(); ++i) {
    if (kPoints[i] == name) return i;
  }
  throw "the point is not in kPoints";
}

// Index of the point this process is to die at; kPoints.size() when there is none.
extern const std::size_t armed;

// Counts a pass of the armed point; the last one does not return.
void pass();

}  // namespace point

#ifdef PHANTOM_POINTS
#define PH_POINT(name)                                                              \
  do {                                                                              \
    if (::phantom::point::armed == ::phantom::point::index_of(name)) [[unlikely]] { \
      ::phantom::point::pass();                                                     \
    }                                                                               \
  } while (false)
#else
#define PH_POINT(name) static_cast<void>(::phantom::point::index_of(name))
#endif

}  // namespace phantom
