#include "cli/approval_notice.h"

#include "vault/approval.h"

namespace phantom {
namespace {

// What notify-send needs to find the desktop; nothing else of this process's environment.
constexpr const char* kNeeded[] = {"DISPLAY",         "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS",
                                   "XDG_RUNTIME_DIR", "XAUTHORITY",      "HOME"};

bool is_set(const ReadVariable& variable, const char* name) {
  const char* value = variable(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

std::optional<ProgramRun> approval_notice(const ReadVariable& variable, const std::string& id,
                                          const std::string& tool) {
  if (!is_set(variable, "DISPLAY") && !is_set(variable, "WAYLAND_DISPLAY")) return std::nullopt;
  ApprovalRequest request;
  request.tool = tool;
  if (!is_approval_id(id) || !check_request(request).ok()) return std::nullopt;
  ProgramRun run;
  run.argv = {"notify-send", "--app-name=phantom", "An agent waits for your answer",
              tool + ": phantom approve " + id};
  for (const char* name : kNeeded) {
    if (is_set(variable, name)) run.environment.push_back(std::string(name) + "=" + variable(name));
  }
  run.time_max = std::chrono::milliseconds(2'000);
  run.output_bytes_max = 4'096;
  return run;
}

void show_approval_notice(const ReadVariable& variable, const std::string& id,
                          const std::string& tool) {
  if (const auto run = approval_notice(variable, id, tool)) (void)run_program(*run);
}

}  // namespace phantom
