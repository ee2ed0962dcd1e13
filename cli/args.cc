#include "cli/args.h"

#include "events/encoding.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <type_traits>

namespace phantom {
namespace {

// What was parsed, as text; written to the targets only when the whole line is right.
struct Slot {
  const Option* option = nullptr;
  const Positional* positional = nullptr;
  bool present = false;
  std::vector<std::string> values;

  std::string name() const { return option ? "--" + option->name : positional->name; }
  const Target& target() const { return option ? option->target : positional->target; }
  const std::vector<std::string>& choices() const {
    return option ? option->choices : positional->choices;
  }
};

Error usage_error(const Command* command, std::string message) {
  Error error{Code::kInvalid, std::move(message)};
  const std::string name = command ? command->invocation() : "phantom";
  return std::move(error).with_hint(name + " --help shows how it is used");
}

Status assign(const Command& command, const Slot& slot) {
  for (const std::string& value : slot.values) {
    if (slot.choices().empty()) break;
    if (std::find(slot.choices().begin(), slot.choices().end(), value) != slot.choices().end()) {
      continue;
    }
    std::string list;
    for (const std::string& choice : slot.choices()) list += (list.empty() ? "" : ", ") + choice;
    return usage_error(&command, slot.name() + " must be one of: " + list);
  }
  if (bool* const* flag = std::get_if<bool*>(&slot.target())) {
    **flag = slot.present;
  } else if (auto* const* list = std::get_if<std::vector<std::string>*>(&slot.target())) {
    **list = slot.values;
  } else if (!slot.values.empty()) {
    if (slot.values.size() > 1) {
      return usage_error(&command, slot.name() + " is given more than once");
    }
    const std::string& value = slot.values.front();
    if (auto* const* text = std::get_if<std::string*>(&slot.target())) {
      **text = value;
    } else if (auto* const* maybe = std::get_if<std::optional<std::string>*>(&slot.target())) {
      **maybe = value;
    } else if (auto* const* number = std::get_if<std::optional<std::uint64_t>*>(&slot.target())) {
      const std::optional<std::uint64_t> parsed = parse_decimal(value);
      if (!parsed) return usage_error(&command, slot.name() + " must be a whole number");
      **number = *parsed;
    }
  }
  return {};
}

// The words of `args` that name a command or group, from the front.
std::vector<std::string> leading_words(const CommandTable& table,
                                       const std::vector<std::string>& args) {
  std::vector<std::string> words;
  std::string name;
  for (const std::string& arg : args) {
    if (!words.empty() && (arg.starts_with("-") || !table.is_group(name))) break;
    words.push_back(arg);
    name += (name.empty() ? "" : " ") + arg;
  }
  return words;
}

// Where the other program's command line starts, for a command that takes one.
std::size_t rest_start(const Command& command, const std::vector<std::string>& args) {
  const auto takes_next_word = [&](const std::string& arg) {
    return std::any_of(command.options.begin(), command.options.end(), [&](const Option& option) {
      const bool named = arg == "--" + option.name ||
                         (option.letter != 0 && arg == std::string("-") + option.letter);
      return named && !std::holds_alternative<bool*>(option.target);
    });
  };
  std::size_t at = 0;
  while (at < args.size() && args[at].starts_with("-") && args[at] != "--") {
    at += takes_next_word(args[at]) ? 2U : 1U;
  }
  return std::min(at, args.size());
}

Error explain(const Command& command, const CLI::Error& error,
              const std::vector<std::string>& args) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    for (const std::string& arg : args) {
      if (arg == "--") break;
      if (arg.size() < 2 || arg[0] != '-') continue;
      const std::string name = arg.substr(0, arg.find('='));
      const bool known =
          std::any_of(command.options.begin(), command.options.end(), [&](const Option& option) {
            return name == "--" + option.name ||
                   (option.letter != 0 && name.size() >= 2 && name[1] == option.letter);
          });
      if (!known) return usage_error(&command, "there is no option " + escape_terminal(name));
    }
    Error surplus = usage_error(&command, "too many words for " + command.name());
    if (!command.surplus_hint.empty()) surplus.hint = command.surplus_hint;
    return surplus;
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    for (const Positional& positional : command.positionals) {
      if (positional.need == Need::kRequired) {
        return usage_error(&command, command.name() + " needs " + positional.name);
      }
    }
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return usage_error(&command, "an option of " + command.name() +
                                     " has no value, has one it does not take, or is repeated");
  }
  return usage_error(&command, "the command line does not parse");
}

Result<ParsedArgs> parse_command(const Command& command, std::vector<std::string> args) {
  CLI::App app;
  app.set_help_flag("-h,--help");
  std::vector<std::unique_ptr<Slot>> slots;
  for (const Option& option : command.options) {
    slots.push_back(std::make_unique<Slot>());
    Slot& slot = *slots.back();
    slot.option = &option;
    std::string names = "--" + option.name;
    if (option.letter != 0) names = std::string("-") + option.letter + "," + names;
    if (std::holds_alternative<bool*>(option.target)) {
      app.add_flag(names, slot.present);
    } else {
      app.add_option(names, slot.values)->expected(1)->allow_extra_args(false)->take_all();
    }
  }
  for (const Positional& positional : command.positionals) {
    slots.push_back(std::make_unique<Slot>());
    Slot& slot = *slots.back();
    slot.positional = &positional;
    const bool many = std::holds_alternative<std::vector<std::string>*>(positional.target);
    CLI::Option* added = app.add_option(positional.name, slot.values);
    if (many) {
      added->expected(1, CLI::detail::expected_max_vector_size);
    } else {
      added->expected(1)->allow_extra_args(false);
    }
    if (positional.need == Need::kRequired) added->required();
  }
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return ParsedArgs{.help_for = command.words};
  } catch (const CLI::Error& error) {
    return explain(command, error, args);
  }
  for (const auto& slot : slots) PH_TRY(assign(command, *slot));
  return ParsedArgs{.run = &command};
}

}  // namespace

Result<ParsedArgs> parse_args(const CommandTable& table, const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") return ParsedArgs{};
  if (args[0] == "--version" || args[0] == "-V") return ParsedArgs{.version = true};
  const std::vector<std::string> words = leading_words(table, args);
  const Command* command = table.find(words);
  if (command == nullptr) {
    std::string named;
    for (const std::string& word : words) named += (named.empty() ? "" : " ") + word;
    if (table.is_group(named)) {
      const std::size_t next = words.size();
      const bool asks = args.size() == next || args[next] == "--help" || args[next] == "-h";
      if (asks) return ParsedArgs{.help_for = words};
      return usage_error(nullptr, named + " needs a command before its options");
    }
    return usage_error(nullptr, "there is no command \"" + escape_terminal(named) + "\"");
  }
  std::vector<std::string> own(args.begin() + static_cast<std::ptrdiff_t>(words.size()),
                               args.end());
  if (command->rest != nullptr) {
    const std::size_t start = rest_start(*command, own);
    const std::size_t first = start < own.size() && own[start] == "--" ? start + 1 : start;
    command->rest->assign(own.begin() + static_cast<std::ptrdiff_t>(first), own.end());
    own.resize(start);
  }
  return parse_command(*command, std::move(own));
}

Result<ParsedArgs> parse_args(const Command& program, const std::vector<std::string>& args) {
  if (args.size() == 1 && (args[0] == "--version" || args[0] == "-V")) {
    return ParsedArgs{.version = true};
  }
  return parse_command(program, args);
}

}  // namespace phantom
