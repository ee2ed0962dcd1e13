#include "ledger/verify_backup.h"

#include "ledger/backup_files.h"
#include "ledger/tile_companion.h"
#include "ledger/tile_fetch.h"
#include "ledger/trust.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace phantom {
namespace {

using MaybeFailure = std::optional<Failure>;

constexpr std::size_t kSmallFileBytesMax = 64 * 1024;

std::string number(std::uint64_t value) { return std::to_string(value); }

// True when every signature line of `some` stands in `all`, byte for byte.
bool has_lines_of(const SignedNote& all, const SignedNote& some) {
  return std::all_of(some.signatures.begin(), some.signatures.end(), [&](const auto& line) {
    return std::any_of(all.signatures.begin(), all.signatures.end(), [&](const auto& other) {
      return line.name == other.name && line.id == other.id && line.signature == other.signature;
    });
  });
}

// The notes of commits/, in order.
class NoteStream {
 public:
  explicit NoteStream(const TileSource& source) : source_(source) {}

  // None behind the last one.
  Result<std::optional<std::string>> next() {
    if (at_ == notes_.size() && !ended_) PH_TRY(read_file());
    if (at_ == notes_.size()) return std::optional<std::string>();
    return std::optional(std::move(notes_[at_++]));
  }

  // Files read so far.
  std::uint64_t files() const { return files_; }

 private:
  Status read_file() {
    const std::string path = backup::commits_path(files_);
    auto bytes = source_.fetch(path, backup::kNotesFileBytesMax);
    notes_.clear();
    at_ = 0;
    if (!bytes && bytes.error().code == Code::kNotFound) {
      ended_ = true;
      return {};
    }
    if (!bytes) return std::move(bytes.error());
    auto notes = backup::split_notes(*bytes);
    if (!notes) return std::move(notes.error()).in(path);
    notes_ = std::move(*notes);
    ++files_;
    ended_ = notes_.size() < backup::kNotesPerFile;
    return {};
  }

  const TileSource& source_;
  std::vector<std::string> notes_;
  std::size_t at_ = 0;
  std::uint64_t files_ = 0;
  bool ended_ = false;
};

class BackupCompanion : public TileCompanion {
 public:
  explicit BackupCompanion(const TileSource& source) : source_(source), notes_(source) {}

  std::vector<std::string_view> checks() const override {
    return {"format", "checkpoints", "pins"};
  }

  bool owns(const std::string& path) const override {
    if (path == backup::kFormatFile || path == vkey_path_ || path == pin_path_) return true;
    if (path.starts_with(std::string(backup::kKeys) + "/")) return true;
    // Of the notes those that were read, and what a cut off run may have begun behind them.
    const auto n = backup::number_of_commits(path);
    return n && *n <= notes_.files();
  }

  MaybeFailure begin(const SignedCheckpoint& head, VerifyReport& report) override {
    head_ = head;
    const std::string path(backup::kFormatFile);
    const auto text = source_.fetch(path, kSmallFileBytesMax);
    if (!text && text.error().code == Code::kNotFound) {
      return Failure{"format",
                     "there is no file 'format': this is a published log or no backup",
                     {},
                     kUndecidedExit};
    }
    if (!text) return source_failure("format", path, text.error());
    const auto origin = backup::parse_format(as_text(*text));
    if (!origin) return failure_of("format", origin.error());
    if (*origin != head.checkpoint.origin) {
      return Failure{"format", "the backup is of " + *origin + ", its checkpoint of " +
                                   head.checkpoint.origin};
    }
    const auto id = ledger_id_of(*origin);
    if (!id) return Failure{"format", id.error().message};
    vkey_path_ = std::string(backup::kTrust) + "/" + *id + ".vkey";
    pin_path_ = std::string(backup::kTrust) + "/" + *id + ".checkpoint";
    set_check(report, "format", CheckState::kPass);
    return read_pin();
  }

  void take_commit(std::uint64_t size, const Digest& root, const EpochRules& epochs) override {
    if (failure_) return;
    const Seq first = size_;
    size_ = size;
    auto note = notes_.next();
    if (!note) {
      failure_ = source_failure("checkpoints", "commits/", note.error());
      return;
    }
    const std::string name = "the checkpoint over " + number(size) + " events";
    const auto bad = [&](const std::string& why) {
      failure_ = Failure{"checkpoints", name + why, size - 1};
    };
    if (!*note) return bad(" is not in the backup");
    const Checkpoint expected{head_.checkpoint.origin, size, root};
    auto parsed = parse_note(**note);
    if (!parsed) return bad(" is not a signed note: " + parsed.error().message);
    if (parsed->text != expected.text()) return bad(wrong_text(**note, expected));
    const auto epoch = epochs.epoch_of_commit(first, size);
    if (!epoch) return bad(": " + epoch.error().message);
    if (parsed->signatures.size() != 2) return bad(" does not have two signatures");
    if (pin_ && pin_->checkpoint == expected) pin_fits_ = same_commit(*pin_, *parsed);
    if (size == head_.checkpoint.size) head_fits_ = same_commit(head_, *parsed);
    pending_.push_back({size, std::move(**note), *epochs.log_key(), (*epoch)->key, {}});
  }

  void catch_up(unsigned threads) override {
    std::atomic<std::size_t> at{0};
    const auto work = [&] {
      for (std::size_t i = at++; i < pending_.size(); i = at++) pending_[i].check();
    };
    {
      std::vector<std::jthread> others;
      for (unsigned i = 1; i < threads && i < pending_.size(); ++i) others.emplace_back(work);
      work();
    }
    for (const Pending& each : pending_) {
      // A commit whose signatures are wrong lies before the one that was found wrong already.
      if (each.wrong.empty()) continue;
      failure_ = Failure{"checkpoints",
                         "the checkpoint over " + number(each.size) + " events " + each.wrong,
                         each.size - 1};
      break;
    }
    pending_.clear();
  }

  MaybeFailure conclude(const EpochRules& epochs, VerifyReport& report) override {
    if (failure_) return failure_;
    if (!head_fits_) {
      return Failure{"checkpoints", "the backup's checkpoint is not the note of its newest commit"};
    }
    std::uint64_t behind = 0;
    if (auto failure = check_rest(behind)) return failure;
    set_check(report, "checkpoints", CheckState::kPass,
              behind == 0 ? ""
                          : number(behind) + (behind == 1 ? " note" : " notes") +
                                " behind the checkpoint, of a run that was cut off");
    return check_pins(epochs, report);
  }

 private:
  static constexpr int kUndecidedExit = 3;

  struct Pending {
    std::uint64_t size = 0;
    std::string note;
    VerifierKey log_key;
    VerifierKey epoch_key;
    std::string wrong;

    void check() {
      for (const VerifierKey* key : {&log_key, &epoch_key}) {
        const NoteCheck found = check_note(note, *key);
        if (found == NoteCheck::kGood) continue;
        wrong = found == NoteCheck::kBad ? "has a wrong signature by " + key->name
                                         : "is not signed by " + key->name + ", the key in force";
        return;
      }
    }
  };

  static std::string wrong_text(std::string_view note, const Checkpoint& expected) {
    const auto checkpoint = parse_checkpoint(note);
    if (checkpoint && checkpoint->checkpoint.size != expected.size) {
      return " is not in the backup: in its place stands one over " +
             number(checkpoint->checkpoint.size) + " events";
    }
    if (checkpoint && checkpoint->checkpoint.root != expected.root) {
      return " has another root than its events: one of them was changed";
    }
    return " has another text than its events call for";
  }

  static bool same_commit(const SignedCheckpoint& known, const SignedNote& commit) {
    const auto note = parse_note(known.note);
    return note.ok() && note->text == commit.text && has_lines_of(commit, *note);
  }

  MaybeFailure read_pin() {
    const auto pin = source_.fetch(pin_path_, kSmallFileBytesMax);
    if (!pin && pin.error().code == Code::kNotFound) return std::nullopt;
    if (!pin) return source_failure("pins", pin_path_, pin.error());
    auto parsed = parse_checkpoint(as_text(*pin));
    if (!parsed) return Failure{"pins", pin_path_ + ": " + parsed.error().message};
    pin_ = std::move(*parsed);
    return std::nullopt;
  }

  // Notes behind the checkpoint are of a run that was cut off, and of no commit up to here.
  MaybeFailure check_rest(std::uint64_t& behind) {
    while (true) {
      const auto note = notes_.next();
      // The file that holds the newest commit is whole; those behind it may be torn.
      if (!note) return behind > 0 ? std::nullopt : torn_or(note.error());
      if (!*note) return std::nullopt;
      const auto parsed = parse_checkpoint(**note);
      if (!parsed || parsed->checkpoint.size <= head_.checkpoint.size) {
        return Failure{"checkpoints", "commits/ holds a note that no commit calls for"};
      }
      ++behind;
    }
  }

  static MaybeFailure torn_or(const Error& error) {
    if (error.code == Code::kCorrupt) return std::nullopt;
    return source_failure("checkpoints", "commits/", error);
  }

  MaybeFailure check_pins(const EpochRules& epochs, VerifyReport& report) {
    const auto key = source_.fetch(vkey_path_, kSmallFileBytesMax);
    if (!key && key.error().code == Code::kNotFound) {
      return Failure{"pins", "the backup has no " + vkey_path_};
    }
    if (!key) return source_failure("pins", vkey_path_, key.error());
    if (as_text(*key) != epochs.log_key()->text() + "\n") {
      return Failure{
          "pins", vkey_path_ + " is not the key that the log names, " + epochs.log_key()->text()};
    }
    std::string noted;
    if (pin_ && pin_->checkpoint.size > head_.checkpoint.size) {
      const bool ours = pin_->checkpoint.origin == head_.checkpoint.origin &&
                        check_note(pin_->note, *epochs.log_key()) == NoteCheck::kGood;
      if (!ours) return Failure{"pins", pin_path_ + " is not signed by the log"};
      noted = "the home had verified " + number(pin_->checkpoint.size) +
              " events: a later backup was cut off";
    } else if (pin_ && !pin_fits_) {
      return Failure{"pins", pin_path_ + " is no checkpoint of this log:\n" + pin_->note};
    }
    set_check(report, "pins", CheckState::kPass, std::move(noted));
    return std::nullopt;
  }

  const TileSource& source_;
  NoteStream notes_;
  SignedCheckpoint head_;
  std::string vkey_path_;
  std::string pin_path_;
  std::optional<SignedCheckpoint> pin_;
  bool pin_fits_ = false;
  bool head_fits_ = false;
  std::uint64_t size_ = 0;  // where the commit before ended
  std::vector<Pending> pending_;
  MaybeFailure failure_;  // of the first commit that is wrong
};

}  // namespace

VerifyReport verify_backup(const std::filesystem::path& directory, const VerifyOptions& options) {
  const auto source = open_tile_source(directory);
  BackupCompanion companion(*source);
  VerifyReport report = verify_tiles_with(*source, options, &companion);
  report.not_checked.emplace_back("signing keys in the backup");
  return report;
}

}  // namespace phantom
