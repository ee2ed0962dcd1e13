#include "vault/secret_finder.h"

#include <algorithm>
#include <iterator>

namespace phantom {
namespace {

constexpr std::string_view kLockFiles[] = {"package-lock.json",  "npm-shrinkwrap.json",
                                           "yarn.lock",          "pnpm-lock.yaml",
                                           "bun.lock",           "composer.lock",
                                           "cargo.lock",         "poetry.lock",
                                           "pipfile.lock",       "uv.lock",
                                           "gemfile.lock",       "go.sum",
                                           "go.work.sum",        "mix.lock",
                                           "pubspec.lock",       "flake.lock",
                                           "packages.lock.json", "gradle.lockfile",
                                           "deno.lock",          "pdm.lock",
                                           "podfile.lock",       "package.resolved",
                                           ".terraform.lock.hcl"};
constexpr std::string_view kGeneratedEnds[] = {
    ".min.js", ".min.css", ".map", ".svg", ".bundle.js", ".min.mjs", ".snap", ".ipynb_checkpoints"};
constexpr std::string_view kConfigEnds[] = {
    ".yml",   ".yaml",   ".ini",    ".cfg",   ".conf",      ".properties", ".toml",
    ".env",   ".tfvars", ".sh",     ".bash",  ".zsh",       ".fish",       ".config",
    ".envrc", ".npmrc",  ".pypirc", ".netrc", "dockerfile", ".service"};

}  // namespace

TextKind text_kind_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto ends = [&](const auto& list) {
    return std::any_of(std::begin(list), std::end(list),
                       [&](std::string_view end) { return std::string_view(name).ends_with(end); });
  };
  if (std::find(std::begin(kLockFiles), std::end(kLockFiles), name) != std::end(kLockFiles)) {
    return TextKind::kGenerated;
  }
  if (ends(kGeneratedEnds)) return TextKind::kGenerated;
  if (name.starts_with(".env") || ends(kConfigEnds)) return TextKind::kConfig;
  return TextKind::kSource;
}

}  // namespace phantom
