#include "ledger/subject.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/key_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 256;
constexpr std::string_view kCommitmentLabel = "phantom/subject-key/v1";

fs::path file_in_force(const Home& home) { return home.keys() / "subject.key"; }
fs::path former_directory(const Home& home) { return home.keys() / "subjects"; }
fs::path former_file(const Home& home, const std::string& id) {
  return former_directory(home) / (id + ".key");
}
// A new key under its first name, which it loses once it is in force.
fs::path fresh_file(const Home& home, const std::string& id) {
  return home.keys() / ("subject.key.fresh-" + id);
}

Result<Subject> read_subject_file(const fs::path& file) {
  PH_ASSIGN(const Bytes bytes, read_file(file, kFileBytesMax));
  const std::string_view line = as_text(bytes);
  const std::size_t space = line.find(' ');
  const auto key =
      space == std::string_view::npos || line.size() != space + 66 || line.back() != '\n'
          ? std::nullopt
          : from_hex(line.substr(space + 1, 64));
  if (!key || !is_subject_id(line.substr(0, space))) {
    return Error{Code::kInvalid, file.string() + " is damaged",
                 "restore it from a backup, or move it away to start with a new identity"};
  }
  Subject subject;
  subject.id = std::string(line.substr(0, space));
  std::copy(key->begin(), key->end(), subject.key.begin());
  return subject;
}

bool is_missing(const Result<Subject>& subject) {
  return !subject.ok() && subject.error().code == Code::kNotFound;
}

Result<std::vector<fs::path>> files_of(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) files.push_back(it->path());
  }
  if (code && code != std::errc::no_such_file_or_directory) {
    return Error{Code::kIo, "read " + directory.string() + ": " + code.message()};
  }
  std::sort(files.begin(), files.end());
  return files;
}

Status sync_if_there(const fs::path& directory) {
  const Status synced = sync_directory(directory);
  std::error_code code;
  return synced.ok() || !fs::exists(directory, code) ? Status() : synced;
}

}  // namespace

bool is_subject_id(std::string_view id) {
  return id.size() == 18 && id.starts_with("s_") && from_hex(id.substr(2)).has_value();
}

Result<Subject> load_subject(const Home& home) { return read_subject_file(file_in_force(home)); }

Result<Subject> ensure_subject(const Home& home, Random& random) {
  auto existing = load_subject(home);
  if (!is_missing(existing)) return existing;
  PH_TRY(make_private_directory(home.keys()));
  Subject subject;
  std::array<std::uint8_t, 8> id{};
  random.fill(id);
  random.fill(subject.key);
  subject.id = "s_" + to_hex(id);
  const std::string line = subject.id + " " + to_hex(subject.key) + "\n";
  const fs::path fresh = fresh_file(home, subject.id);
  PH_TRY(write_file_durably(fresh, as_bytes(line), 0600));
  // The first process to get here decides who it is: a link never replaces a file.
  if (::link(fresh.c_str(), file_in_force(home).c_str()) != 0 && errno != EEXIST) {
    return Error{Code::kIo, "write " + file_in_force(home).string() + ": " + std::strerror(errno)};
  }
  const bool ours = [&] {
    const auto winner = load_subject(home);
    return winner.ok() && winner->id == subject.id;
  }();
  if (ours) {
    if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) {
      return Error{Code::kIo, "remove " + fresh.string() + ": " + std::strerror(errno)};
    }
  } else {
    PH_TRY(destroy_key_file(fresh));
  }
  PH_TRY(sync_directory(home.keys()));
  return load_subject(home);
}

Result<Subject> load_subject(const Home& home, const std::string& id) {
  const auto not_here = [&] {
    return Error{Code::kNotFound, "the key of " + escape_terminal(id) + " is not here"};
  };
  if (!is_subject_id(id)) return not_here();
  // The one in force may become a former one between two looks.
  for (int look = 0; look < 2; ++look) {
    auto in_force = load_subject(home);
    if (in_force.ok() && in_force->id == id) return in_force;
    auto former = read_subject_file(former_file(home, id));
    if (former.ok() && former->id != id) {
      return Error{Code::kInvalid, former_file(home, id).string() + " holds the key of another"};
    }
    if (!is_missing(former)) return former;
  }
  return not_here();
}

Result<std::vector<std::string>> subjects_here(const Home& home) {
  std::vector<std::string> ids;
  if (const auto in_force = load_subject(home); in_force.ok()) ids.push_back(in_force->id);
  PH_ASSIGN(const auto files, files_of(former_directory(home)));
  for (const fs::path& file : files) {
    const std::string id = file.stem().string();
    const bool ours = file.extension() == ".key" && is_subject_id(id);
    if (ours && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

Status retire_subject(const Home& home, const std::string& id) {
  const auto in_force = load_subject(home);
  if (is_missing(in_force)) return {};
  if (!in_force.ok()) return in_force.error();
  if (in_force->id != id) return {};
  PH_TRY(make_private_directory(former_directory(home)));
  // From here on the next event starts a new identity.
  if (::rename(file_in_force(home).c_str(), former_file(home, id).c_str()) != 0) {
    return Error{Code::kIo, "rename " + file_in_force(home).string() + ": " + std::strerror(errno)};
  }
  PH_TRY(sync_directory(former_directory(home)));
  return sync_directory(home.keys());
}

Status destroy_subject_key(const Home& home, const std::string& id) {
  PH_CHECK(is_subject_id(id), "destroying the key of no subject");
  // First out of the place where other processes look for whom they run for: they must not meet a
  // file that is half overwritten.
  PH_TRY(retire_subject(home, id));
  PH_TRY(destroy_key_file(former_file(home, id)));
  PH_TRY(destroy_key_file(fresh_file(home, id)));
  PH_TRY(sync_if_there(former_directory(home)));
  return sync_if_there(home.keys());
}

Result<std::vector<fs::path>> find_subject_key(const Home& home, const std::string& id) {
  std::vector<fs::path> found;
  for (const fs::path& directory : {home.keys(), former_directory(home)}) {
    PH_ASSIGN(const auto files, files_of(directory));
    for (const fs::path& file : files) {
      const auto bytes = read_file(file, 4'096);
      if (!bytes.ok()) continue;
      const std::string_view text = as_text(*bytes);
      const std::size_t at = text.find(id + " ");
      const std::string_view rest =
          at == std::string_view::npos ? "" : text.substr(at + id.size() + 1, 64);
      if (rest.size() == 64 && from_hex(rest)) found.push_back(file);
    }
  }
  return found;
}

Digest key_commitment(const Subject& subject) {
  Bytes bytes = to_bytes(kCommitmentLabel);
  bytes.insert(bytes.end(), subject.id.begin(), subject.id.end());
  bytes.insert(bytes.end(), subject.key.begin(), subject.key.end());
  return sha256(bytes);
}

}  // namespace phantom
