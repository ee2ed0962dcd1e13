#pragma once
// What every bench shares: the main program with its --smoke switch, and a throw-away directory.

#include <benchmark/benchmark.h>

#include <cstring>
#include <filesystem>
#include <iostream>
#include <stdlib.h>
#include <string>
#include <vector>

namespace phantom::bench {

// With --smoke every benchmark runs just long enough to show that it works.
inline int run(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  static char shortest[] = "--benchmark_min_time=0.01";
  for (char*& argument : arguments) {
    if (std::strcmp(argument, "--smoke") == 0) argument = shortest;
  }
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  // A benchmark that fails says so in its row only; without a row of its own nothing ran.
  const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return ran == 0 ? 1 : 0;
}

class ScratchDir {
 public:
  ScratchDir() {
    const char* tmp = ::getenv("TMPDIR");
    std::string pattern = std::string(tmp == nullptr ? "/tmp" : tmp) + "/phantom-bench-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
      std::cerr << "bench: no directory " << pattern << "\n";
      std::exit(74);
    }
    path_ = pattern;
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A bench that cannot do its work must not look as if it had.
inline void need(bool good, const std::string& what) {
  if (good) return;
  std::cerr << "bench: " << what << "\n";
  std::exit(1);
}

}  // namespace phantom::bench
