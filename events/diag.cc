#include "events/diag.h"

#include "events/encoding.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace phantom::diag {
namespace {

spdlog::logger* logger() {
  static const std::shared_ptr<spdlog::logger> instance = []() -> std::shared_ptr<spdlog::logger> {
    const char* level = std::getenv("PHANTOM_LOG");
    if (level == nullptr || *level == '\0') return nullptr;
    auto made = spdlog::stderr_logger_mt("phantom");
    made->set_pattern("phantom: %l: %v");
    made->set_level(spdlog::level::from_str(level));
    return made;
  }();
  return instance.get();
}

void log(spdlog::level::level_enum level, std::string_view text) {
  if (spdlog::logger* out = logger(); out != nullptr) out->log(level, "{}", escape_terminal(text));
}

}  // namespace

void debug(std::string_view text) { log(spdlog::level::debug, text); }
void info(std::string_view text) { log(spdlog::level::info, text); }
void warn(std::string_view text) { log(spdlog::level::warn, text); }

}  // namespace phantom::diag
