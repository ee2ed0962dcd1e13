#include "ledger/erasure.h"

#include "events/encoding.h"
#include "ledger/subject.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".erasing";
constexpr std::size_t kFileBytesMax = 256;

fs::path directory_of(const Home& home) { return home.keys() / "subjects"; }
fs::path file_of(const Home& home, const std::string& subject) {
  return directory_of(home) / (subject + std::string(kEnding));
}

std::optional<Erasure> parse(std::string_view line) {
  if (line.empty() || line.back() != '\n') return std::nullopt;
  line.remove_suffix(1);
  std::vector<std::string_view> words;
  while (words.size() < 5) {
    const std::size_t space = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, space));
    if (space == line.size()) break;
    line.remove_prefix(space + 1);
  }
  if (words.size() != 4 || !is_subject_id(words[0])) return std::nullopt;
  const auto seq = parse_decimal(words[1]);
  const auto id = parse_uuid(words[2]);
  const auto commitment = from_hex(words[3]);
  if (!seq || !id || !commitment || commitment->size() != 32) return std::nullopt;
  Erasure erasure{std::string(words[0]), *seq, *id, {}};
  std::copy(commitment->begin(), commitment->end(), erasure.commitment.begin());
  return erasure;
}

}  // namespace

Status begin_erasure(const Home& home, const Erasure& erasure) {
  PH_TRY(make_private_directory(directory_of(home)));
  const std::string line = erasure.subject + " " + std::to_string(erasure.requested_seq) + " " +
                           format_uuid(erasure.completed_id) + " " + to_hex(erasure.commitment) +
                           "\n";
  return write_file_durably(file_of(home, erasure.subject), as_bytes(line), 0600);
}

Result<std::vector<Erasure>> unfinished_erasures(const Home& home) {
  std::vector<Erasure> found;
  std::error_code code;
  for (fs::directory_iterator it(directory_of(home), code), end; !code && it != end;
       it.increment(code)) {
    if (!it->path().filename().string().ends_with(kEnding)) continue;
    const auto bytes = read_file(it->path(), kFileBytesMax);
    if (!bytes.ok() && bytes.error().code == Code::kNotFound) continue;  // just finished
    if (!bytes.ok()) return bytes.error();
    const auto erasure = parse(as_text(*bytes));
    if (!erasure || it->path() != file_of(home, erasure->subject)) {
      return Error{Code::kInvalid, it->path().string() + " is damaged",
                   "remove it and run 'phantom privacy erase' for that subject again"};
    }
    found.push_back(*erasure);
  }
  if (code && code != std::errc::no_such_file_or_directory) {
    return Error{Code::kIo, "read " + directory_of(home).string() + ": " + code.message()};
  }
  std::sort(found.begin(), found.end(),
            [](const Erasure& a, const Erasure& b) { return a.subject < b.subject; });
  return found;
}

Status end_erasure(const Home& home, const std::string& subject) {
  const fs::path file = file_of(home, subject);
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
    return Error{Code::kIo, "remove " + file.string() + ": " + std::strerror(errno)};
  }
  return sync_directory(directory_of(home));
}

}  // namespace phantom
