#include "cli/doctor_checks.h"

#include <sstream>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

fs::path first_on_path(const char* path) {
  std::istringstream list(path == nullptr ? "" : path);
  std::string directory;
  while (std::getline(list, directory, ':')) {
    const fs::path file = fs::path(directory.empty() ? "." : directory) / "phantom";
    std::error_code code;
    if (fs::is_regular_file(file, code) && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

}  // namespace

Result<DoctorFindings> check_program(DoctorContext& context) {
  DoctorFindings findings;
  std::error_code code;
  const fs::path self = fs::canonical("/proc/self/exe", code);
  if (code) return Error{Code::kIo, "/proc/self/exe: " + code.message()};
  const fs::path found = first_on_path(context.environment->variable("PATH"));
  if (found.empty()) {
    findings.push_back({DoctorSeverity::kWarning,
                        "there is no phantom on PATH, so hooks and scripts do not find it",
                        "put " + self.parent_path().string() + " on PATH"});
  } else if (fs::canonical(found, code) != self) {
    findings.push_back(
        {DoctorSeverity::kWarning,
         "the first phantom on PATH is " + found.string() + ", not this one at " + self.string(),
         "put " + self.parent_path().string() + " first on PATH, or remove the other one"});
  }
  return findings;
}

}  // namespace phantom
