#pragma once
// The hook that checks what is about to be committed. A hook that is there already is kept, runs
// first, and is put back when ours is taken away; nothing is ever overwritten.

#include "events/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace phantom {

struct HookChange {
  std::filesystem::path hook;
  bool kept_other = false;         // another hook runs first, or is back
  bool changed = true;             // false: it was so already
  std::vector<std::string> notes;  // what a person should know
};

// kDenied with a hint when the hooks of this repository are another program's or shared with other
// repositories; kExists when a kept hook from earlier is in the way.
Result<HookChange> install_hook(const std::filesystem::path& directory);
// kDenied when our hook was changed since; kNotFound when it is not there.
Result<HookChange> remove_hook(const std::filesystem::path& directory);

// kMissing also where another hook is that does not call phantom.
enum class HookState { kOurs, kCallsPhantom, kMissing };
// Looks, and changes nothing. kDenied with a hint when another program makes the hooks and none of
// them calls phantom.
Result<HookState> look_at_hook(const std::filesystem::path& directory);

// The hook's text. Pure.
std::string hook_script();

}  // namespace phantom
