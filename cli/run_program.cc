#include "cli/run_program.h"

#include "events/encoding.h"
#include "ledger/socket.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace phantom {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kErrorBytesMax = 4'096;

Error io_error(const char* what) {
  return {Code::kIo, std::string(what) + ": " + std::strerror(errno)};
}

struct Pipe {
  Fd read;
  Fd write;

  static Result<Pipe> open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return io_error("pipe");
    return Pipe{Fd(ends[0]), Fd(ends[1])};
  }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

Result<pid_t> spawn(const ProgramRun& run, int in, int out, int err) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);  // so that all of it can be killed
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  pid_t child = -1;
  const int failed = posix_spawnp(&child, run.argv[0].c_str(), &files, &attributes,
                                  pointers(run.argv).data(), pointers(run.environment).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed == 0) return child;
  return Error{failed == ENOENT ? Code::kNotFound : Code::kIo,
               "cannot run " + escape_terminal(run.argv[0]) + ": " + std::strerror(failed)};
}

// Feeds and reads the child until it has closed its ends.
class Talk {
 public:
  Talk(const ProgramRun& run, Fd in, Fd out, Fd err)
      : run_(run), in_(std::move(in)), out_(std::move(out)), err_(std::move(err)) {
    ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
  }

  Status talk(ProgramEnd& end) {
    const auto until = SteadyClock::now() + run_.time_max;
    std::size_t sent = 0;
    if (run_.input.empty()) in_ = Fd(-1);
    while (out_.good() || err_.good()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now());
      if (left.count() <= 0) return Error{Code::kBusy, run_.argv[0] + " took too long"};
      std::vector<pollfd> polled{
          {in_.get(), POLLOUT, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
      polled.insert(polled.end(), run_.until.begin(), run_.until.end());
      if (::poll(polled.data(), polled.size(), static_cast<int>(left.count())) < 0 &&
          errno != EINTR) {
        return io_error("poll");
      }
      if (std::any_of(polled.begin() + 3, polled.end(),
                      [](const pollfd& each) { return each.revents != 0; })) {
        return Error{Code::kClosed, run_.argv[0] + " was ended before it was done"};
      }
      if (in_.good() && polled[0].revents != 0) feed(sent);
      if (out_.good() && polled[1].revents != 0) {
        take(out_, end.output, run_.output_bytes_max + 1);
        if (end.output.size() > run_.output_bytes_max) {
          return Error{Code::kLimit, run_.argv[0] + " printed too much"};
        }
      }
      if (err_.good() && polled[2].revents != 0) take_errors(end.errors);
    }
    keep(end.errors, line_);
    return {};
  }

 private:
  void feed(std::size_t& sent) {
    const ssize_t wrote = ::write(in_.get(), run_.input.data() + sent, run_.input.size() - sent);
    if (wrote > 0) sent += static_cast<std::size_t>(wrote);
    const bool gone = wrote < 0 && errno != EAGAIN && errno != EINTR;
    if (gone || sent == run_.input.size()) in_ = Fd(-1);
  }
  static void keep(std::string& errors, std::string_view text) {
    errors.append(text.substr(0, kErrorBytesMax - std::min(kErrorBytesMax, errors.size())));
  }
  void take_errors(std::string& errors) {
    if (!run_.take_line) return take(err_, errors, kErrorBytesMax);
    take(err_, line_, 2 * kErrorBytesMax);
    for (std::size_t end = line_.find('\n'); end != std::string::npos; end = line_.find('\n')) {
      const std::string_view line(line_.data(), end);
      if (!run_.take_line(line)) keep(errors, std::string(line) + "\n");
      line_.erase(0, end + 1);
    }
    // No line is that long: what is there goes where errors go.
    if (line_.size() < kErrorBytesMax) return;
    keep(errors, line_);
    line_.clear();
  }
  static void take(Fd& from, std::string& into, std::size_t bytes_max) {
    char chunk[16'384];
    const ssize_t got = ::read(from.get(), chunk, sizeof chunk);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      from = Fd(-1);
      return;
    }
    into.append(chunk, std::min(static_cast<std::size_t>(got),
                                bytes_max - std::min(bytes_max, into.size())));
  }

  const ProgramRun& run_;
  Fd in_;
  Fd out_;
  Fd err_;
  std::string line_;  // of standard error, so far
};

}  // namespace

Result<ProgramEnd> run_program(const ProgramRun& run) {
  PH_CHECK(!run.argv.empty(), "a program without a name");
  PH_ASSIGN(Pipe in, Pipe::open());
  PH_ASSIGN(Pipe out, Pipe::open());
  PH_ASSIGN(Pipe err, Pipe::open());
  PH_ASSIGN(const pid_t child, spawn(run, in.read.get(), out.write.get(), err.write.get()));
  in.read = Fd(-1);
  out.write = Fd(-1);
  err.write = Fd(-1);
  ProgramEnd end;
  Status talked =
      Talk(run, std::move(in.write), std::move(out.read), std::move(err.read)).talk(end);
  if (!talked.ok()) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return io_error("wait");
  }
  if (!talked.ok()) return std::move(talked.error());
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return end;
}

}  // namespace phantom
