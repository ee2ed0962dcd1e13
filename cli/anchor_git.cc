// Checkpoints as commits on a ref of a git repository, one file `checkpoint` each. Written with
// commands that touch neither work tree nor index and run no hooks. Whoever fetches the ref holds a
// copy; pushing it is the repository owner's affair.

#include "cli/anchor_kind.h"
#include "cli/run_program.h"
#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr const char* kFile = "checkpoint";
constexpr std::string_view kReceiptFirstLine = "phantom-git-receipt/v1\n";
constexpr const char* kIdentity = "phantom";
constexpr const char* kAddress = "phantom@localhost";

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

bool is_object_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class GitAnchor final : public Anchor {
 public:
  explicit GitAnchor(AnchorSetup setup) : setup_(std::move(setup)) {
    ref_ = setup_.spec.ref.empty() ? "refs/phantom/anchors/" + setup_.ledger_id : setup_.spec.ref;
  }

  bool is_local() const override { return true; }

  Result<AnchorAnswer> push(const AnchorPush& push) override {
    PH_ASSIGN(const std::vector<Commit> newest, newest_commits(1));
    std::string commit;
    if (!newest.empty()) {
      PH_ASSIGN(auto wrong, compare_held(newest[0].receipt, setup_.log_key, push.reader));
      if (wrong) return AnchorAnswer(std::move(*wrong));
      if (newest[0].receipt.note == push.checkpoint.note) commit = newest[0].id;
    }
    if (commit.empty()) {
      PH_ASSIGN(commit, add(push.checkpoint, newest.empty() ? "" : newest[0].id));
    }
    if (setup_.spec.tag) PH_TRY(tag(commit, push.checkpoint.checkpoint.size));
    AnchorReceipt receipt{setup_.spec.name, push.checkpoint.checkpoint.size, push.checkpoint.note};
    receipt.text = std::string(kReceiptFirstLine) + "commit " + commit + "\nref " + ref_ + "\n";
    return AnchorAnswer(AnchorGave{std::move(receipt)});
  }

  Result<std::vector<AnchorReceipt>> held(const std::vector<std::uint64_t>&,
                                          std::size_t newest_max) override {
    PH_ASSIGN(std::vector<Commit> commits, newest_commits(newest_max));
    std::vector<AnchorReceipt> notes;
    for (Commit& commit : commits) notes.push_back(std::move(commit.receipt));
    return notes;
  }

 private:
  struct Commit {
    std::string id;
    AnchorReceipt receipt;
  };

  // Nothing of the caller's environment but where programs and the person's settings are: no
  // GIT_DIR, no prompts, no network, no hooks.
  Result<ProgramEnd> git(std::vector<std::string> words, std::string input = {}) const {
    ProgramRun run;
    run.argv = {"git",
                "-C",
                setup_.spec.place,
                "--no-replace-objects",
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "core.fsync=all",
                "-c",
                "protocol.allow=never",
                "-c",
                "core.logAllRefUpdates=false"};
    run.argv.insert(run.argv.end(), words.begin(), words.end());
    run.environment = {"LC_ALL=C",
                       "GIT_TERMINAL_PROMPT=0",
                       "GIT_OPTIONAL_LOCKS=0",
                       std::string("GIT_AUTHOR_NAME=") + kIdentity,
                       std::string("GIT_AUTHOR_EMAIL=") + kAddress,
                       std::string("GIT_COMMITTER_NAME=") + kIdentity,
                       std::string("GIT_COMMITTER_EMAIL=") + kAddress};
    for (const char* name : {"PATH", "HOME"}) {
      if (const char* value = setup_.variable(name)) {
        run.environment.push_back(std::string(name) + "=" + value);
      }
    }
    run.input = std::move(input);
    run.time_max = setup_.time_max;
    return run_program(run);
  }

  // The output of a command that has to succeed, without the line's end.
  Result<std::string> must(std::vector<std::string> words, std::string input = {}) const {
    const std::string name = words[0];
    PH_ASSIGN(const ProgramEnd end, git(std::move(words), std::move(input)));
    if (end.exit_code == 0) return first_line(end.output);
    return Error{Code::kDenied, "git " + name + ": " + escape_terminal(first_line(end.errors))};
  }

  Result<std::string> object(std::vector<std::string> words, std::string input = {}) const {
    PH_ASSIGN(std::string id, must(std::move(words), std::move(input)));
    if (is_object_id(id)) return id;
    return Error{Code::kInvalid, "git answered with something that is no object id"};
  }

  Result<std::vector<Commit>> newest_commits(std::size_t newest_max) const {
    // Tells a repository from a place where there is none.
    PH_TRY(must({"rev-parse", "--git-dir"}));
    PH_ASSIGN(const ProgramEnd there,
              git({"rev-parse", "--verify", "--quiet", ref_ + "^{commit}"}));
    std::vector<Commit> commits;
    if (there.exit_code != 0) return commits;
    PH_ASSIGN(const ProgramEnd listed,
              git({"rev-list", "--first-parent", "--max-count=" + std::to_string(newest_max),
                   first_line(there.output)}));
    if (listed.exit_code != 0) {
      return Error{Code::kIo, "git rev-list: " + escape_terminal(first_line(listed.errors))};
    }
    std::string questions;
    for (std::string_view rest = listed.output; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string id(rest.substr(0, end));
      if (!is_object_id(id)) return Error{Code::kInvalid, "git rev-list printed no commits"};
      commits.push_back({id, {}});
      questions += id + ":" + kFile + "\n";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    PH_ASSIGN(const ProgramEnd answers, git({"cat-file", "--batch"}, questions));
    std::string_view rest = answers.output;
    for (Commit& commit : commits) {
      PH_ASSIGN(commit.receipt, next_note(rest, commit.id));
    }
    return commits;
  }

  // "<id> blob <bytes>", the bytes, a line break; or "<what> missing".
  Result<AnchorReceipt> next_note(std::string_view& rest, const std::string& commit) const {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view header = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto bytes = parse_decimal(header.substr(header.rfind(' ') + 1));
    if (header.find(" blob ") == std::string_view::npos || !bytes || *bytes >= rest.size()) {
      return Error{Code::kInvalid, "commit " + commit + " on " + escape_terminal(ref_) +
                                       " holds no checkpoint: the ref is used for something else"};
    }
    AnchorReceipt receipt{setup_.spec.name, 0, std::string(rest.substr(0, *bytes))};
    rest.remove_prefix(*bytes + 1);
    const auto note = parse_checkpoint(receipt.note);
    if (note) receipt.size = note->checkpoint.size;
    receipt.held = true;
    return receipt;
  }

  Result<std::string> add(const SignedCheckpoint& checkpoint, const std::string& parent) const {
    PH_ASSIGN(const std::string blob, object({"hash-object", "-w", "--stdin"}, checkpoint.note));
    PH_ASSIGN(const std::string tree,
              object({"mktree"}, "100644 blob " + blob + "\t" + kFile + "\n"));
    std::vector<std::string> words = {"commit-tree", tree};
    if (!parent.empty()) words.insert(words.end(), {"-p", parent});
    PH_ASSIGN(
        const std::string commit,
        object(std::move(words), "Checkpoint over " + std::to_string(checkpoint.checkpoint.size) +
                                     " events\n\n" + checkpoint.checkpoint.origin + "\n"));
    // Moves only from where it was read: two pushes at once do not lose one another.
    const std::string before = parent.empty() ? std::string(commit.size(), '0') : parent;
    PH_ASSIGN(const ProgramEnd moved, git({"update-ref", ref_, commit, before}));
    if (moved.exit_code == 0) return commit;
    return Error{Code::kBusy, "git update-ref: " + escape_terminal(first_line(moved.errors))};
  }

  Status tag(const std::string& commit, std::uint64_t size) const {
    const std::string name = "phantom/" + setup_.ledger_id + "/" + size_file_name(size);
    PH_ASSIGN(const ProgramEnd there,
              git({"rev-parse", "--verify", "--quiet", "refs/tags/" + name}));
    if (there.exit_code == 0) return {};
    const std::string now = std::to_string(setup_.clock->wall_ns() / 1'000'000'000);
    const std::string text = "object " + commit + "\ntype commit\ntag " + name + "\ntagger " +
                             kIdentity + " <" + kAddress + "> " + now +
                             " +0000\n\nCheckpoint over " + std::to_string(size) + " events\n";
    PH_ASSIGN(const std::string made, object({"mktag"}, text));
    PH_TRY(must({"update-ref", "refs/tags/" + name, made, std::string(made.size(), '0')}));
    return {};
  }

  AnchorSetup setup_;
  std::string ref_;
};

}  // namespace

std::unique_ptr<Anchor> make_git_anchor(AnchorSetup setup) {
  return std::make_unique<GitAnchor>(std::move(setup));
}

}  // namespace phantom
