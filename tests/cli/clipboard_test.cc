#include "cli/clipboard.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sys/stat.h>

namespace phantom {
namespace {

// The program chosen for a desktop with these variables and these programs; "none" when there is
// none.
std::string chosen(const std::map<std::string, std::string>& variables,
                   const std::vector<std::string>& programs) {
  const auto tool = choose_clipboard_tool(
      [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      [&](const std::string& name) {
        const bool there = std::find(programs.begin(), programs.end(), name) != programs.end();
        return there ? "/bin/" + name : std::string();
      });
  return tool.ok() ? tool->copy.front() : "none";
}

TEST(Clipboard, IsTheOneOfTheDesktopThatIsThere) {
  const std::map<std::string, std::string> wayland = {{"WAYLAND_DISPLAY", "wayland-0"}};
  const std::map<std::string, std::string> both = {{"WAYLAND_DISPLAY", "w"}, {"DISPLAY", ":0"}};
  const std::map<std::string, std::string> x11 = {{"DISPLAY", ":0"}};
  EXPECT_EQ(chosen(both, {"wl-copy", "wl-paste", "xclip"}), "/bin/wl-copy");
  EXPECT_EQ(chosen(both, {"wl-copy", "xsel"}), "/bin/xsel");
  EXPECT_EQ(chosen(x11, {"wl-copy", "wl-paste", "xclip", "xsel"}), "/bin/xclip");
  EXPECT_EQ(chosen(x11, {"xsel"}), "/bin/xsel");
  EXPECT_EQ(chosen(wayland, {"xclip"}), "none");
  EXPECT_EQ(chosen({{"DISPLAY", ""}}, {"xclip"}), "none");
  EXPECT_EQ(chosen({}, {"xclip", "xsel", "wl-copy", "wl-paste"}), "none");
}

TEST(Clipboard, LooksForProgramsInAbsoluteDirectoriesOnly) {
  const TempDir dir;
  const std::string program = (dir.path() / "xclip").string();
  std::ofstream(program) << "#!/bin/sh\n";
  EXPECT_EQ(find_program(dir.path().c_str(), "xclip"), "") << "not executable";
  ASSERT_EQ(::chmod(program.c_str(), 0700), 0);
  EXPECT_EQ(find_program((".::/nonexistent:" + dir.path().string()).c_str(), "xclip"), program);
  EXPECT_EQ(find_program(".", "xclip"), "");
  EXPECT_EQ(find_program(nullptr, "xclip"), "");
}

}  // namespace
}  // namespace phantom
