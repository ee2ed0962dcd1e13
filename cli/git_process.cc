#include "cli/git_process.h"

#include "cli/output.h"
#include "events/encoding.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace phantom {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1'024;
constexpr std::size_t kSaidBytesMax = 600;

// A hook finds GIT_DIR and GIT_INDEX_FILE here: what is about to be committed may be in an index
// of its own.
constexpr std::string_view kKept[] = {"PATH",
                                      "HOME",
                                      "XDG_CONFIG_HOME",
                                      "USER",
                                      "LOGNAME",
                                      "TMPDIR",
                                      "GIT_DIR",
                                      "GIT_WORK_TREE",
                                      "GIT_INDEX_FILE",
                                      "GIT_COMMON_DIR",
                                      "GIT_OBJECT_DIRECTORY",
                                      "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                      "GIT_NAMESPACE",
                                      "GIT_QUARANTINE_PATH",
                                      "GIT_CEILING_DIRECTORIES"};

std::vector<std::string> git_environment() {
  std::vector<std::string> kept = {"LC_ALL=C",
                                   "GIT_OPTIONAL_LOCKS=0",
                                   "GIT_TERMINAL_PROMPT=0",
                                   "GIT_NO_LAZY_FETCH=1",
                                   "GIT_NO_REPLACE_OBJECTS=1",
                                   "GIT_LITERAL_PATHSPECS=1"};
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry = *each;
    const std::string_view name = entry.substr(0, entry.find('='));
    // Configuration that a caller gave with `git -c` comes this way.
    const bool config = name.starts_with("GIT_CONFIG");
    if (config || std::find(std::begin(kKept), std::end(kKept), name) != std::end(kKept)) {
      kept.emplace_back(entry);
    }
  }
  return kept;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

Error io_error(const char* what) {
  return {Code::kIo, std::string(what) + ": " + std::strerror(errno)};
}

class Pipe {
 public:
  static Result<Pipe> make() {
    Pipe made;
    if (::pipe2(made.ends_, O_CLOEXEC) != 0) return io_error("a pipe to git");
    return made;
  }
  Pipe(Pipe&& other) noexcept
      : ends_{std::exchange(other.ends_[0], -1), std::exchange(other.ends_[1], -1)} {}
  Pipe& operator=(Pipe&&) = delete;
  ~Pipe() {
    for (const int end : ends_) {
      if (end >= 0) ::close(end);
    }
  }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  int take_read_end() { return std::exchange(ends_[0], -1); }
  int take_write_end() { return std::exchange(ends_[1], -1); }

 private:
  Pipe() = default;
  int ends_[2] = {-1, -1};
};

}  // namespace

Result<GitProcess> GitProcess::start(const std::filesystem::path& directory,
                                     const std::vector<std::string>& arguments) {
  PH_ASSIGN(Pipe input, Pipe::make());
  PH_ASSIGN(Pipe output, Pipe::make());
  GitProcess process;
  process.what_ = "git " + arguments.front();
  process.errors_ = ::memfd_create("git-errors", MFD_CLOEXEC);
  if (process.errors_ < 0) return io_error("a place for git's messages");

  std::vector<std::string> argv = {"git",        "-C", directory.string(),
                                   "--no-pager", "-c", "core.fsmonitor=false"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const std::vector<std::string> environment = git_environment();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read_end(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write_end(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, process.errors_, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);  // this process ignores it
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int failed = posix_spawnp(&process.child_, "git", &actions, &attributes,
                                  pointers(argv).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    process.child_ = -1;
    return Error{failed == ENOENT ? Code::kNotFound : Code::kDenied,
                 std::string("git cannot be run: ") + std::strerror(failed)};
  }
  process.input_ = input.take_write_end();
  process.output_ = output.take_read_end();
  return process;
}

GitProcess::GitProcess(GitProcess&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      what_(std::move(other.what_)) {}

GitProcess::~GitProcess() {
  close_input();
  if (output_ >= 0) ::close(output_);  // ends a git that is still writing
  if (child_ > 0) {
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (errors_ >= 0) ::close(errors_);
}

Status GitProcess::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(input_, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return io_error("write to git");
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

void GitProcess::close_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

Result<std::size_t> GitProcess::read(char* into, std::size_t size) {
  for (;;) {
    const ssize_t got = ::read(output_, into, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return io_error("read from git");
  }
}

Status GitProcess::finish() {
  close_input();
  if (output_ >= 0) ::close(std::exchange(output_, -1));
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0) {
    if (errno != EINTR) return io_error("wait for git");
  }
  child_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  std::string said(kSaidBytesMax, '\0');
  const ssize_t got = ::pread(errors_, said.data(), said.size(), 0);
  said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return Error{Code::kInvalid,
               what_ + " failed: " + (said.empty() ? "no message" : one_line(said))};
}

Result<std::string> run_git(const std::filesystem::path& directory,
                            const std::vector<std::string>& arguments, std::size_t bytes_max) {
  PH_ASSIGN(GitProcess process, GitProcess::start(directory, arguments));
  process.close_input();
  std::string all;
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    PH_ASSIGN(const std::size_t got, process.read(piece.data(), piece.size()));
    if (got == 0) break;
    if (all.size() + got > bytes_max) {
      return Error{Code::kLimit, "git " + arguments.front() + " has more to say than is read"};
    }
    all.append(piece, 0, got);
  }
  PH_TRY(process.finish());
  return all;
}

Result<std::filesystem::path> git_work_tree(const std::filesystem::path& directory) {
  auto told = run_git(directory, {"rev-parse", "--show-toplevel"}, 64 * 1'024);
  if (!told.ok()) {
    if (told.error().code != Code::kInvalid) return std::move(told.error());
    return Error{Code::kNotFound, "no git work tree here: " + told.error().message};
  }
  std::string path = std::move(*told);
  if (!path.empty() && path.back() == '\n') path.pop_back();
  if (path.empty()) return Error{Code::kNotFound, "no git work tree here"};
  return std::filesystem::path(path);
}

Result<GitObjects> GitObjects::open(const std::filesystem::path& directory, Answers answers) {
  const char* how = answers == Answers::kContents ? "--batch" : "--batch-check";
  PH_ASSIGN(GitProcess process, GitProcess::start(directory, {"cat-file", how}));
  return GitObjects(std::move(process), answers);
}

Status GitObjects::ask(std::string_view id) { return process_.write(std::string(id) + "\n"); }

Status GitObjects::fill() {
  if (at_ < buffer_.size()) return {};
  buffer_.resize(kPieceBytes);
  at_ = 0;
  const auto got = process_.read(buffer_.data(), buffer_.size());
  buffer_.resize(got.ok() ? *got : 0);
  if (!got.ok()) return got.error();
  if (*got > 0) return {};
  PH_TRY(process_.finish());
  return Error{Code::kIo, "git cat-file ended early"};
}

Result<GitObjects::Object> GitObjects::next() {
  std::string line;
  for (bool whole = false; !whole;) {
    PH_TRY(fill());
    const std::size_t end = buffer_.find('\n', at_);
    whole = end != std::string::npos;
    line.append(buffer_, at_, (whole ? end : buffer_.size()) - at_);
    at_ = whole ? end + 1 : buffer_.size();
    if (line.size() > 1'024) return Error{Code::kInvalid, "git cat-file: a line too long"};
  }
  // "<id> <type> <size>" or "<id> missing".
  Object object;
  const std::size_t first = line.find(' ');
  if (first == std::string::npos) return Error{Code::kInvalid, "git cat-file: " + one_line(line)};
  const std::size_t second = line.find(' ', first + 1);
  object.type = line.substr(first + 1, second == std::string::npos ? second : second - first - 1);
  has_content_ = false;
  left_ = 0;
  if (second == std::string::npos) return object;
  const auto size = parse_decimal(std::string_view(line).substr(second + 1));
  if (!size) return Error{Code::kInvalid, "git cat-file: " + one_line(line)};
  object.size = *size;
  has_content_ = answers_ == Answers::kContents;
  if (has_content_) left_ = object.size;
  return object;
}

Result<std::string_view> GitObjects::piece() {
  if (!has_content_) return std::string_view{};
  if (left_ == 0) {
    has_content_ = false;
    PH_TRY(fill());
    ++at_;  // the line break behind the content
    return std::string_view{};
  }
  PH_TRY(fill());
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer_.size() - at_));
  const std::string_view taken = std::string_view(buffer_).substr(at_, size);
  at_ += size;
  left_ -= size;
  return taken;
}

}  // namespace phantom
