#include "cli/check_sources.h"

#include "cli/check_run.h"
#include "events/encoding.h"

#include <algorithm>
#include <array>
#include <map>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatch = 32;
constexpr std::size_t kListBytesMax = std::size_t{512} << 20;
constexpr std::size_t kPatchBytesMax = std::size_t{256} << 20;
constexpr int kDepthMax = 64;

// Folders of the home in which agents keep what was said and what they were told.
constexpr std::string_view kAgentFolders[] = {".claude",
                                              ".codex",
                                              ".cursor",
                                              ".gemini",
                                              ".continue",
                                              ".codeium",
                                              ".windsurf",
                                              ".copilot",
                                              ".aider",
                                              ".cline",
                                              ".roo",
                                              ".opencode",
                                              ".config/opencode",
                                              ".local/share/opencode",
                                              ".config/github-copilot",
                                              ".config/goose",
                                              ".local/share/goose",
                                              ".qwen",
                                              ".amazonq",
                                              ".aws/amazonq",
                                              ".config/zed",
                                              ".kiro",
                                              ".factory"};
constexpr std::string_view kAgentFiles[] = {".claude.json", ".aider.chat.history.md",
                                            ".aider.input.history", ".aider.conf.yml"};
constexpr std::string_view kSignInFiles[] = {".credentials.json", "auth.json",
                                             "oauth_creds.json",  "google_accounts.json",
                                             "hosts.json",        "apps.json"};

std::vector<std::string_view> split_at_nul(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

void add_paths(std::vector<std::string>& arguments, const std::vector<std::string>& paths) {
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), paths.begin(), paths.end());
}

void walk(const fs::path& directory, const std::string& shown, int depth,
          std::vector<CheckItem>& items) {
  if (depth > kDepthMax) return;
  std::vector<fs::directory_entry> entries;
  std::error_code code;
  for (fs::directory_iterator each(directory, code), end; !code && each != end;
       each.increment(code)) {
    entries.push_back(*each);
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    const std::string path = shown.empty() ? name : shown + "/" + name;
    const fs::file_status status = entry.symlink_status(code);
    if (fs::is_directory(status)) {
      if (name != ".git") walk(entry.path(), path, depth + 1, items);
    } else if (fs::is_regular_file(status)) {
      items.push_back({path, entry.path().string(), "", "", false});
    }
  }
}

// Reads the list of objects as git makes it.
class History {
 public:
  explicit History(GitProcess process) : process_(std::move(process)) {}

  Result<std::vector<CheckItem>> next() {
    std::vector<CheckItem> items;
    while (items.size() < kBatch && !ended_) {
      PH_ASSIGN(const bool more, read_line());
      if (!more) break;
      // "<id>" is a commit, "<id> <path>" an object of it; a commit's own directory has no path.
      const std::size_t space = line_.find(' ');
      if (space == std::string::npos) {
        commit_ = line_;
      } else if (space + 1 < line_.size()) {
        items.push_back({line_.substr(space + 1), "", line_.substr(0, space), commit_, false});
      }
    }
    return items;
  }

 private:
  Result<bool> read_line() {
    line_.clear();
    for (;;) {
      if (at_ == buffer_.size()) {
        buffer_.resize(64 * 1'024);
        at_ = 0;
        const auto got = process_.read(buffer_.data(), buffer_.size());
        buffer_.resize(got.ok() ? *got : 0);
        if (!got.ok()) return got.error();
        if (*got == 0) {
          ended_ = true;
          PH_TRY(process_.finish());
          return false;
        }
      }
      const std::size_t end = buffer_.find('\n', at_);
      line_.append(buffer_, at_, (end == std::string::npos ? buffer_.size() : end) - at_);
      at_ = end == std::string::npos ? buffer_.size() : end + 1;
      if (end != std::string::npos) return true;
    }
  }

  GitProcess process_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string line_;
  std::string commit_;
  bool ended_ = false;
};

}  // namespace

Result<std::vector<CheckItem>> staged_items(const fs::path& directory,
                                            const std::vector<std::string>& paths) {
  std::vector<std::string> arguments = {"diff",
                                        "--cached",
                                        "--raw",
                                        "-z",
                                        "--no-abbrev",
                                        "--no-ext-diff",
                                        "--no-textconv",
                                        "--no-relative",
                                        "--find-renames=100%",
                                        "--diff-filter=ACMRT",
                                        "--ignore-submodules=all"};
  add_paths(arguments, paths);
  PH_ASSIGN(const std::string raw, run_git(directory, arguments, kListBytesMax));
  // ":<mode> <mode> <id> <id> <status>" NUL path NUL, and a second path where it was renamed.
  std::vector<CheckItem> items;
  const std::vector<std::string_view> parts = split_at_nul(raw);
  for (std::size_t i = 0; i + 1 < parts.size();) {
    std::array<std::string_view, 5> fields;
    std::string_view rest = parts[i];
    for (std::string_view& field : fields) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      field = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!fields[0].starts_with(':') || fields[4].empty()) {
      return Error{Code::kInvalid, "git diff says something that is not understood"};
    }
    const char status = fields[4][0];
    const bool two_paths = status == 'R' || status == 'C';
    if (two_paths && i + 2 >= parts.size()) break;
    const std::string_view path = parts[i + (two_paths ? 2 : 1)];
    i += two_paths ? 3 : 2;
    // A renamed file of the same content adds no line; a submodule is no file.
    if (status == 'R' || fields[1] == "160000") continue;
    items.push_back({std::string(path), "", std::string(fields[3]), "", status != 'A'});
  }
  return items;
}

std::vector<LineRange> added_lines(std::string_view patch) {
  std::vector<LineRange> added;
  while (!patch.empty()) {
    const std::size_t end = std::min(patch.find('\n'), patch.size());
    const std::string_view line = patch.substr(0, end);
    patch.remove_prefix(std::min(end + 1, patch.size()));
    if (!line.starts_with("@@ -")) continue;
    // "@@ -a,b +c,d @@": d lines from c on; one when d is left out.
    const std::size_t plus = line.find(" +");
    const std::size_t close = line.find(" @@", 4);
    if (plus == std::string_view::npos || close == std::string_view::npos || close < plus) continue;
    const std::string_view range = line.substr(plus + 2, close - plus - 2);
    const std::size_t comma = range.find(',');
    const auto first = parse_decimal(range.substr(0, comma));
    const auto count = comma == std::string_view::npos ? std::optional<std::uint64_t>(1)
                                                       : parse_decimal(range.substr(comma + 1));
    if (!first || !count || *count == 0) continue;
    added.push_back({*first, *first + *count - 1});
  }
  return added;
}

Status keep_added_lines(const fs::path& directory, const std::vector<CheckItem>& items,
                        std::vector<CheckFinding>& findings) {
  std::map<std::string, std::optional<std::vector<LineRange>>> modified;
  for (const CheckItem& item : items) {
    if (item.modified) modified[item.path];
  }
  std::vector<CheckFinding> kept;
  for (CheckFinding& finding : findings) {
    const auto found = modified.find(finding.path);
    if (found == modified.end()) {
      kept.push_back(std::move(finding));
      continue;
    }
    if (!found->second) {
      PH_ASSIGN(const std::string patch,
                run_git(directory,
                        {"diff", "--cached", "-U0", "--no-color", "--no-ext-diff", "--no-textconv",
                         "--no-relative", "--no-renames", "--text", "--", finding.path},
                        kPatchBytesMax));
      found->second = added_lines(patch);
    }
    const bool added =
        std::any_of(found->second->begin(), found->second->end(), [&](const LineRange& range) {
          return range.first <= finding.line && finding.line <= range.last;
        });
    if (added) kept.push_back(std::move(finding));
  }
  findings = std::move(kept);
  return {};
}

Result<std::vector<CheckItem>> tree_items(const fs::path& root,
                                          const std::vector<std::string>& paths) {
  std::vector<std::string> arguments = {
      "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"};
  add_paths(arguments, paths);
  PH_ASSIGN(const std::string list, run_git(root, arguments, kListBytesMax));
  std::vector<CheckItem> items;
  for (const std::string_view path : split_at_nul(list)) {
    items.push_back({std::string(path), (root / path).string(), "", "", false});
  }
  return items;
}

Result<NextItems> history_items(const fs::path& directory) {
  PH_ASSIGN(GitProcess process, GitProcess::start(directory, {"rev-list", "--objects", "--all",
                                                              "--reverse", "--in-commit-order"}));
  process.close_input();
  const auto history = std::make_shared<History>(std::move(process));
  return NextItems([history] { return history->next(); });
}

Result<std::vector<CheckItem>> path_items(const fs::path& path, const std::string& shown) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  std::vector<CheckItem> items;
  if (fs::is_directory(status)) {
    std::string begin = shown;
    while (begin.size() > 1 && begin.back() == '/') begin.pop_back();
    walk(path, begin == "." ? "" : begin, 0, items);
  } else if (fs::is_regular_file(status)) {
    const fs::path whole = fs::canonical(path, code);
    items.push_back({shown, code ? path.string() : whole.string(), "", "", false});
  } else {
    return Error{Code::kNotFound, "no file or directory " + escape_terminal(shown)};
  }
  return items;
}

std::vector<CheckItem> dotenv_items(const fs::path& directory) {
  std::vector<CheckItem> items;
  std::error_code code;
  for (fs::directory_iterator each(directory, code), end; !code && each != end;
       each.increment(code)) {
    const std::string name = each->path().filename().string();
    if (is_dotenv_file(name) && fs::is_regular_file(each->symlink_status(code))) {
      items.push_back({name, each->path().string(), "", "", false});
    }
  }
  std::sort(items.begin(), items.end(),
            [](const CheckItem& a, const CheckItem& b) { return a.path < b.path; });
  return items;
}

AgentItems agent_items(const fs::path& home) {
  AgentItems found;
  std::vector<CheckItem> all;
  for (const std::string_view folder : kAgentFolders) {
    std::error_code code;
    if (fs::is_directory(fs::symlink_status(home / folder, code))) {
      walk(home / folder, "~/" + std::string(folder), 0, all);
    }
  }
  for (const std::string_view file : kAgentFiles) {
    std::error_code code;
    if (fs::is_regular_file(fs::symlink_status(home / file, code))) {
      all.push_back({"~/" + std::string(file), (home / file).string(), "", "", false});
    }
  }
  for (CheckItem& item : all) {
    const std::string name = fs::path(item.file).filename().string();
    if (std::find(std::begin(kSignInFiles), std::end(kSignInFiles), name) !=
        std::end(kSignInFiles)) {
      ++found.sign_in_files;
    } else {
      found.items.push_back(std::move(item));
    }
  }
  return found;
}

NextItems batches_of(std::vector<CheckItem> items) {
  const auto rest =
      std::make_shared<std::pair<std::vector<CheckItem>, std::size_t>>(std::move(items), 0);
  return [rest]() -> Result<std::vector<CheckItem>> {
    auto& [list, at] = *rest;
    std::vector<CheckItem> batch;
    while (batch.size() < kBatch && at < list.size()) batch.push_back(std::move(list[at++]));
    return batch;
  };
}

}  // namespace phantom
