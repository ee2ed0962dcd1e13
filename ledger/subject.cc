#include "ledger/subject.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

std::filesystem::path subject_file(const Home& home) { return home.keys() / "subject.key"; }

}  // namespace

Result<Subject> load_subject(const Home& home) {
  PH_ASSIGN(const Bytes bytes, read_file(subject_file(home), 256));
  const std::string_view line = as_text(bytes);
  const std::size_t space = line.find(' ');
  const auto key =
      space == std::string_view::npos || line.size() != space + 66 || line.back() != '\n'
          ? std::nullopt
          : from_hex(line.substr(space + 1, 64));
  if (!key) {
    return Error{Code::kInvalid, subject_file(home).string() + " is damaged",
                 "restore it from a backup, or move it away to start with a new identity"};
  }
  Subject subject;
  subject.id = std::string(line.substr(0, space));
  std::copy(key->begin(), key->end(), subject.key.begin());
  return subject;
}

Result<Subject> ensure_subject(const Home& home, Random& random) {
  auto existing = load_subject(home);
  if (existing.ok() || existing.error().code != Code::kNotFound) return existing;
  PH_TRY(make_private_directory(home.keys()));
  Subject subject;
  std::array<std::uint8_t, 8> id{};
  random.fill(id);
  random.fill(subject.key);
  subject.id = "s_" + to_hex(id);
  const std::string line = subject.id + " " + to_hex(subject.key) + "\n";
  PH_TRY(write_file_durably(subject_file(home), as_bytes(line), 0600));
  return load_subject(home);  // another process may have been first
}

}  // namespace phantom
