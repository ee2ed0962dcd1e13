#include "cli/report_formats.h"

#include "cli/report_github.h"
#include "cli/report_json.h"
#include "cli/report_junit.h"
#include "cli/report_sarif.h"
#include "cli/report_text.h"

namespace phantom {
namespace {

struct Row {
  std::string_view name;
  ReportFormat format;
};

constexpr Row kFormats[] = {
    {"text", report_to_text},   {"json", report_to_json},     {"sarif", report_to_sarif},
    {"junit", report_to_junit}, {"github", report_to_github},
};

}  // namespace

std::vector<std::string> report_format_names() {
  std::vector<std::string> names;
  for (const Row& row : kFormats) names.emplace_back(row.name);
  return names;
}

ReportFormat find_report_format(std::string_view name) {
  for (const Row& row : kFormats) {
    if (row.name == name) return row.format;
  }
  return nullptr;
}

}  // namespace phantom
