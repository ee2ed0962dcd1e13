#include "ledger/backup_files.h"

#include "events/encoding.h"
#include "ledger/checkpoint.h"
#include "ledger/home.h"
#include "ledger/tile_paths.h"

namespace phantom::backup {
namespace {

constexpr std::string_view kCommits = "commits/";
constexpr std::string_view kEntries = "tile/entries/";

}  // namespace

std::string format_text(std::string_view origin) {
  return std::string(kFormat) + "\n" + std::string(origin) + "\n";
}

Result<std::string> parse_format(std::string_view text) {
  constexpr std::string_view kAnyVersion = "phantom-backup/";
  const std::size_t line = text.find('\n');
  const bool shaped = text.starts_with(kAnyVersion) && line != std::string_view::npos;
  if (!shaped) return Error{Code::kInvalid, "this is no backup of a ledger"};
  if (text.substr(0, line) != kFormat) {
    return Error{Code::kUnsupported,
                 "the backup has the format " + escape_terminal(text.substr(0, line)) +
                     ", this phantom reads " + std::string(kFormat),
                 "use a newer phantom"};
  }
  std::string_view origin = text.substr(line + 1);
  if (origin.empty() || origin.find('\n') != origin.size() - 1) {
    return Error{Code::kInvalid, "the backup's format file is damaged"};
  }
  origin.remove_suffix(1);
  return std::string(origin);
}

std::string commits_path(std::uint64_t n) {
  return std::string(kCommits) +
         tiles::path_of({tiles::Kind::kEntries, 0, n}).substr(kEntries.size());
}

std::optional<std::uint64_t> number_of_commits(std::string_view path) {
  if (!path.starts_with(kCommits)) return std::nullopt;
  const auto tile =
      tiles::parse_path(std::string(kEntries) + std::string(path.substr(kCommits.size())));
  if (!tile || !tile->full()) return std::nullopt;
  return tile->n;
}

void append_note(Bytes& file, std::string_view note) {
  PH_CHECK(note.size() <= 0xffff, "note size");
  put_be16(file, static_cast<std::uint16_t>(note.size()));
  file.insert(file.end(), note.begin(), note.end());
}

Result<std::vector<std::string>> split_notes(ByteView file) {
  std::vector<std::string> notes;
  while (!file.empty()) {
    const std::size_t length = file.size() < 2 ? 0 : get_be16(file);
    if (file.size() < 2 + length || length == 0 || notes.size() == kNotesPerFile) {
      return Error{Code::kCorrupt, "a file of notes does not split into its notes"};
    }
    notes.emplace_back(as_text(file.subspan(2, length)));
    file = file.subspan(2 + length);
  }
  return notes;
}

Result<std::vector<std::string>> read_notes(const std::filesystem::path& directory,
                                            std::uint64_t n) {
  const std::string path = commits_path(n);
  auto file = read_file(directory / path, kNotesFileBytesMax);
  if (!file) return std::move(file.error());
  auto notes = split_notes(*file);
  if (!notes) return std::move(notes.error()).in((directory / path).string());
  return notes;
}

Result<std::uint64_t> count_commit_files(const std::filesystem::path& directory,
                                         std::uint64_t size) {
  // Behind those the backup relies on, files may be missing, torn or of later commits.
  const auto relied_on = [&](std::uint64_t n) -> Result<bool> {
    const auto notes = read_notes(directory, n);
    if (!notes) {
      const Code code = notes.error().code;
      if (code == Code::kNotFound || code == Code::kCorrupt) return false;
      return notes.error();
    }
    if (notes->empty()) return false;
    const auto first = parse_checkpoint(notes->front());
    return first.ok() && first->checkpoint.size <= size;
  };
  // Double until one is not, then halve.
  std::uint64_t end = 1;
  PH_ASSIGN(bool more, relied_on(0));
  if (!more) return std::uint64_t{0};
  for (; more; end *= 2) {
    PH_ASSIGN(more, relied_on(end));
    if (!more) break;
  }
  std::uint64_t found = end / 2;
  while (end > found + 1) {
    const std::uint64_t middle = found + (end - found) / 2;
    PH_ASSIGN(const bool there, relied_on(middle));
    (there ? found : end) = middle;
  }
  return found + 1;
}

}  // namespace phantom::backup
