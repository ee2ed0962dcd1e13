#include "cli/doctor_checks.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

struct LooseFile {
  fs::path path;
  unsigned mode = 0;
  unsigned wanted = 0;
  bool others_own = false;
};

void look(const fs::path& path, unsigned forbidden, std::vector<LooseFile>& loose) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0 || S_ISLNK(about.st_mode)) return;
  const unsigned mode = about.st_mode & 07777;
  const bool others_own = about.st_uid != ::geteuid();
  if ((mode & forbidden) == 0 && !others_own) return;
  loose.push_back({path, mode, mode & ~forbidden, others_own});
}

void look_at_files(const fs::path& directory, std::vector<LooseFile>& loose) {
  std::error_code code;
  for (fs::recursive_directory_iterator each(directory, code), end; !code && each != end;
       each.increment(code)) {
    look(each->path(), 077, loose);
  }
}

std::vector<LooseFile> loose_files(const Home& home) {
  std::vector<LooseFile> loose;
  look(home.root, 077, loose);
  for (const fs::path& directory : {home.keys(), home.vaults(), home.root / "projects"}) {
    look(directory, 077, loose);
    look_at_files(directory, loose);
  }
  look(home.trust(), 022, loose);
  return loose;
}

std::string octal(unsigned mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", mode);
  return text;
}

}  // namespace

Result<DoctorFindings> check_home(DoctorContext& context) {
  DoctorFindings findings;
  struct stat about {};
  if (::lstat(context.home.root.c_str(), &about) != 0) {
    if (errno != ENOENT) {
      return Error{Code::kIo, context.home.root.string() + ": " + std::strerror(errno)};
    }
    findings.push_back({DoctorSeverity::kWarning,
                        "there is no home yet at " + context.home.root.string(),
                        "run 'phantom init' in a project"});
    return findings;
  }
  PH_ASSIGN(const auto service, context.environment->service());
  if (service) return findings;
  for (const LooseFile& file : loose_files(context.home)) {
    if (file.others_own) {
      findings.push_back({DoctorSeverity::kError, file.path.string() + " belongs to another user",
                          "run phantom as the user whose home it is"});
      continue;
    }
    findings.push_back(
        {DoctorSeverity::kError,
         file.path.string() + " is open to other users (mode " + octal(file.mode) + ")",
         "chmod " + octal(file.wanted) + " " + file.path.string(), Mending::kByFix});
  }
  return findings;
}

Mended fix_home(DoctorContext& context) {
  std::vector<std::string> done;
  for (const LooseFile& file : loose_files(context.home)) {
    if (file.others_own) continue;
    if (::chmod(file.path.c_str(), file.wanted) != 0) {
      return Error{Code::kIo, file.path.string() + ": " + std::strerror(errno)};
    }
    done.push_back(file.path.string() + " has mode " + octal(file.wanted) + " now");
  }
  return done;
}

}  // namespace phantom
