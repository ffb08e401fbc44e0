// SPDX-License-Identifier: Apache-2.0
// Settings from any bytes: as a file, as a list of flags and variables, as a key file, as a topic pattern. Nothing
// crashes, nothing throws, and what is accepted is within the table's ranges and can be printed and read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "config/documents.h"
#include "config/keys.h"
#include "config/limits.h"
#include "config/load.h"
#include "config/table.h"
#include "config/topic_pattern.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void as_file(std::string_view text) {
  const config::Loaded loaded = config::load(
      {.file_name = "fuzz.yaml", .file_text = std::string(text), .environment = {}, .flags = {{"dev", "true"}}});
  require(loaded.chosen.size() == config::table().size());
  for (const config::Mistake& mistake : loaded.mistakes) require(!mistake.what.empty());
  if (!loaded.mistakes.empty()) return;
  const config::Settings& settings = loaded.settings;
  require(settings.dev && settings.shards <= config::limits::shards_max);
  require(settings.limits.message_bytes >= config::limits::message_bytes_least);
  require(settings.limits.message_bytes <= config::limits::message_bytes_most);
  require(settings.limits.queue_bytes >= settings.limits.message_bytes + config::limits::queue_headroom_bytes);
  // What `kodama config` prints of it is a file that means the same.
  const config::Loaded again = config::load(
      {.file_name = "again.yaml", .file_text = config::in_force_yaml(loaded), .environment = {}, .flags = {}});
  require(again.mistakes.empty());
  for (const config::Row& row : config::table()) require(config::same_value(row, settings, again.settings));
  require(again.trees.size() == loaded.trees.size());
}

// The first line as the value of every key, as the name of a flag and of a variable.
void as_words(std::string_view text) {
  const std::string line(text.substr(0, text.find('\n')));
  config::Sources sources;
  for (const config::Row& row : config::table()) sources.flags.push_back({std::string(row.key), line});
  sources.flags.push_back({line, line});
  sources.environment.emplace_back("KODAMA__" + line, line);
  const config::Loaded loaded = config::load(sources);
  require(!loaded.mistakes.empty());  // no line is right for every type
}

void as_pattern(std::string_view text) {
  const std::size_t end = text.find('\n');
  const auto pattern = config::TopicPattern::parse(text.substr(0, end));
  if (!std::holds_alternative<config::TopicPattern>(pattern)) return;
  const auto& parsed = std::get<config::TopicPattern>(pattern);
  const std::string_view topic = end == std::string_view::npos ? text : text.substr(end + 1);
  (void)parsed.matches(topic.substr(0, config::limits::topic_bytes_max));
  // A literal pattern matches itself and nothing else.
  if (parsed.text().find('*') == std::string::npos) require(parsed.matches(parsed.text()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  as_file(text);
  as_words(text);
  as_pattern(text);
  for (const std::string& key : config::parse_keys("keys", text).keys) {
    require(key.size() >= config::limits::access_key_bytes_min);
  }
  return 0;
}
