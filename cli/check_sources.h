#pragma once
// Which texts a check is about. Paths are shown relative to the work tree, or as they were given.

#include "cli/check_item.h"
#include "cli/git_process.h"

#include <filesystem>
#include <memory>

namespace phantom {

// What is about to be committed: the index, not the files. `paths` narrow it; empty means all.
Result<std::vector<CheckItem>> staged_items(const std::filesystem::path& directory,
                                            const std::vector<std::string>& paths);

// For each modified file among `findings`' paths the lines that the commit adds are asked of git,
// and findings on others are left out.
Status keep_added_lines(const std::filesystem::path& directory, const std::vector<CheckItem>& items,
                        std::vector<CheckFinding>& findings);

// The lines a patch without context adds (`git diff -U0`), of its one file. Pure.
std::vector<LineRange> added_lines(std::string_view patch);

// Every file of the work tree at `root` that git tracks, or would if asked to.
Result<std::vector<CheckItem>> tree_items(const std::filesystem::path& root,
                                          const std::vector<std::string>& paths);

// Every object that a branch, a tag or HEAD reaches, each once, with the first commit that has it.
Result<NextItems> history_items(const std::filesystem::path& directory);

// A file, or all files below a directory but for those of git. kNotFound.
Result<std::vector<CheckItem>> path_items(const std::filesystem::path& path,
                                          const std::string& shown);

// Dotenv files in a directory, whether git knows them or not.
std::vector<CheckItem> dotenv_items(const std::filesystem::path& directory);

// What agents keep in their folders of the home: transcripts, logs, settings. Their own sign-in
// files are left out; how many is told.
struct AgentItems {
  std::vector<CheckItem> items;
  std::uint64_t sign_in_files = 0;
};
AgentItems agent_items(const std::filesystem::path& home);

// Hands the items out a few at a time.
NextItems batches_of(std::vector<CheckItem> items);

}  // namespace phantom
