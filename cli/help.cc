#include "cli/help.h"

#include "cli/output.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace phantom {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kWidth = 90;

std::string wrap(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (column > indent && column + 1 + word.size() > kWidth) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    at = end + 1;
  }
  return out;
}

std::string wrap_paragraphs(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += wrap(text.substr(at, end - at), 0) + "\n";
    at = end + 1;
  }
  return out;
}

std::string columns(const Rows& rows) {
  std::size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, row.first.size());
  widest = std::min<std::size_t>(widest, 26);
  std::string out;
  for (const auto& [left, right] : rows) {
    const std::size_t indent = widest + 4;
    out += "  " + left;
    if (left.size() > widest) {
      out += "\n" + std::string(indent, ' ');
    } else {
      out += std::string(indent - 2 - left.size(), ' ');
    }
    out += wrap(right, indent) + "\n";
  }
  return out;
}

std::string usage_line(const Command& command) {
  std::string text = command.invocation();
  if (!command.options.empty()) text += " [options]";
  for (const Positional& positional : command.positionals) {
    const bool optional = positional.need == Need::kOptional;
    const bool many = std::holds_alternative<std::vector<std::string>*>(positional.target);
    const std::string name = positional.name + (many ? "..." : "");
    text += optional ? " [" + name + "]" : " " + name;
  }
  if (command.rest != nullptr) text += " -- COMMAND [ARGUMENT...]";
  return text;
}

std::string option_name(const Option& option) {
  std::string text = option.letter != 0 ? std::string("-") + option.letter + ", " : "";
  text += "--" + option.name;
  if (!option.value.empty()) text += " " + option.value;
  return text;
}

std::string with_choices(const std::string& help, const std::vector<std::string>& choices) {
  if (choices.empty()) return help;
  std::string list;
  for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
  return help + " (" + list + ")";
}

Rows option_rows(const Command& command) {
  Rows rows;
  for (const Option& option : command.options) {
    std::string help = with_choices(option.help, option.choices);
    if (std::holds_alternative<std::vector<std::string>*>(option.target)) {
      help += "; may be repeated";
    }
    rows.emplace_back(option_name(option), help);
  }
  rows.emplace_back("-h, --help", "this page");
  return rows;
}

Rows command_rows(const CommandTable& table, const std::string& group) {
  Rows rows;
  for (const Command& command : table.commands) {
    if (command.group() == group) rows.emplace_back(command.words.back(), command.summary);
  }
  for (const CommandGroup& each : table.groups) {
    if (each.above() == group) rows.emplace_back(each.word(), each.summary);
  }
  return rows;
}

}  // namespace

std::string help_overview(const CommandTable& table) {
  return "phantom keeps API keys away from AI agents and a record that cannot be changed "
         "unseen\n\n"
         "usage: phantom COMMAND ...\n\ncommands:\n" +
         columns(command_rows(table, "")) +
         "\nphantom COMMAND --help explains one command, phantom --version names this program.\n"
         "\nexit codes:\n" +
         exit_code_table();
}

std::string help_group(const CommandTable& table, const std::string& name) {
  std::string summary;
  for (const CommandGroup& group : table.groups) {
    if (group.name == name) summary = group.summary;
  }
  return "phantom " + name + ": " + summary + "\n\nusage: phantom " + name +
         " COMMAND ...\n\ncommands:\n" + columns(command_rows(table, name));
}

std::string help_command(const Command& command) {
  std::string text = command.invocation() + ": " + command.summary +
                     "\n\nusage: " + usage_line(command) + "\n\n" +
                     wrap_paragraphs(command.description);
  if (!command.positionals.empty()) {
    Rows rows;
    for (const Positional& positional : command.positionals) {
      rows.emplace_back(positional.name, with_choices(positional.help, positional.choices));
    }
    text += "\narguments:\n" + columns(rows);
  }
  return text + "\noptions:\n" + columns(option_rows(command));
}

std::string commands_markdown(const CommandTable& table) {
  std::string text =
      "# Commands\n\nWritten by `phantom help --markdown`; do not edit.\n\n"
      "## Exit codes\n\n```\n" +
      exit_code_table() + "```\n";
  for (const Command& command : table.commands) {
    text += "\n## phantom " + command.name() + "\n\n```\n" + help_command(command) + "```\n";
  }
  return text;
}

}  // namespace phantom
