#pragma once
// What a backup directory holds beside the C2SP tiles it is made of. docs/FORMAT.md section 14:
//
//   format                    "phantom-backup/1", the origin, each with a newline
//   checkpoint, tile/...      C2SP tlog-tiles: ledger/tile_paths.h
//   commits/<N>               notes of commits 256N .. 256N+255 in order, each be16(length) ||
//   note;
//                             the last file may hold fewer
//   trust/<ledger id>.vkey    the pins of the home the backup is from
//   trust/<ledger id>.checkpoint
//   keys/...                  only when asked for
//
// `checkpoint` says where the backup ends: entries and notes behind it are of a run that was cut
// off. N is written as in tile paths. The functions without a directory are pure.

#include "events/result.h"
#include "events/types.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom::backup {

inline constexpr std::string_view kFormat = "phantom-backup/1";
inline constexpr std::string_view kFormatFile = "format";
inline constexpr std::string_view kTrust = "trust";
inline constexpr std::string_view kKeys = "keys";
inline constexpr std::size_t kNotesPerFile = 256;
// Of a file of notes: a note is far smaller than its length field allows.
inline constexpr std::size_t kNotesFileBytesMax = kNotesPerFile * 65'537;

std::string format_text(std::string_view origin);
// The origin. kInvalid: not a backup. kUnsupported: one of a newer phantom.
Result<std::string> parse_format(std::string_view text);

std::string commits_path(std::uint64_t n);
// N of such a path. None for anything commits_path does not write.
std::optional<std::uint64_t> number_of_commits(std::string_view path);

void append_note(Bytes& file, std::string_view note);
// kCorrupt: lengths do not add up, or more than kNotesPerFile.
Result<std::vector<std::string>> split_notes(ByteView file);

// File n of the notes. kNotFound, kCorrupt.
Result<std::vector<std::string>> read_notes(const std::filesystem::path& directory,
                                            std::uint64_t n);

// How many files of notes a backup of `size` events relies on: those that begin with a note over at
// most that many. Reads a few of them.
Result<std::uint64_t> count_commit_files(const std::filesystem::path& directory,
                                         std::uint64_t size);

}  // namespace phantom::backup
