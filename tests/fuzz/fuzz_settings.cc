// SPDX-License-Identifier: Apache-2.0
// Settings from any bytes: as a file, as a list of flags and variables, as a key file, as a topic pattern. Nothing
// crashes, nothing throws, and what is accepted is within the table's ranges and can be printed and read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/documents.h"
#include "config/keys.h"
#include "config/limits.h"
#include "config/load.h"
#include "config/realms.h"
#include "config/routes.h"
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

// The sections of paths and realms: what is read of them without a mistake is within bounds, and the same when printed
// and read back.
void as_sections(std::string_view text) {
  config::Loaded loaded = config::load(
      {.file_name = "fuzz.yaml", .file_text = std::string(text), .environment = {}, .flags = {{"dev", "true"}}});
  const std::size_t others = loaded.mistakes.size();
  const std::vector<config::RouteSetting> routes = config::read_routes(loaded);
  const std::vector<config::RealmSetting> realms = config::read_realms(loaded);
  for (const config::Mistake& mistake : loaded.mistakes) require(!mistake.what.empty());
  require(routes.size() <= config::limits::routes_max && realms.size() <= config::limits::realms_max);
  for (const config::RouteSetting& route : routes) {
    require(route.path.text.starts_with('/') && route.path.text.size() <= config::limits::route_path_bytes_max);
    require(route.path.text.find_first_of("?#% {}") == std::string::npos);
  }
  if (others != 0 || !loaded.mistakes.empty()) return;
  require(!realms.empty());
  config::Loaded again = config::load(
      {.file_name = "again.yaml", .file_text = config::in_force_yaml(loaded), .environment = {}, .flags = {}});
  const std::vector<config::RouteSetting> routes_again = config::read_routes(again);
  require(routes_again.size() == routes.size() && config::read_realms(again).size() == realms.size());
  for (std::size_t i = 0; i < routes.size(); ++i) {
    require(routes_again[i].path.text == routes[i].path.text);
    require(routes[i].topic.has_value() == routes[i].dialects.empty());
    require(routes_again[i].topic.has_value() == routes[i].topic.has_value());
    if (routes[i].topic) require(routes_again[i].topic->text == routes[i].topic->text);
    require(routes_again[i].dialects.size() == routes[i].dialects.size());
  }
  require(again.mistakes.empty());
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
  as_sections(text);
  as_words(text);
  as_pattern(text);
  for (const std::string& key : config::parse_keys("keys", text).keys) {
    require(key.size() >= config::limits::access_key_bytes_min);
  }
  return 0;
}
