#pragma once
// Processes that a bench starts, asks and ends.

#include "bench/bench_main.h"
#include <cstdio>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace phantom::bench {

inline std::vector<char*> argv_of(std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return argv;
}

// Runs it to its end; its exit code.
inline int run_child(std::vector<std::string> words) {
  pid_t pid = 0;
  const auto argv = argv_of(words);
  need(::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) == 0, "no child");
  int status = 0;
  need(::waitpid(pid, &status, 0) == pid, "no child to wait for");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Answers one line to each line it is sent. Ends with its standard input.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    int in[2];
    int out[2];
    need(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    const auto argv = argv_of(words);
    need(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0, "no child");
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    to_ = ::fdopen(in[1], "w");
    from_ = ::fdopen(out[0], "r");
    hear();
  }
  ~Child() {
    std::fclose(to_);
    std::fclose(from_);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void say(const std::string& line) {
    std::fprintf(to_, "%s\n", line.c_str());
    std::fflush(to_);
  }
  std::string hear() {
    char line[256];
    need(std::fgets(line, sizeof line, from_) != nullptr, "a child went away");
    return line;
  }
  std::string ask(const std::string& line) {
    say(line);
    return hear();
  }

 private:
  pid_t pid_ = 0;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace phantom::bench
