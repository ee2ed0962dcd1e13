#pragma once
// Runs git, argument by argument, with an environment that holds nothing but what git needs to find
// the repository. Nothing of a repository's own configuration that could start another program is
// in force: no file watcher, no pager, no external diff, no replaced objects, no fetching.

#include "events/result.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace phantom {

// One running git with its standard input and output. Ended and waited for when it goes.
class GitProcess {
 public:
  // `directory`: where it runs. kNotFound: there is no git.
  static Result<GitProcess> start(const std::filesystem::path& directory,
                                  const std::vector<std::string>& arguments);
  GitProcess(GitProcess&& other) noexcept;
  GitProcess& operator=(GitProcess&&) = delete;
  ~GitProcess();

  Status write(std::string_view text);
  void close_input();
  // The next bytes, at most `size`; 0 at the end.
  Result<std::size_t> read(char* into, std::size_t size);
  // kInvalid with what git said, when it failed.
  Status finish();

 private:
  GitProcess() = default;
  pid_t child_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  std::string what_;
};

// Everything it prints, up to `bytes_max`. kLimit past that.
Result<std::string> run_git(const std::filesystem::path& directory,
                            const std::vector<std::string>& arguments, std::size_t bytes_max);

// The work tree that `directory` is in. kNotFound when it is in none.
Result<std::filesystem::path> git_work_tree(const std::filesystem::path& directory);

// Reads objects one after the other out of one git that stays. Not for several threads at once.
class GitObjects {
 public:
  enum class Answers { kContents, kTypesOnly };
  static Result<GitObjects> open(const std::filesystem::path& directory, Answers answers);

  struct Object {
    std::string type;  // "blob"; "missing" when there is none
    std::uint64_t size = 0;
  };
  // Asks for an object; the answers come in the same order. At most 64 may be open at a time.
  Status ask(std::string_view id);
  Result<Object> next();
  // The content of the object next() told of, piece by piece; empty at its end. All of it has to
  // be read before the next object. With kTypesOnly there is none.
  Result<std::string_view> piece();

 private:
  GitObjects(GitProcess process, Answers answers)
      : process_(std::move(process)), answers_(answers) {}
  Status fill();

  GitProcess process_;
  Answers answers_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t left_ = 0;
  bool has_content_ = false;
};

}  // namespace phantom
