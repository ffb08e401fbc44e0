// SPDX-License-Identifier: Apache-2.0
#include "config/documents.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/preset.h"
#include "config/table.h"
#include "config/yaml_writer.h"

namespace config {
namespace {

constexpr std::size_t text_columns = 100;
// Behind longer values of `kodama config` their origin follows at once.
constexpr std::size_t origin_column_max = 50;

constexpr std::string_view example_head =
    R"(# kodama's settings, each with its default. `kodama default-config` prints this file.
#
# Over this file go environment variables (listen.http is KODAMA__LISTEN__HTTP), and over those flags (--listen.http).
# Sizes take B, KiB, MiB, GiB, KB, MB or GB; durations ms, s, m or h.
# `kodama check-config FILE` tells all mistakes at once; `kodama config --config FILE` what would be in force, and why.
)";

constexpr std::string_view help_head = R"(kodama: publish with curl, subscribe from browsers.

  kodama serve [--config FILE] [--KEY VALUE ...]   serve until SIGTERM or Ctrl-C
  kodama check-config FILE                         say what is wrong with a settings file, all at once
  kodama config [--config FILE] [--KEY VALUE ...]  print what serve would have in force, and where it comes from
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

SIGHUP reads FILE again, and the files that it names, and changes what can change while clients are connected. A file
with a mistake changes nothing, and the log says why.

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

std::string_view change_text(const Row& row) {
  return row.takes == Takes::reload ? "SIGHUP changes it" : "a restart changes it";
}

std::string row_value(const Row& row, const std::vector<std::string>& items) {
  std::vector<std::string> words;
  for (const std::string& item : items) words.push_back(yaml_word(item));
  return is_list(row) ? absl::StrCat("[", absl::StrJoin(words, ", "), "]") : words.front();
}

std::string yaml_default(const Row& row) { return row_value(row, split_items(row, row.fallback)); }

// Who said so: "default", "kodama.yaml:3:7", "KODAMA__DEV in the environment", "flag --dev".
std::string origin(const Row& row, const Chosen& chosen) {
  std::string text;
  switch (chosen.from) {
    case Chosen::From::table: text = "default"; break;
    case Chosen::From::file: text = chosen.where; break;
    case Chosen::From::environment: text = absl::StrCat("environment ", chosen.where); break;
    case Chosen::From::flag: text = absl::StrCat("flag ", chosen.where); break;
  }
  if (row.fallback == automatic && chosen.text == automatic) text += " (auto)";
  // A file's name may be anything; a comment ends with its line.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); }, '?');
  return text;
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
    absl::StrAppendFormat(&text, "%s# (%s; %s)\n", indent, type_and_range(row), change_text(row));
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
    text += absl::StrFormat("  --%s  (%s; default %s; %s)\n", row.key, type_and_range(row), shown_default(row),
                            change_text(row));
    text += wrap(row.why, "      ");
  }
  text += help_tail;
  return text;
}

std::string settings_table_markdown() {
  std::string text =
      "| key | type | unit | range | default | changes at run time? | why one would change it |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const Row& row : table()) {
    text += absl::StrFormat("| `%s` | %s%s | %s | %s | `%s` | %s | %s |\n", row.key, type_name(row),
                            row.secret ? ", secret" : "", unit_text(row), range_text(row), yaml_default(row),
                            row.takes == Takes::reload ? "yes, by SIGHUP" : "no, by a restart", row.why);
  }
  return text;
}

std::string in_force_yaml(const Loaded& loaded) {
  struct Line {
    std::string text;
    std::string from;
  };
  std::vector<Line> lines;
  std::string_view section;
  for (const Row& row : table()) {
    const std::string_view own = section_of(row.key);
    if (!own.empty() && own != section) lines.push_back({absl::StrCat(std::string(own), ":"), ""});
    section = own;
    const std::string value = row.secret ? "\"(secret)\"" : row_value(row, items_of(row, loaded.settings));
    lines.push_back({absl::StrFormat("%s%s: %s", own.empty() ? "" : "  ", last_segment(row.key), value),
                     origin(row, loaded.of(row.key))});
  }
  std::size_t widest = 0;
  for (const Line& line : lines) widest = std::max(widest, std::min(line.text.size(), origin_column_max));
  std::string text;
  for (const Line& line : lines) {
    const bool bare = line.from.empty();
    text += bare ? line.text : absl::StrFormat("%-*s  # %s", static_cast<int>(widest), line.text, line.from);
    text += '\n';
  }
  for (const Tree& tree : loaded.trees) {
    if (tree.name == facts(loaded.settings.preset).section) continue;  // the preset says it already
    absl::StrAppend(&text, tree.name, ":", yaml_value(tree.node, 2));
  }
  return text;
}

}  // namespace config
