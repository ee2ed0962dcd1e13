#include "cli/report_summary.h"

#include "cli/report_text.h"

namespace phantom {
namespace {

// GitHub takes 1 MiB for all steps of a job.
constexpr std::size_t kBytesMax = 128 * 1024;

}  // namespace

std::string report_to_summary(const Report& input) {
  std::string text =
      std::string("### phantom audit verify: ") + verdict_name(input.result.verdict) + "\n\n";
  const std::string report = report_to_text(input);
  for (std::size_t at = 0; at < report.size();) {
    const std::size_t end = report.find('\n', at);
    if (text.size() + (end - at) > kBytesMax) {
      text += "    ...\n";
      break;
    }
    text += "    " + report.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return text + "\n";
}

}  // namespace phantom
