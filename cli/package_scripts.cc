#include "cli/package_scripts.h"

#include "cli/json_edit.h"
#include "events/encoding.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace phantom {
namespace {

constexpr std::string_view kPrefix = "phantom exec -- ";
constexpr std::string_view kRaw = ":raw";

constexpr std::string_view kStarting[] = {"dev", "start", "serve", "build", "deploy", "preview"};
constexpr std::string_view kNotStarting[] = {"lint",   "test",     "tests", "format",    "fmt",
                                             "check",  "type",     "types", "typecheck", "prettier",
                                             "eslint", "coverage", "clean", "e2e"};

bool contains(const auto& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// The members of an object, with the text of those that are text.
Result<std::vector<PackageScript>> entries_of(std::string_view text, const JsonPath& object) {
  PH_ASSIGN(const std::vector<JsonMember> members,
            json_members(text, object, JsonDialect::kStrict));
  std::vector<PackageScript> entries;
  for (const JsonMember& member : members) {
    PackageScript entry;
    entry.name = member.name;
    entry.name_begin = member.name_begin;
    entry.name_end = member.name_end;
    entry.value_begin = member.value_begin;
    entry.value_end = member.value_end;
    entry.is_text = text[entry.value_begin] == '"';
    if (entry.is_text) {
      const std::string_view token =
          text.substr(entry.value_begin, entry.value_end - entry.value_begin);
      entry.command = std::string(boost::json::parse(token).as_string());
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Error no_package(const std::string& why) {
  return {Code::kInvalid, why, "correct package.json first; 'npm pkg get scripts' reads it too"};
}

// What is put in place of a stretch of the text.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string with;
};

std::string edited(std::string_view text, std::vector<Edit> edits) {
  std::sort(edits.begin(), edits.end(),
            [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t copied = 0;
  for (const Edit& edit : edits) {
    PH_CHECK(edit.begin >= copied, "edits of scripts overlap");
    out += text.substr(copied, edit.begin - copied);
    out += edit.with;
    copied = edit.end;
  }
  out += text.substr(copied);
  return out;
}

std::string_view token(std::string_view text, const PackageScript& script) {
  return text.substr(script.value_begin, script.value_end - script.value_begin);
}

std::map<std::string_view, const PackageScript*> by_name(
    const std::vector<PackageScript>& scripts) {
  std::map<std::string_view, const PackageScript*> found;
  for (const PackageScript& each : scripts) found[each.name] = &each;
  return found;
}

Status check_names(const std::map<std::string_view, const PackageScript*>& known,
                   const std::vector<std::string>& only) {
  for (const std::string& name : only) {
    if (!known.contains(name)) {
      return Error{Code::kNotFound, "there is no script " + escape_terminal(name),
                   "'npm run' lists the scripts"};
    }
  }
  return {};
}

std::string shell_quoted(std::string_view command) {
  std::string out = "'";
  for (const char c : command) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

Result<std::vector<PackageScript>> parse_package_scripts(std::string_view text) {
  const auto whole = entries_of(text, {});
  if (!whole.ok() && whole.error().code == Code::kLimit) return whole.error();
  if (!whole.ok()) return no_package("package.json is no JSON object");
  const PackageScript* scripts = nullptr;
  for (const PackageScript& member : *whole) {
    if (member.name != "scripts") continue;
    if (scripts != nullptr) return no_package("package.json has \"scripts\" twice");
    scripts = &member;
  }
  if (scripts == nullptr) {
    return Error{Code::kNotFound, "package.json has no scripts", "there is nothing to change"};
  }
  if (text[scripts->value_begin] != '{') return no_package("\"scripts\" is no JSON object");
  PH_ASSIGN(std::vector<PackageScript> found, entries_of(text, {"scripts"}));
  std::set<std::string_view> names;
  for (const PackageScript& each : found) {
    if (!names.insert(each.name).second) {
      return no_package("package.json has the script " + escape_terminal(each.name) + " twice");
    }
  }
  return found;
}

bool starts_something(std::string_view name) {
  if (name.ends_with(kRaw)) return false;
  bool starting = false;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of(":-_./"), name.size());
    const std::string_view word = name.substr(0, end);
    if (contains(kNotStarting, word)) return false;
    starting = starting || contains(kStarting, word);
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return starting;
}

bool is_plain_command(std::string_view command) {
  constexpr std::string_view kBuiltIns[] = {
      ".",      "alias", "break",  "case",   "cd",    "command", "continue", "do",   "eval",
      "exec",   "exit",  "export", "for",    "if",    "read",    "return",   "set",  "shift",
      "source", "time",  "trap",   "ulimit", "umask", "unset",   "until",    "wait", "while"};
  const bool plain = std::all_of(command.begin(), command.end(), [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view(" _-./:=@,+%").find(c) != std::string_view::npos;
  });
  const std::size_t begin = std::min(command.find_first_not_of(' '), command.size());
  const std::string_view from = command.substr(begin);
  const std::string_view word = from.substr(0, std::min(from.find(' '), from.size()));
  const bool assigns = word.find('=') != std::string_view::npos;
  return plain && !word.empty() && !word.starts_with('-') && !assigns && !contains(kBuiltIns, word);
}

std::string wrapped_command(std::string_view command) {
  std::string out(kPrefix);
  if (is_plain_command(command)) return out.append(command);
  return out + "sh -c " + shell_quoted(command);
}

bool is_wrapped(std::string_view command) {
  return command.find("phantom exec ") != std::string_view::npos;
}

Result<ScriptEdit> wrap_scripts(std::string_view text, const std::vector<std::string>& only) {
  PH_ASSIGN(const std::vector<PackageScript> scripts, parse_package_scripts(text));
  const auto known = by_name(scripts);
  PH_TRY(check_names(known, only));
  ScriptEdit result;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    const PackageScript& script = scripts[i];
    const std::string raw = script.name + std::string(kRaw);
    if (only.empty() ? !starts_something(script.name) : !contains(only, script.name)) continue;
    const char* why = nullptr;
    if (!script.is_text || script.command.find_first_not_of(" \t\r\n") == std::string::npos) {
      why = "has no command";
    } else if (is_wrapped(script.command)) {
      why = "runs under phantom already";
    } else if (script.name.ends_with(kRaw)) {
      why = "is an original that wrap kept";
    } else if (known.contains(raw)) {
      why = "has a script with :raw behind its name already";
    }
    if (why != nullptr) {
      result.left.push_back({script.name, why});
      continue;
    }
    // As the space before and within this entry is, so it is for the new one.
    const std::size_t before = text.find_last_of("{,", script.name_begin);
    std::string with;
    append_json_text(with, wrapped_command(script.command));
    with += ",";
    with += text.substr(before + 1, script.name_begin - before - 1);
    append_json_text(with, raw);
    with += text.substr(script.name_end, script.value_begin - script.name_end);
    with += token(text, script);
    edits.push_back({script.value_begin, script.value_end, std::move(with)});
    result.changed.push_back(script.name);
  }
  result.text = edited(text, std::move(edits));
  return result;
}

Result<ScriptEdit> unwrap_scripts(std::string_view text, const std::vector<std::string>& only) {
  PH_ASSIGN(const std::vector<PackageScript> all, parse_package_scripts(text));
  PH_TRY(check_names(by_name(all), only));
  ScriptEdit result;
  result.text = text;
  // One after the other: what stands around an entry changes when its neighbour goes.
  for (const PackageScript& each : all) {
    if (!only.empty() && !contains(only, each.name)) continue;
    PH_ASSIGN(const std::vector<PackageScript> scripts, parse_package_scripts(result.text));
    const auto known = by_name(scripts);
    const auto found = known.find(each.name);
    if (found == known.end()) continue;  // a :raw that went with its script
    const PackageScript& script = *found->second;
    const auto raw = known.find(script.name + std::string(kRaw));
    const bool meant = !only.empty() || (script.is_text && script.command.starts_with(kPrefix));
    if (raw == known.end() || !raw->second->is_text) {
      if (meant) result.left.push_back({script.name, "has no original"});
      continue;
    }
    const PackageScript& original = *raw->second;
    if (!script.is_text || script.command != wrapped_command(original.command)) {
      if (meant) result.left.push_back({script.name, "was changed after it was wrapped"});
      continue;
    }
    std::vector<Edit> edits = {
        {script.value_begin, script.value_end, std::string(token(result.text, original))}};
    // Its comma goes too: the one before it, or the one behind it when it was moved to the front.
    const std::size_t before = result.text.find_last_of("{,", original.name_begin);
    if (result.text[before] == ',') {
      edits.push_back({before, original.value_end, ""});
    } else {
      edits.push_back({original.name_begin, scripts[1].name_begin, ""});
    }
    result.changed.push_back(script.name);
    result.text = edited(result.text, std::move(edits));
  }
  return result;
}

}  // namespace phantom
