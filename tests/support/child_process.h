#pragma once
// A process a test started, and the only kind of process a test ends.

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace phantom::test {

class ChildProcess {
 public:
  // `environment` is added to the test's own: "NAME=value".
  explicit ChildProcess(const std::vector<std::string>& command,
                        const std::vector<std::string>& environment = {});
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // ends it if it still runs

  pid_t pid() const { return pid_; }
  int output_fd() const { return output_; }
  // The next line of its standard output; none at its end or after `wait_ms`.
  std::optional<std::string> read_line(int wait_ms);
  void kill_now();
  // Exit code, or 128 + signal.
  int wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace phantom::test
