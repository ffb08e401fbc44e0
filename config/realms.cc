// SPDX-License-Identifier: Apache-2.0
#include "config/realms.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "config/limits.h"

namespace config {
namespace {

// What WAMP's libraries and their examples ask for.
constexpr std::string_view default_realm = "realm1";
constexpr std::array<std::string_view, 1> section_fields = {"realms"};
constexpr std::array<std::string_view, 1> realm_fields = {"prefix"};

RealmSetting one_realm(TreeReader& reader, const TreeReader::Entry& entry) {
  RealmSetting realm{.name = reader.word(entry.key), .prefix = {}};
  for (const TreeReader::Entry& field : reader.fields(entry.value, "{prefix: NAME/}", realm_fields)) {
    std::optional<Word> prefix = reader.text(field.value, "the beginning of topics' names");
    if (prefix) realm.prefix = *std::move(prefix);
  }
  return realm;
}

std::vector<RealmSetting> all_realms(TreeReader& reader, const TreeReader::Place& map) {
  std::vector<RealmSetting> realms;
  const std::size_t before = reader.mistake_count();
  const std::vector<TreeReader::Entry> entries = reader.entries(map, "{NAME: {prefix: NAME/}}");
  if (entries.size() > limits::realms_max) {
    reader.mistake(entries[limits::realms_max].key,
                   absl::StrFormat("there are %u realms, and may be %u", entries.size(), limits::realms_max));
    return realms;
  }
  for (const TreeReader::Entry& entry : entries) realms.push_back(one_realm(reader, entry));
  if (realms.empty() && reader.mistake_count() == before) {
    reader.mistake(map, absl::StrFormat("names no realm; leave the section out for %s", default_realm));
  }
  return realms;
}

}  // namespace

std::vector<RealmSetting> read_realms(Loaded& loaded) {
  TreeReader reader(loaded);
  if (const YamlNode* section = reader.section("wamp")) {
    for (const TreeReader::Entry& field :
         reader.fields({section, "wamp"}, "{realms: {NAME: {prefix: NAME/}}}", section_fields)) {
      return all_realms(reader, field.value);
    }
  }
  return {{.name = {.text = std::string(default_realm), .where = {}, .key = {}}, .prefix = {}}};
}

}  // namespace config
