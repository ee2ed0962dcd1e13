#include "cli/completion.h"

#include <algorithm>
#include <set>

namespace phantom {
namespace {

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// fish knows no '\'' inside single quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string first_words(const CommandTable& table) {
  std::string words;
  std::set<std::string> seen;
  for (const Command& command : table.commands) {
    if (seen.insert(command.words[0]).second)
      words += (words.empty() ? "" : " ") + command.words[0];
  }
  return words;
}

std::string group_words(const CommandTable& table, const std::string& group) {
  std::string words;
  for (const Command& command : table.commands) {
    if (command.words.size() == 2 && command.words[0] == group) {
      words += (words.empty() ? "" : " ") + command.words[1];
    }
  }
  return words;
}

std::string option_words(const Command& command) {
  std::string words = "--help";
  for (const Option& option : command.options) words += " --" + option.name;
  for (const Positional& positional : command.positionals) {
    for (const std::string& choice : positional.choices) words += " " + choice;
  }
  return words;
}

// A case statement over the words typed so far; bash and zsh share it.
std::string bash_script(const CommandTable& table) {
  std::string script =
      "_phantom() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\" i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    if [[ ${COMP_WORDS[i]} == -- ]]; then COMPREPLY=(); return; fi\n"
      "  done\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    words=" +
      single_quoted(first_words(table)) +
      "\n  else\n"
      "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n";
  for (const Command& command : table.commands) {
    if (command.words.size() != 2) continue;
    script += "      " + single_quoted(command.name()) +
              ") words=" + single_quoted(option_words(command)) + " ;;\n";
  }
  script += "      *) case \"${COMP_WORDS[1]}\" in\n";
  for (const CommandGroup& group : table.groups) {
    script += "        " + single_quoted(group.word) +
              ") words=" + single_quoted(group_words(table, group.word)) + " ;;\n";
  }
  for (const Command& command : table.commands) {
    if (command.words.size() != 1) continue;
    script += "        " + single_quoted(command.words[0]) +
              ") words=" + single_quoted(option_words(command)) + " ;;\n";
  }
  return script +
         "      esac ;;\n"
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "}\n"
         "complete -o default -F _phantom phantom\n";
}

std::string zsh_script(const CommandTable& table) {
  return "#compdef phantom\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(table);
}

std::string fish_script(const CommandTable& table) {
  std::string script = "complete -c phantom -f\n";
  std::string all = first_words(table);
  const auto add = [&](const std::string& condition, const std::string& word,
                       const std::string& help) {
    script += "complete -c phantom -n " + fish_quoted(condition) + " -a " + fish_quoted(word) +
              " -d " + fish_quoted(help) + "\n";
  };
  for (const CommandGroup& group : table.groups) {
    add("__fish_use_subcommand", group.word, group.summary);
  }
  for (const Command& command : table.commands) {
    std::string condition = "__fish_seen_subcommand_from " + command.words[0];
    if (command.words.size() == 1) {
      add("__fish_use_subcommand", command.words[0], command.summary);
    } else {
      const std::string siblings = group_words(table, command.words[0]);
      add(condition + "; and not __fish_seen_subcommand_from " + siblings, command.words[1],
          command.summary);
      condition += "; and __fish_seen_subcommand_from " + command.words[1];
    }
    for (const Option& option : command.options) {
      script += "complete -c phantom -n " + fish_quoted(condition) + " -l " + option.name;
      if (!option.value.empty()) script += " -r";
      script += " -d " + fish_quoted(option.help) + "\n";
    }
    for (const Positional& positional : command.positionals) {
      for (const std::string& choice : positional.choices) add(condition, choice, positional.help);
    }
  }
  return script;
}

}  // namespace

std::string completion_script(const CommandTable& table, std::string_view shell) {
  PH_CHECK(std::find(std::begin(kShells), std::end(kShells), shell) != std::end(kShells),
           "unknown shell");
  if (shell == "fish") return fish_script(table);
  if (shell == "zsh") return zsh_script(table);
  return bash_script(table);
}

}  // namespace phantom
