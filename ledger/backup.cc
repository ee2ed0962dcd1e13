#include "ledger/backup.h"

#include "events/encoding.h"
#include "ledger/backup_files.h"
#include "ledger/home.h"
#include "ledger/tile_paths.h"
#include "ledger/tree.h"
#include "ledger/trust.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFileMode = 0600;
constexpr std::size_t kFormatBytesMax = 4'096;
constexpr std::size_t kPinBytesMax = 64 * 1024;

Error contradiction(const std::string& what, const std::string& theirs, const std::string& ours) {
  return {Code::kCorrupt, what + "\nit says:\n" + theirs + "the ledger says:\n" + ours,
          "nothing was overwritten; run 'phantom audit verify' and keep both as evidence"};
}

class BackupRun {
 public:
  BackupRun(const LedgerReader& reader, const BackupOptions& options)
      : reader_(reader), options_(options), directory_(options.directory) {}

  Result<Backup> run() {
    PH_TRY(check_ledger());
    std::error_code code;
    if (!fs::exists(directory_, code)) PH_TRY(make_private_directory(directory_));
    PH_ASSIGN(sink_, open_tile_directory(directory_));
    PH_TRY(check_old_copy());
    PH_TRY(claim_directory());
    PH_TRY(write_commits());
    PH_TRY(write_trust());
    PH_ASSIGN(const Published published, publish_tiles(reader_, *sink_, options_.progress));
    done_.checkpoint = published.checkpoint;
    done_.size_before = published.size_before;
    done_.files += published.files;
    done_.bytes += published.bytes;
    return done_;
  }

 private:
  const SignedCheckpoint& head() const { return reader_.head(); }

  Status check_old_copy() const {
    if (reader_.first_kept() == 0) return {};
    PH_ASSIGN(const std::optional<std::string> note, sink_->checkpoint());
    const auto old = note ? parse_checkpoint(*note) : Error{Code::kNotFound, ""};
    return check_copyable(reader_, old.ok() ? old->checkpoint.size : 0);
  }

  Status check_ledger() const {
    if (check_note(head().note, options_.key) != NoteCheck::kGood) {
      return Error{Code::kCorrupt,
                   "the ledger's newest checkpoint is not signed by " + options_.key.text(),
                   "run 'phantom audit verify'"};
    }
    if (options_.trust) PH_TRY(check_reaches("what was verified", *options_.trust));
    if (options_.head_copy) PH_TRY(check_reaches("its head copy", *options_.head_copy));
    return {};
  }

  Status check_reaches(const std::string& what, const SignedCheckpoint& known) const {
    const Checkpoint& checkpoint = known.checkpoint;
    if (checkpoint.size > head().checkpoint.size) {
      return contradiction("the ledger is older than " + what + ": it was rolled back", known.note,
                           head().note);
    }
    const NodeSource nodes = [this](unsigned height, std::uint64_t index) {
      return reader_.node(height, index);
    };
    PH_ASSIGN(const Digest root, root_at(nodes, checkpoint.size));
    if (root == checkpoint.root) return {};
    return contradiction("the ledger is not that of " + what + ": it forked", known.note,
                         head().note);
  }

  // Only an empty directory, published tiles or an earlier backup of this ledger may be written to.
  Status claim_directory() {
    const fs::path file = directory_ / backup::kFormatFile;
    const auto bytes = read_file(file, kFormatBytesMax);
    if (bytes) {
      PH_ASSIGN(const std::string origin, backup::parse_format(as_text(*bytes)));
      if (origin == head().checkpoint.origin) return {};
      return Error{Code::kExists,
                   directory_.string() + " holds a backup of " + escape_terminal(origin),
                   "name another directory"};
    }
    if (bytes.error().code != Code::kNotFound) return bytes.error();
    constexpr std::array<std::string_view, 2> kOfTiles{"tile", tiles::kCheckpointPath};
    std::error_code code;
    for (fs::directory_iterator it(directory_, code); !code && it != fs::directory_iterator();
         it.increment(code)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with('.') ||
          std::find(kOfTiles.begin(), kOfTiles.end(), name) != kOfTiles.end()) {
        continue;
      }
      return Error{Code::kExists, directory_.string() + " is neither empty nor a backup",
                   "name another directory"};
    }
    if (code) return Error{Code::kIo, "read " + directory_.string() + ": " + code.message()};
    return write_file_durably(file, as_bytes(backup::format_text(head().checkpoint.origin)),
                              kFileMode);
  }

  Status write_commits() {
    PH_ASSIGN(const std::optional<std::string> published, sink_->checkpoint());
    std::uint64_t after = 0;
    if (published) {
      PH_ASSIGN(after, resume(*published));
    }
    Status status;
    std::uint64_t last = after;
    PH_TRY(reader_.commits(after, [&](const SignedCheckpoint& commit) {
      last = commit.checkpoint.size;
      status = add(commit.note);
      return status.ok();
    }));
    PH_TRY(std::move(status));
    if (last != head().checkpoint.size) {
      return Error{Code::kCorrupt, "the ledger's newest checkpoint is not among its commits",
                   "run 'phantom audit verify'"};
    }
    return open_changed_ ? write_open() : Status();
  }

  // Goes on behind the note of the backup's checkpoint. What comes after it is of a run that was
  // cut off, may have holes, and is written again. Gives the size the backup covers.
  Result<std::uint64_t> resume(const std::string& published) {
    PH_ASSIGN(const SignedCheckpoint old, parse_checkpoint(published));
    PH_ASSIGN(kept_files_, backup::count_commit_files(directory_, old.checkpoint.size));
    if (kept_files_ == 0) return std::uint64_t{0};  // tiles that were published, and no backup yet
    open_file_ = kept_files_ - 1;
    PH_ASSIGN(std::vector<std::string> notes, backup::read_notes(directory_, open_file_));
    std::string last;
    for (const std::string& note : notes) {
      PH_ASSIGN(const SignedCheckpoint commit, parse_checkpoint(note));
      if (commit.checkpoint.size > old.checkpoint.size) break;
      backup::append_note(open_, note);
      ++open_notes_;
      last = note;
    }
    PH_ASSIGN(const std::uint64_t size, check_last_note(last));
    if (size != old.checkpoint.size) {
      return Error{Code::kCorrupt, "the backup lacks the note of its checkpoint",
                   "start a backup in another directory"};
    }
    if (open_notes_ == backup::kNotesPerFile) next_file();
    return size;
  }

  // The newest note that is in the backup must be the ledger's own at that size. Gives its size.
  Result<std::uint64_t> check_last_note(const std::string& note) const {
    PH_ASSIGN(const SignedCheckpoint last, parse_checkpoint(note));
    const std::uint64_t size = last.checkpoint.size;
    std::string ours = head().note;
    if (size > 0 && size <= head().checkpoint.size) {
      ours.clear();
      PH_TRY(reader_.commits(size - 1, [&](const SignedCheckpoint& commit) {
        ours = commit.note;
        return false;
      }));
      if (ours == note) return size;
    }
    return contradiction("the backup is of another history than this ledger", note, ours);
  }

  Status add(const std::string& note) {
    backup::append_note(open_, note);
    ++done_.commits;
    open_changed_ = true;
    if (++open_notes_ < backup::kNotesPerFile) return {};
    PH_TRY(write_open());
    next_file();
    return {};
  }

  void next_file() {
    ++open_file_;
    open_notes_ = 0;
    open_.clear();
    open_changed_ = false;
  }

  // A file the old checkpoint relies on is replaced durably by itself; new ones become durable with
  // the tiles, before the new checkpoint.
  Status write_open() {
    const std::string path = backup::commits_path(open_file_);
    ++done_.files;
    done_.bytes += open_.size();
    if (open_file_ < kept_files_) return write_file_durably(directory_ / path, open_, kFileMode);
    return sink_->put(path, open_);
  }

  Status write_trust() {
    PH_ASSIGN(const std::string id, ledger_id_of(head().checkpoint.origin));
    const fs::path trust = directory_ / backup::kTrust;
    PH_TRY(make_private_directory(trust));
    PH_TRY(write_if_other(trust / (id + ".vkey"), options_.key.text() + "\n"));
    if (!options_.trust) return {};
    return write_if_other(trust / (id + ".checkpoint"), options_.trust->note);
  }

  Status write_if_other(const fs::path& file, const std::string& text) {
    const auto there = read_file(file, kPinBytesMax);
    if (there && as_text(*there) == text) return {};
    ++done_.files;
    done_.bytes += text.size();
    return write_file_durably(file, as_bytes(text), kFileMode);
  }

  const LedgerReader& reader_;
  const BackupOptions& options_;
  fs::path directory_;
  std::unique_ptr<TileSink> sink_;
  Backup done_;

  std::uint64_t kept_files_ = 0;  // of notes, that the old checkpoint relies on
  std::uint64_t open_file_ = 0;   // the one that is being filled
  std::size_t open_notes_ = 0;
  Bytes open_;
  bool open_changed_ = false;
};

}  // namespace

Result<Backup> write_backup(const LedgerReader& reader, const BackupOptions& options) {
  return BackupRun(reader, options).run();
}

}  // namespace phantom
