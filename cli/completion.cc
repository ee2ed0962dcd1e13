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
    if (command.group() == group) words += (words.empty() ? "" : " ") + command.words.back();
  }
  for (const CommandGroup& each : table.groups) {
    if (each.above() == group) words += (words.empty() ? "" : " ") + each.word();
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

// What may follow groups and commands whose names have so many words.
std::string bash_cases(const CommandTable& table, std::size_t words) {
  std::string cases;
  const auto add = [&](const std::string& name, const std::string& following) {
    if (static_cast<std::size_t>(std::count(name.begin(), name.end(), ' ')) + 1 != words) return;
    cases += "      " + single_quoted(name) + ") words=" + single_quoted(following) + " ;;\n";
  };
  for (const CommandGroup& group : table.groups) add(group.name, group_words(table, group.name));
  for (const Command& command : table.commands) add(command.name(), option_words(command));
  return cases;
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
      "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]} ${COMP_WORDS[3]}\" in\n" +
      bash_cases(table, 3) + "    *) case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n" +
      bash_cases(table, 2) + "    *) case \"${COMP_WORDS[1]}\" in\n" + bash_cases(table, 1);
  return script +
         "    esac ;;\n"
         "    esac ;;\n"
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "}\n"
         "complete -o default -F _phantom phantom\n";
}

std::string zsh_script(const CommandTable& table) {
  return "#compdef phantom\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(table);
}

// True while all words of `group` are there and none that it holds.
std::string fish_condition(const CommandTable& table, const std::string& group) {
  if (group.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (std::size_t at = 0; at < group.size();) {
    const std::size_t end = std::min(group.find(' ', at), group.size());
    condition += "__fish_seen_subcommand_from " + group.substr(at, end - at) + "; and ";
    at = end + 1;
  }
  return condition + "not __fish_seen_subcommand_from " + group_words(table, group);
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
    add(fish_condition(table, group.above()), group.word(), group.summary);
  }
  for (const Command& command : table.commands) {
    add(fish_condition(table, command.group()), command.words.back(), command.summary);
    std::string condition;
    for (const std::string& word : command.words) {
      condition += (condition.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
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
