#pragma once
// `phantom doctor`: looks at what protects a project and says what is wrong, why, and what to do.
//
// The next check is a function in a file cli/doctor_*.cc, a line in cli/doctor_checks.h and a line
// in the table of cli/doctor.cc. Checks look, they change nothing; what `--fix` mends is in `fix`,
// and only what cannot lose anything. Sentences may hold text from outside: who prints escapes
// them.

#include "cli/environment.h"
#include "cli/project.h"
#include "ledger/reader.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

enum class DoctorSeverity {
  kError,    // something is unprotected or does not work
  kWarning,  // it will be, or protection is weaker than it looks
  kNote      // worth knowing; does not count as a problem
};
const char* doctor_severity_name(DoctorSeverity severity);  // error, warning, note

enum class Mending { kByHand, kByFix };

struct DoctorFinding {
  DoctorSeverity severity = DoctorSeverity::kWarning;
  std::string sentence;
  std::string advice;  // what to do; empty when there is nothing
  Mending mending = Mending::kByHand;
};
using DoctorFindings = std::vector<DoctorFinding>;

// What checks look at. One project, one moment.
struct DoctorContext {
  Environment* environment = nullptr;
  Home home;
  std::filesystem::path root;  // of the project; the directory asked about when there is none
  std::int64_t now_ns = 0;
  std::optional<Project> project;      // the one here, if there is one that reads
  std::optional<Error> project_error;  // why not
  bool is_bound = false;               // this machine lets the directory have the project's secrets
  LedgerReader* reader = nullptr;      // null: reader_error says why
  std::optional<Error> reader_error;
};

struct DoctorCheck {
  std::string_view name;  // kebab-case
  std::string_view about;
  // An error is a finding too: the check could not be made.
  Result<DoctorFindings> (*run)(DoctorContext& context);
  // What it did, one sentence each. Null when nothing can be mended safely.
  Result<std::vector<std::string>> (*fix)(DoctorContext& context) = nullptr;
};

std::span<const DoctorCheck> doctor_checks();
const DoctorCheck* find_doctor_check(std::string_view name);

DoctorContext doctor_context(Environment& environment, const Home& home,
                             const std::filesystem::path& here);

// Findings of one check; an error of the check itself among them.
DoctorFindings examine(const DoctorCheck& check, DoctorContext& context);

// Error and warning count as problems, notes do not.
bool has_problem(const DoctorFindings& findings);

}  // namespace phantom
