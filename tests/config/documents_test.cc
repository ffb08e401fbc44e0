// SPDX-License-Identifier: Apache-2.0
// The documents that are made from the table: fresh, and true.
#include "config/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "config/load.h"
#include "config/table.h"
#include "settings_file.h"

namespace config {
namespace {

using testing::HasSubstr;

constexpr std::string_view begin_mark = "<!-- made from table.cc: begin -->\n";
constexpr std::string_view end_mark = "<!-- made from table.cc: end -->";

std::filesystem::path folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "config";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool asked_to_write() { return std::getenv("KODAMA_WRITE_DOCUMENTS") != nullptr; }

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  ASSERT_TRUE(file.good()) << path;
}

TEST(Documents, ExampleFileIsWhatTheTableMakes) {
  const auto path = folder() / "kodama.example.yaml";
  if (asked_to_write()) write(path, default_config_yaml());
  EXPECT_EQ(read(path), default_config_yaml()) << "make it anew: config/README.md, A new key";
}

TEST(Documents, ReadmeTableIsWhatTheTableMakes) {
  const auto path = folder() / "README.md";
  std::string text = read(path);
  const std::size_t begin = text.find(begin_mark);
  const std::size_t end = text.find(end_mark);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t first = begin + begin_mark.size();
  if (asked_to_write()) {
    text.replace(first, end - first, settings_table_markdown());
    write(path, text);
    return;
  }
  EXPECT_EQ(text.substr(first, end - first), settings_table_markdown()) << "make it anew: config/README.md, A new key";
}

TEST(Documents, ExampleFileLoadsToTheDefaults) {
  const Loaded example =
      load({.file_name = "e.yaml", .file_text = default_config_yaml(), .environment = {}, .flags = {}});
  const Loaded nothing = load({});
  // The defaults alone refuse to serve without a key file; the example file adds no mistake to that.
  ASSERT_EQ(example.mistakes.size(), 1U) << format(example.mistakes);
  EXPECT_EQ(example.mistakes[0].key, "access.key_file");
  EXPECT_EQ(example.mistakes[0].what, nothing.mistakes.at(0).what);
  for (std::size_t i = 0; i < table().size(); ++i) {
    EXPECT_EQ(example.chosen[i].text, nothing.chosen[i].text) << table()[i].key;
    EXPECT_EQ(example.chosen[i].from, Chosen::From::file) << table()[i].key << " is not in the example";
  }
}

TEST(Documents, ExampleFileServesOnceDevIsOn) {
  const Loaded loaded =
      load({.file_name = "e.yaml", .file_text = default_config_yaml(), .environment = {}, .flags = {{"dev", "true"}}});
  EXPECT_EQ(format(loaded.mistakes), "");
  EXPECT_EQ(loaded.settings.listen.https, (Address{"127.0.0.1", 8443}));
}

TEST(Documents, HelpNamesEveryKeyWithDefaultAndReason) {
  const std::string help = help_text();
  for (const Row& row : table()) {
    EXPECT_THAT(help, HasSubstr("--" + std::string(row.key) + "  (" + type_name(row)));
    EXPECT_THAT(settings_table_markdown(), HasSubstr("| " + std::string(row.why) + " |"));
  }
  EXPECT_THAT(help, HasSubstr("Exit codes: 0"));
  EXPECT_THAT(help, HasSubstr("KODAMA__LISTEN__HTTP"));
  std::istringstream lines(help + default_config_yaml());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 121U) << line;
}

TEST(Documents, SayWhatChangesAtRunTime) {
  for (const Row& row : table()) {
    const std::string change = row.takes == Takes::reload ? "SIGHUP changes it" : "a restart changes it";
    const auto line_of = [](const std::string& text, const std::string& beginning) {
      const std::size_t begin = text.find(beginning);
      return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
    };
    EXPECT_THAT(line_of(help_text(), "  --" + std::string(row.key) + "  "), HasSubstr(change));
    EXPECT_THAT(line_of(settings_table_markdown(), "| `" + std::string(row.key) + "` |"),
                HasSubstr(row.takes == Takes::reload ? "| yes, by SIGHUP |" : "| no, by a restart |"));
    EXPECT_THAT(line_of(settings_table_markdown(), "| `" + std::string(row.key) + "` |"),
                HasSubstr("| " + std::string(unit_text(row)) + " | " + range_text(row) + " |"));
  }
}

Loaded some_settings() {
  return load({.file_name = "dir/k.yaml",
               .file_text = "dev: true\nlimits:\n  message_bytes: 2MB\naccess:\n"
                            "  origins: [https://a.example, '*']\n  client_publish: ['a, \"b\\', \"chat/**\"]\n",
               .environment = {{"KODAMA__LOG__AGE", "90s"}, {"KODAMA__LOGGING__LEVEL", "debug"}},
               .flags = {{"shards", "3"}, {"logging.level", "warn"}, {"listen.http", "[::1]:80"}}});
}

TEST(Documents, InForceNamesEveryValueAndWhoSaidIt) {
  const std::string text = in_force_yaml(some_settings());
  for (const std::string line :
       {"  http: \"[::1]:80\"", "  https: 127.0.0.1:8443", "  message_bytes: 2000000B", "  age: 90s", "  level: warn",
        "shards: 3", "dev: true", "  origins: [https://a.example, \"*\"]", "  key_file: \"\""}) {
    EXPECT_THAT(text, HasSubstr(line + " "));
  }
  std::istringstream lines(text);
  std::map<std::string, std::string> origins;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t comment = line.find(" # ");
    const std::string key(line.substr(0, line.find(':')));
    if (comment == std::string::npos) {
      EXPECT_EQ(line.back(), ':') << line;
    } else {
      origins[key.substr(key.find_first_not_of(' '))] = line.substr(comment + 3);
    }
  }
  EXPECT_EQ(origins.size(), table().size()) << "every last segment is another";
  EXPECT_EQ(origins["http"], "flag --listen.http");
  EXPECT_EQ(origins["https"], "default (auto)");
  EXPECT_EQ(origins["admin"], "default");
  EXPECT_EQ(origins["message_bytes"], "dir/k.yaml:3:18");
  EXPECT_EQ(origins["origins"], "dir/k.yaml:5:12");
  EXPECT_EQ(origins["age"], "environment KODAMA__LOG__AGE");
  EXPECT_EQ(origins["level"], "flag --logging.level") << "the last one to say so";
}

TEST(Documents, InForceLoadsToWhatIsInForce) {
  const Loaded first = some_settings();
  ASSERT_EQ(format(first.mistakes), "");
  const Loaded again = load({.file_name = "f.yaml", .file_text = in_force_yaml(first), .environment = {}, .flags = {}});
  EXPECT_EQ(format(again.mistakes), "");
  for (const Row& row : table()) EXPECT_TRUE(same_value(row, first.settings, again.settings)) << row.key;
  EXPECT_FALSE(same_value(*find_row("shards"), first.settings, Settings()));
}

void expect_same(const YamlNode& one, const YamlNode& other) {
  EXPECT_EQ(one.kind, other.kind);
  EXPECT_EQ(one.word, other.word);
  // Quotes tell "5" from 5; around other words they change nothing.
  const bool is_value = one.word == "true" || one.word.find_first_of("0123456789") != std::string::npos;
  EXPECT_TRUE(!is_value || one.quoted == other.quoted) << one.word;
  ASSERT_EQ(one.items.size(), other.items.size());
  for (std::size_t i = 0; i < one.items.size(); ++i) expect_same(one.items[i], other.items[i]);
}

TEST(Documents, InForceHoldsTheSectionsOfRulesToo) {
  const Loaded first = load_text(R"(
engineio: {headers: {}, refuse: [], cookie: null, max_payload: 1000000, path: /a/, x: -5, y: 1.5e3, z: "5", e: ""}
socketio:
  namespaces:
    /chat room:
      rooms: ["room-*", 'it''s', "a: b", "#", "\x01\"\\", grüße, "true", true, ~, "- a", '$0', "null", "a ", " a"]
      on_connect: [{unless: recovered, replay: {event: chat message, after: $auth.serverOffset}}]
      events:
        - {event: "*", do: [broadcast, {emit: {event: x, args: [$0, $args, [1, [2, []]], {a: {b: null}}]}}]}
        - event: |
            several
            lines
)",
                                 {{"dev", "true"}});
  ASSERT_EQ(format(first.mistakes), "");
  const std::string text = in_force_yaml(first);
  const Loaded again = load_text(text);
  ASSERT_EQ(format(again.mistakes), "") << text;
  ASSERT_EQ(again.trees.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again.trees[i].name, first.trees[i].name);
    expect_same(first.trees[i].node, again.trees[i].node);
  }
}

TEST(Documents, InForceStaysInOneLineWhateverAFileIsCalled) {
  Loaded loaded = load({.file_name = "a\nshards: 9 #", .file_text = "dev: true\n", .environment = {}, .flags = {}});
  loaded.settings.access.key_file = "x\n\"y\\";
  const Loaded again = load({.file_name = "f", .file_text = in_force_yaml(loaded), .environment = {}, .flags = {}});
  EXPECT_EQ(format(again.mistakes), "");
  EXPECT_EQ(again.settings.shards, 0U);
  EXPECT_EQ(again.settings.access.key_file, "x\n\"y\\");
}

}  // namespace
}  // namespace config
