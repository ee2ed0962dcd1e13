#include "cli/init_diff.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

std::string heading(const std::string& from, const std::string& to) {
  return "--- " + escape_terminal(from) + "\n+++ " + escape_terminal(to) + "\n";
}

std::string range(std::size_t line, std::size_t count) {
  return std::to_string(line) + (count == 1 ? "" : "," + std::to_string(count));
}

// CRLF and lone CR count like a line feed, once.
std::size_t count_line_ends(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!pair && (text[i] == '\n' || text[i] == '\r')) ++count;
  }
  return count;
}

// The key with what stands before and behind it, up to the value.
std::string_view before_value(std::string_view text, const DotenvEntry& entry) {
  const std::string_view until = text.substr(0, entry.value_begin);
  const std::size_t end = until.find_last_of("\n\r");
  return end == std::string_view::npos ? until : until.substr(end + 1);
}

std::string_view quote_of(const DotenvEntry& entry) {
  switch (entry.quote) {
    case DotenvQuote::kNone:
      return "";
    case DotenvQuote::kSingle:
      return "'";
    case DotenvQuote::kDouble:
      return "\"";
    case DotenvQuote::kBacktick:
      return "`";
  }
  return "";
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string dotenv_diff(const DotenvOnDisk& file, const std::vector<std::size_t>& entries) {
  const std::string name = file.path.filename().string();
  std::string diff = heading(name, name);
  std::size_t removed = 0;  // lines that are gone so far
  for (const std::size_t index : entries) {
    const DotenvEntry& entry = file.parsed.entries[index];
    const std::string_view value =
        std::string_view(file.text).substr(entry.value_begin, entry.value_end - entry.value_begin);
    const std::size_t lines = 1 + count_line_ends(value);
    const std::string key = escape_terminal(entry.key);
    const std::string start = escape_terminal(before_value(file.text, entry));
    const std::string quote(quote_of(entry));
    diff += "@@ -" + range(entry.line, lines) + " +" + range(entry.line - removed, 1) + " @@\n";
    for (std::size_t i = 0; i < lines; ++i) {
      diff += "-" + (i == 0 ? start : "") + "<value of " + key + ">" +
              (i + 1 == lines ? quote : "") + "\n";
    }
    diff += "+" + start + "<placeholder of " + key + ">" + quote + "\n";
    removed += lines - 1;
  }
  return diff;
}

std::string appended_diff(const std::string& name, const std::string& before,
                          const std::string& after) {
  const std::vector<std::string_view> old_lines = lines_of(before);
  const std::vector<std::string_view> new_lines = lines_of(after);
  std::string diff = heading(before.empty() ? "/dev/null" : name, name);
  diff += "@@ -" + range(old_lines.size(), 0) + " +" +
          range(old_lines.size() + 1, new_lines.size() - old_lines.size()) + " @@\n";
  for (std::size_t i = old_lines.size(); i < new_lines.size(); ++i) {
    diff += "+" + escape_terminal(new_lines[i]) + "\n";
  }
  return diff;
}

}  // namespace phantom
