#include "cli/env_example.h"

#include "vault/detect.h"
#include "vault/placeholder.h"
#include "vault/secret_finder.h"

#include <algorithm>
#include <set>

namespace phantom {
namespace {

constexpr std::string_view kLeftOut = " (left out)";

// The text without values; what is no entry, comment or blank is left out too.
std::string without_values(const DotenvOnDisk& file) {
  std::string text;
  std::size_t done = 0;
  for (const DotenvEntry& entry : file.parsed.entries) {
    text.append(file.text, done, entry.value_begin - done);
    done = entry.value_end;
  }
  return text.append(file.text, done);
}

// One line of the text with its end.
std::string_view take_line(std::string_view& rest) {
  std::size_t end = rest.find_first_of("\n\r");
  if (end == std::string_view::npos) {
    end = rest.size();
  } else if (rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n') {
    end += 2;
  } else {
    ++end;
  }
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end);
  return line;
}

// "# OLD_KEY=value": what a line would be if it were none of a comment.
bool hides_secret(std::string_view comment) {
  while (comment.starts_with('#') || comment.starts_with(' ')) comment.remove_prefix(1);
  const Result<DotenvFile> parsed = parse_dotenv(comment);
  if (!parsed.ok()) return false;
  for (const DotenvEntry& entry : parsed->entries) {
    const SecretBytes value = dotenv_value(comment, entry);
    if (value.empty()) continue;
    if (classify(entry.key, value.text()).value_class == ValueClass::kSecret) return true;
  }
  return false;
}

// By what it begins with, whatever it is called.
bool is_surely_secret(std::string_view name, std::string_view value) {
  const Classification guess = classify(name, value);
  return guess.value_class == ValueClass::kSecret && guess.confidence == Confidence::kHigh;
}

bool has_secret_word(std::string_view line) {
  constexpr std::string_view kBetween = " \t\r\n\"'`,;:=()[]{}<>";
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(kBetween), line.size());
    if (is_surely_secret("VALUE", line.substr(0, end))) return true;
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return false;
}

bool finds_secret(const SecretFinder& finder, std::string_view line) {
  if (has_secret_word(line)) return true;
  bool found = !find_placeholder_offsets(line).empty();
  finder.find(line, TextKind::kConfig, [&found](const SecretHit&) { found = true; });
  return found;
}

std::string_view line_end_of(std::string_view line) {
  const std::size_t end = line.find_last_not_of("\r\n");
  return line.substr(end == std::string_view::npos ? 0 : end + 1);
}

std::vector<std::string> keys_of(const DotenvOnDisk& file) {
  std::vector<std::string> keys;
  for (const DotenvEntry& entry : file.parsed.entries) {
    if (!entry.overridden) keys.push_back(entry.key);
  }
  return keys;
}

std::vector<std::string> only_in(const std::vector<std::string>& keys,
                                 const std::vector<std::string>& others) {
  const std::set<std::string> known(others.begin(), others.end());
  std::vector<std::string> left;
  for (const std::string& key : keys) {
    if (!known.contains(key)) left.push_back(key);
  }
  return left;
}

}  // namespace

EnvExample example_of(const DotenvOnDisk& file) {
  EnvExample example;
  example.names = keys_of(file);
  const std::string text = without_values(file);
  const SecretFinder finder;
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = take_line(rest);
    const std::size_t hash = line.find('#');
    const std::string_view comment =
        hash == std::string_view::npos ? std::string_view() : line.substr(hash);
    const std::string_view before = line.substr(0, line.size() - comment.size());
    const bool is_stray = comment.empty() && before.find_first_not_of(" \t\r\n") != before.npos &&
                          before.find_first_of("=:") == before.npos;
    if (is_stray) {
      example.text += "#" + std::string(kLeftOut) + std::string(line_end_of(line));
      example.cut_lines.push_back(number);
    } else if (!comment.empty() && (finds_secret(finder, comment) || hides_secret(comment))) {
      example.text +=
          std::string(before) + "#" + std::string(kLeftOut) + std::string(line_end_of(line));
      example.cut_lines.push_back(number);
    } else {
      example.text += line;
    }
  }
  return example;
}

ExampleCheck check_example(const DotenvOnDisk& example, const DotenvOnDisk* file) {
  ExampleCheck check;
  if (file != nullptr) {
    check.missing = only_in(keys_of(*file), keys_of(example));
    check.extra = only_in(keys_of(example), keys_of(*file));
  }
  const SecretFinder finder;
  std::set<std::size_t> lines;
  finder.find(example.text, TextKind::kConfig,
              [&lines](const SecretHit& hit) { lines.insert(static_cast<std::size_t>(hit.line)); });
  for (const DotenvEntry& entry : example.parsed.entries) {
    const SecretBytes value = dotenv_value(example.text, entry);
    if (is_surely_secret(entry.key, value.text())) lines.insert(entry.line);
  }
  check.secret_lines.assign(lines.begin(), lines.end());
  return check;
}

}  // namespace phantom
