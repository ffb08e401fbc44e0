// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/checks.h"
#include "config/documents.h"
#include "config/file.h"
#include "config/reload.h"
#include "config/table.h"
#include "config/words.h"

namespace config {
namespace {

using Arguments = std::span<const char* const>;

constexpr std::array<std::string_view, 5> commands = {"serve", "check-config", "config", "default-config", "help"};
constexpr std::string_view see_help = "`kodama help` lists commands and keys.\n";

Command print(std::string text) {
  Command command;
  command.text = std::move(text);
  return command;
}

Command refuse(std::string text) {
  Command command;
  command.text = std::move(text);
  command.exit_code = exit_usage;
  return command;
}

// The flags of `serve` and `config`, split from their values; --config is no key.
struct Split {
  std::optional<std::string> config_file;
  std::vector<Flag> flags;
  Mistakes mistakes;
};

void take_config(const Flag& flag, Split& split) {
  if (split.config_file) {
    split.mistakes.push_back({"--config", "", "is given twice"});
  } else if (!flag.value || flag.value->empty()) {
    split.mistakes.push_back({"--config", "", "has no value; write --config FILE"});
  } else {
    split.config_file = flag.value;
  }
}

Mistake stray(std::string_view command, std::string_view argument) {
  std::string meant(argument.substr(std::min(argument.find_first_not_of('-'), argument.size())));
  const bool known = find_row(meant.substr(0, meant.find('='))) != nullptr;
  return {absl::StrCat("kodama ", std::string(command)), "",
          absl::StrFormat("unexpected argument %s%s", quote(argument),
                          did_you_mean(known ? absl::StrCat("--", meant) : std::string()))};
}

// `--name=value`, `--name value` and, for what is true or false, `--name` alone. What follows an unknown flag is taken
// for its value, so that one slip is one mistake.
Split split_flags(std::string_view command, Arguments arguments) {
  Split split;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("--") || argument.size() == 2) {
      split.mistakes.push_back(stray(command, argument));
      continue;
    }
    const std::size_t equals = argument.find('=');
    Flag flag{std::string(argument.substr(2, equals == std::string_view::npos ? equals : equals - 2)), std::nullopt};
    if (equals != std::string_view::npos) {
      flag.value = std::string(argument.substr(equals + 1));
    } else if (i + 1 < arguments.size() && !std::string_view(arguments[i + 1]).starts_with("--")) {
      flag.value = arguments[++i];
    }
    if (flag.name == "config") {
      take_config(flag, split);
    } else {
      split.flags.push_back(std::move(flag));
    }
  }
  return split;
}

Environment split_environment(std::span<const char* const> variables) {
  Environment environment;
  for (const char* const variable : variables) {
    const std::string_view text = variable;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

struct Started {
  Sources sources;
  Loaded loaded;
};

Started load_given(std::string_view command, Arguments arguments, std::span<const char* const> environment) {
  Split split = split_flags(command, arguments);
  Started started;
  started.sources = {.file_name = split.config_file.value_or(""),
                     .file_text = {},
                     .environment = split_environment(environment),
                     .flags = std::move(split.flags)};
  started.loaded = read(started.sources, std::move(split.mistakes));
  return started;
}

Command serve(Arguments arguments, std::span<const char* const> environment) {
  Started started = load_given("serve", arguments, environment);
  if (!started.loaded.mistakes.empty()) return refuse(format(started.loaded.mistakes));
  Command command;
  command.action = Command::Action::serve;
  command.sources = std::move(started.sources);
  command.loaded = std::move(started.loaded);
  return command;
}

Command show_config(Arguments arguments, std::span<const char* const> environment) {
  const Loaded loaded = load_given("config", arguments, environment).loaded;
  return loaded.mistakes.empty() ? print(in_force_yaml(loaded)) : refuse(format(loaded.mistakes));
}

// The certificate's own contents are checked by main, which knows of TLS.
Command check_config(Arguments arguments, std::span<const char* const> environment) {
  if (arguments.size() != 1 || std::string_view(arguments[0]).starts_with("-")) {
    return refuse("kodama check-config: name one file: kodama check-config FILE\n");
  }
  const std::string path = arguments[0];
  Sources sources;
  sources.environment = split_environment(environment);
  auto contents = read_file(path);
  if (auto* wrong = std::get_if<Unreadable>(&contents)) return refuse(absl::StrCat("kodama: ", wrong->why, "\n"));
  sources.file_name = path;
  sources.file_text = std::get<std::string>(std::move(contents));
  Loaded loaded = load(sources);
  check_files(loaded);
  Command command;
  command.action = Command::Action::check;
  command.text = absl::StrCat(path, ": no mistakes\n");
  command.loaded = std::move(loaded);
  return command;
}

bool asks_for(Arguments arguments, std::string_view flag, std::string_view short_flag) {
  for (const std::string_view argument : arguments) {
    if (argument == flag || argument == short_flag) return true;
  }
  return false;
}

Command unknown_command(std::string_view name) {
  if (name.starts_with("-")) {
    return refuse(
        absl::StrFormat("kodama: the command is missing; did you mean \"kodama serve %s\"?\n%s", name, see_help));
  }
  return refuse(absl::StrFormat("kodama: unknown command %s%s\n%s", quote(name), did_you_mean(nearest(name, commands)),
                                see_help));
}

}  // namespace

Command parse_command_line(Arguments arguments, std::span<const char* const> environment, std::string_view version) {
  if (asks_for(arguments, "--help", "-h")) return print(help_text());
  if (asks_for(arguments, "--version", "-V")) return print(absl::StrFormat("kodama %s\n", version));
  if (arguments.empty()) return refuse(help_text());
  const std::string_view name = arguments[0];
  const Arguments rest = arguments.subspan(1);
  if (name == "serve") return serve(rest, environment);
  if (name == "config") return show_config(rest, environment);
  if (name == "check-config") return check_config(rest, environment);
  if (name != "default-config" && name != "help") return unknown_command(name);
  if (!rest.empty()) return refuse(absl::StrFormat("kodama %s takes no arguments\n%s", name, see_help));
  return print(name == "help" ? help_text() : default_config_yaml());
}

Command parse_command_line(int argc, const char* const* argv, const char* const* envp, std::string_view version) {
  std::size_t variables = 0;
  while (envp[variables] != nullptr) ++variables;
  const Arguments arguments(argv, static_cast<std::size_t>(argc));
  return parse_command_line(arguments.subspan(arguments.empty() ? 0 : 1), {envp, variables}, version);
}

}  // namespace config
