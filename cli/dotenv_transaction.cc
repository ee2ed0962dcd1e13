#include "cli/dotenv_transaction.h"

#include "cli/part_file.h"
#include "ledger/home.h"
#include "vault/secret.h"
#include "vault/vault_events.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStageMark = ".phantom-";
constexpr std::size_t kStageRandom = 6;

struct StagedFile {
  fs::path path;
  int fd = -1;
};

Status write_all(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("cannot write", name, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// A durable file beside `target`, open and locked.
Result<StagedFile> stage_file(const fs::path& target, std::string_view text, unsigned mode) {
  std::string name = target.string() + std::string(kStageMark) + std::string(kStageRandom, 'X');
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return file_error("cannot write beside", target.string(), errno);
  Status done;
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || ::fchmod(fd, mode) != 0) {
    done = file_error("cannot prepare", name, errno);
  }
  if (done.ok()) done = write_all(fd, text, name);
  if (done.ok() && ::fsync(fd) != 0) done = file_error("cannot sync", name, errno);
  if (done.ok()) return StagedFile{name, fd};
  ::unlink(name.c_str());
  ::close(fd);
  return std::move(done.error());
}

Status rename_durably(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return file_error("cannot replace", to.string(), errno);
  return sync_directory(to.has_parent_path() ? to.parent_path() : ".");
}

Status check_unchanged(const DotenvOnDisk& before) {
  auto now = read_file(before.path, kDotenvBytesMax);
  const bool missing = !now.ok() && now.error().code == Code::kNotFound;
  if (!now.ok() && !missing) return std::move(now.error());
  const bool same = missing ? before.text.empty() : as_text(*now) == before.text;
  if (!missing) wipe(*now);
  if (same) return {};
  return Error{Code::kConflict, before.path.string() + " changed while phantom worked on it",
               "run the command again"};
}

}  // namespace

DotenvTransaction::~DotenvTransaction() {
  for (const Staged& staged : staged_) {
    if (!staged.path.empty()) ::unlink(staged.path.c_str());
    if (staged.fd >= 0) ::close(staged.fd);
  }
}

Result<DotenvTransaction> DotenvTransaction::stage(std::vector<DotenvRewrite> rewrites) {
  DotenvTransaction transaction;
  for (DotenvRewrite& rewrite : rewrites) {
    const DotenvOnDisk& before = *rewrite.before;
    struct stat info {};
    const bool existed = ::lstat(before.path.c_str(), &info) == 0;
    PH_ASSIGN(StagedFile file, stage_file(before.path, rewrite.text, before.mode));
    transaction.staged_.push_back({std::move(rewrite), std::move(file.path), file.fd, existed});
  }
  return transaction;
}

Status DotenvTransaction::replace(Staged& staged) const {
  const DotenvOnDisk& before = *staged.rewrite.before;
  PH_TRY(check_unchanged(before));
  const fs::path from = std::exchange(staged.path, fs::path());
  Status renamed = rename_durably(from, before.path);
  // Renamed or not, nothing is left under the staged name.
  if (!renamed.ok()) ::unlink(from.c_str());
  return renamed;
}

// The first `count` files get the text they had.
Status DotenvTransaction::put_back(std::size_t count) const {
  std::string failed;
  for (std::size_t i = 0; i < count; ++i) {
    const Staged& staged = staged_[i];
    const DotenvOnDisk& before = *staged.rewrite.before;
    bool done = false;
    if (!staged.existed) {
      done = ::unlink(before.path.c_str()) == 0;
    } else if (auto old = stage_file(before.path, before.text, before.mode); old.ok()) {
      done = rename_durably(old->path, before.path).ok();
      if (!done) ::unlink(old->path.c_str());
      ::close(old->fd);
    }
    if (!done) failed += (failed.empty() ? "" : ", ") + before.path.string();
  }
  if (failed.empty()) return {};
  return Error{Code::kIndeterminate,
               failed +
                   " could not be put back and may hold placeholders; the values are in the "
                   "vault",
               "run the command again: it goes on from here"};
}

Status DotenvTransaction::commit(Appender& appender, const Context& context) {
  std::vector<Seq> requested;
  for (const Staged& staged : staged_) {
    PH_ASSIGN(const Receipt receipt,
              appender.append(env_rewrite_requested(
                  context, staged.rewrite.before->path.filename().string(), staged.rewrite.names)));
    requested.push_back(receipt.seq);
  }
  Status done;
  std::size_t count = 0;
  for (; count < staged_.size(); ++count) {
    done = replace(staged_[count]);
    if (!done.ok()) break;
  }
  Status back;
  if (!done.ok()) {
    // A rename that may have happened is undone like one that has.
    const bool unclear = done.error().code == Code::kIndeterminate;
    back = put_back(unclear ? count + 1 : count);
  }
  const Ending ending = done.ok() ? Ending{} : Ending{Outcome::Failed, Reason::IoError};
  Status recorded;
  for (std::size_t i = 0; i < staged_.size(); ++i) {
    const DotenvRewrite& rewrite = staged_[i].rewrite;
    const auto replaced = static_cast<std::uint32_t>(done.ok() ? rewrite.names.size() : 0);
    auto receipt = appender.append(env_rewrite_completed(
        context, requested[i], rewrite.before->path.filename().string(), replaced, ending));
    if (!receipt.ok() && recorded.ok()) recorded = std::move(receipt.error());
  }
  PH_TRY(std::move(back));
  PH_TRY(std::move(done));
  return recorded;
}

void remove_stale_stages(const fs::path& file) {
  const std::string prefix = file.filename().string() + std::string(kStageMark);
  std::error_code code;
  for (fs::directory_iterator each(file.parent_path(), code), end; !code && each != end;
       each.increment(code)) {
    const std::string name = each->path().filename().string();
    if (name.size() != prefix.size() + kStageRandom || !name.starts_with(prefix)) continue;
    const int fd = ::open(each->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    // Locked: its process lives.
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(each->path().c_str());
    ::close(fd);
  }
}

}  // namespace phantom
