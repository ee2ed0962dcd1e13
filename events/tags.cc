#include "events/tags.h"

#include "events/limits.h"

#include <algorithm>

namespace phantom {
namespace {

std::string join(std::string_view kind, std::string_view name) {
  std::string tag(kind);
  tag += ':';
  tag += name;
  return tag;
}

}  // namespace

std::string session_tag(std::string_view session) { return join("session", session); }
std::string project_tag(std::string_view project) { return join("project", project); }
std::string secret_tag(std::string_view project, std::string_view name) {
  return join("secret", std::string(project) + "/" + std::string(name));
}
std::string vault_tag(std::string_view project) { return join("vault", project); }
std::string config_tag(std::string_view project) { return join("config", project); }
std::string actor_tag(std::string_view actor_id) { return join("actor", actor_id); }
std::string subject_tag(std::string_view subject) { return join("subject", subject); }
std::string recorder_tag(std::string_view recorder) { return join("recorder", recorder); }

std::string approval_tag(std::string_view approval) { return join("approval", approval); }
std::string approvals_tag(std::string_view project) { return join("approvals", project); }
std::string hold_tag(std::string_view hold) { return join("hold", hold); }

bool is_state_tag(std::string_view tag) {
  const auto is_kind = [tag](std::string_view kind) { return tag.starts_with(kind); };
  return tag == kEpochTag || tag == kPruneTag || tag == kHoldsTag || is_kind("vault:") ||
         is_kind("config:") || is_kind("hold:");
}

bool is_valid_tag(std::string_view tag) {
  const std::size_t colon = tag.find(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < tag.size() &&
         tag.size() <= kTagBytesMax &&
         std::all_of(tag.begin(), tag.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace phantom
