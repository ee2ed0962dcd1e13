#include "cli/child_environment.h"

#include <algorithm>
#include <cctype>

namespace phantom {
namespace {

constexpr std::size_t kContainedBytesMin = 4;

// phantom's own: what unlocks vault and ledger, and what belongs to a session outside this one.
constexpr std::string_view kNeverPassedOn[] = {
    "PHANTOM_VAULT_PASSPHRASE", "PHANTOM_VAULT_NEW_PASSPHRASE",
    "PHANTOM_VAULT_KEY_FILE",   "PHANTOM_LEDGER_PASSPHRASE",
    "PHANTOM_LEDGER_KEY_FILE",  "PHANTOM_EXPORT_PASSPHRASE",
    "PHANTOM_PROXY_TOKEN",      "PHANTOM_PROXY_PORT"};

constexpr std::string_view kAmbientProxies[] = {"http_proxy", "all_proxy"};
constexpr std::string_view kLoopback = "127.0.0.1,localhost";

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::string_view value_of(std::string_view variable) {
  const std::size_t equals = variable.find('=');
  return equals == std::string_view::npos ? std::string_view() : variable.substr(equals + 1);
}

bool holds(std::string_view value, std::string_view secret) {
  if (secret.empty()) return false;
  if (secret.size() < kContainedBytesMin) return value == secret;
  return value.find(secret) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool names_ambient_proxy(std::string_view name) {
  const std::string folded = lower(name);
  return std::find(std::begin(kAmbientProxies), std::end(kAmbientProxies), folded) !=
         std::end(kAmbientProxies);
}

void set(std::vector<std::string>& variables, std::string_view name, std::string_view value) {
  std::erase_if(variables, [&](const std::string& each) { return name_of(each) == name; });
  std::string text(name);
  text += '=';
  text += value;
  variables.push_back(std::move(text));
}

// A proxy from the environment would otherwise be handed requests meant for this machine, with the
// session's token in them.
void bypass_ambient_proxy(std::vector<std::string>& variables) {
  const bool any = std::any_of(variables.begin(), variables.end(), [](const std::string& each) {
    return names_ambient_proxy(name_of(each));
  });
  if (!any) return;
  for (const std::string_view name : {"no_proxy", "NO_PROXY"}) {
    std::string list(kLoopback);
    for (const std::string& each : variables) {
      if (name_of(each) == name && !value_of(each).empty()) {
        list += ',';
        list += value_of(each);
      }
    }
    set(variables, name, list);
  }
}

}  // namespace

ChildEnvironment make_child_environment(const std::vector<std::string>& inherited,
                                        const EnvironmentChange& change) {
  ChildEnvironment result;
  for (const std::string& variable : inherited) {
    const std::string_view name = name_of(variable);
    if (std::find(std::begin(kNeverPassedOn), std::end(kNeverPassedOn), name) !=
        std::end(kNeverPassedOn)) {
      continue;
    }
    if (std::find(change.unset.begin(), change.unset.end(), name) != change.unset.end()) continue;
    const std::string_view value = value_of(variable);
    const bool secret = std::any_of(change.secrets.begin(), change.secrets.end(),
                                    [&](std::string_view each) { return holds(value, each); });
    if (secret) {
      result.dropped.emplace_back(name);
      continue;
    }
    result.variables.push_back(variable);
  }
  bypass_ambient_proxy(result.variables);
  for (const EnvironmentVariable& each : change.set) set(result.variables, each.name, each.value);
  return result;
}

}  // namespace phantom
