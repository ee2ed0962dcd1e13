#include "ledger/selftest_copy.h"

#include "ledger/home.h"
#include "ledger/layout.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace phantom {
namespace {

namespace fs = std::filesystem;

Status as_status(const std::string& what, const std::error_code& code) {
  if (!code) return {};
  const bool full = code == std::errc::no_space_on_device;
  return Error{full ? Code::kLimit : Code::kIo, what + ": " + code.message()};
}

Status make_directories(const fs::path& directory) {
  std::error_code code;
  fs::create_directories(directory, code);
  return as_status("make " + directory.string(), code);
}

Result<std::vector<fs::path>> files_in(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator it(directory, code); !code && it != fs::directory_iterator();
       it.increment(code)) {
    if (it->is_regular_file(code)) files.push_back(it->path());
    code.clear();
  }
  PH_TRY(as_status("read " + directory.string(), code));
  std::sort(files.begin(), files.end());
  return files;
}

// Head copy first, so that it is not ahead of the store; tables last, since logs move into them.
int copy_order(const fs::path& file) {
  if (file.filename() == "head") return 0;
  if (file.extension() == ".sst") return 3;
  return file.extension() == ".log" ? 2 : 1;
}

}  // namespace

Result<ScratchDirectory> ScratchDirectory::make() {
  const char* base = std::getenv("TMPDIR");
  std::string path =
      std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/phantom-selftest-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    const Code code = errno == EACCES ? Code::kDenied : Code::kIo;
    return Error{code, "make " + path + ": " + std::strerror(errno),
                 "set TMPDIR to a directory that can be written to"};
  }
  return ScratchDirectory(path);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

bool carries_evidence(std::string_view file_name) {
  return file_name != "sock" && file_name != "reserve" && file_name != "phantom.probe" &&
         !file_name.starts_with("LOCK") && !file_name.starts_with("LOG") &&
         !file_name.starts_with("OPTIONS");
}

Result<std::vector<fs::path>> evidence_files(const fs::path& ledger) {
  std::vector<fs::path> files;
  for (const fs::path& directory : {ledger, LedgerFiles{ledger}.db()}) {
    PH_ASSIGN(const std::vector<fs::path> here, files_in(directory));
    for (const fs::path& file : here) {
      if (carries_evidence(file.filename().string())) {
        files.push_back(file.lexically_relative(ledger));
      }
    }
  }
  return files;
}

Status copy_ledger(const fs::path& from, const fs::path& to) {
  PH_TRY(make_directories(LedgerFiles{to}.db()));
  PH_ASSIGN(std::vector<fs::path> files, evidence_files(from));
  std::stable_sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return copy_order(a) < copy_order(b);
  });
  for (const fs::path& file : files) {
    std::error_code code;
    fs::copy_file(from / file, to / file, fs::copy_options::overwrite_existing, code);
    if (code == std::errc::no_such_file_or_directory) continue;  // the writer removed it meanwhile
    PH_TRY(as_status("copy " + (from / file).string(), code));
  }
  return {};
}

Status clone_copy(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::remove_all(to, code);
  PH_TRY(make_directories(LedgerFiles{to}.db()));
  PH_ASSIGN(const std::vector<fs::path> files, evidence_files(from));
  for (const fs::path& file : files) {
    if (file.extension() == ".sst") {
      fs::create_hard_link(from / file, to / file, code);
    } else {
      fs::copy_file(from / file, to / file, code);
    }
    PH_TRY(as_status("copy " + (from / file).string(), code));
  }
  return {};
}

Status put_file(const fs::path& file, ByteView bytes) {
  std::error_code code;
  fs::remove(file, code);
  PH_TRY(as_status("remove " + file.string(), code));
  return write_new_file(file, bytes);
}

}  // namespace phantom
