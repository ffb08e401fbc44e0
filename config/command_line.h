// SPDX-License-Identifier: Apache-2.0
// What the program was started to do: its arguments, the environment and the settings' file become a Command.
// Thread: the main thread, before any other is started. Errors: text and exit code, never an exit from here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/load.h"

namespace config {

// What scripts lean on.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;  // while running
inline constexpr int exit_usage = 2;   // wrong settings or usage

struct Command {
  enum class Action { serve, check, print };
  Action action = Action::print;
  Sources sources;          // of serve: for a reload
  Loaded loaded;            // of serve, without mistakes; of check, with those that were found
  std::string text;         // of print: to stdout where exit_code is 0, otherwise to stderr; of check: all is well
  int exit_code = exit_ok;  // of print
};

// `arguments` without the program's name; `environment` as envp gives it ("NAME=value").
[[nodiscard]] Command parse_command_line(std::span<const char* const> arguments,
                                         std::span<const char* const> environment, std::string_view version);

// main()'s own arguments, envp up to its null.
[[nodiscard]] Command parse_command_line(int argc, const char* const* argv, const char* const* envp,
                                         std::string_view version);

}  // namespace config
