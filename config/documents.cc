// SPDX-License-Identifier: Apache-2.0
#include "config/documents.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/table.h"

namespace config {
namespace {

constexpr std::size_t text_columns = 100;

constexpr std::string_view example_head =
    R"(# kodama's settings, each with its default. `kodama default-config` prints this file.
#
# Over this file go environment variables (listen.http is KODAMA__LISTEN__HTTP), and over those flags (--listen.http).
# Sizes take B, KiB, MiB, GiB, KB, MB or GB; durations ms, s, m or h.
# `kodama check-config FILE` tells all mistakes at once.
)";

constexpr std::string_view help_head = R"(kodama: publish with curl, subscribe from browsers.

  kodama serve [--config FILE] [--KEY VALUE ...]   serve until SIGTERM or Ctrl-C
  kodama check-config FILE                         say what is wrong with a settings file, all at once
  kodama default-config                            print a settings file with every key and its default
  kodama help, --help                              this text
  kodama --version

Try it on this machine:
  kodama serve --dev
  curl -d 'hello' http://127.0.0.1:8000/topics/greetings

Every key below can be given in three places; the later ones win:
  in FILE, YAML          listen:
                           http: 0.0.0.0:8000
  in the environment     KODAMA__LISTEN__HTTP=0.0.0.0:8000
  as a flag              --listen.http 0.0.0.0:8000 or --listen.http=0.0.0.0:8000

Sizes take B, KiB, MiB, GiB, KB, MB or GB, durations ms, s, m or h. Lists in the environment and in flags are separated
by commas. "" (--listen.http=) turns a listener off. --dev alone is --dev true.
)";

constexpr std::string_view help_tail = R"(
Exit codes: 0 ended well, 1 failed while running, 2 wrong settings or usage.
)";

// Breaks a text at spaces; each line begins with `indent`.
std::string wrap(std::string_view text, std::string_view indent) {
  std::string wrapped;
  std::string line;
  for (const absl::string_view word : absl::StrSplit(absl::string_view(text.data(), text.size()), ' ')) {
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > text_columns) {
      absl::StrAppend(&wrapped, std::string(indent), line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  absl::StrAppend(&wrapped, std::string(indent), line, "\n");
  return wrapped;
}

// "size, 1KiB to 64MiB"
std::string type_and_range(const Row& row) {
  const std::string range = range_text(row);
  return range.empty() ? type_name(row) : absl::StrCat(type_name(row), ", ", range);
}

// The default as YAML.
std::string yaml_default(const Row& row) {
  if (!is_list(row)) return row.fallback.empty() ? "\"\"" : std::string(row.fallback);
  return absl::StrCat("[", absl::StrJoin(split_items(row, row.fallback), ", "), "]");
}

std::string shown_default(const Row& row) { return row.fallback.empty() ? "none" : std::string(row.fallback); }

}  // namespace

std::string default_config_yaml() {
  std::string text(example_head);
  std::string_view section;
  for (const Row& row : table()) {
    const std::string_view own = section_of(row.key);
    if (own.empty() || own != section) text += '\n';
    if (!own.empty() && own != section) absl::StrAppend(&text, std::string(own), ":\n");
    section = own;
    const std::string indent = own.empty() ? "" : "  ";
    text += wrap(row.why, absl::StrCat(indent, "# "));
    absl::StrAppend(&text, indent, "# (", type_and_range(row), ")\n");
    absl::StrAppend(&text, indent, std::string(last_segment(row.key)), ": ", yaml_default(row), "\n");
  }
  return text;
}

std::string help_text() {
  std::string text(help_head);
  std::string_view section = ".";  // no section is called that, so that the first row begins one
  for (const Row& row : table()) {
    if (section_of(row.key).empty() || section_of(row.key) != section) text += '\n';
    section = section_of(row.key);
    text += absl::StrFormat("  --%s  (%s; default %s)\n", row.key, type_and_range(row), shown_default(row));
    text += wrap(row.why, "      ");
  }
  text += help_tail;
  return text;
}

std::string settings_table_markdown() {
  std::string text =
      "| key | type, range | default | change takes | why one would change it |\n|---|---|---|---|---|\n";
  for (const Row& row : table()) {
    text += absl::StrFormat("| `%s` | %s | `%s` | %s%s | %s |\n", row.key, type_and_range(row), yaml_default(row),
                            row.takes == Takes::live ? "nothing" : "a restart", row.secret ? "; secret" : "", row.why);
  }
  return text;
}

}  // namespace config
