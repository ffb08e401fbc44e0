// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/route_settings.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "config/realms.h"
#include "config/routes.h"
#include "config/words.h"
#include "proto/topic_name.h"
#include "proto/utf8.h"
#include "proto/wamp2/uri.h"

namespace broker::shard {
namespace {

constexpr std::size_t realm_name_bytes_max = 255;
constexpr std::string_view reserved_prefix = "wamp.";

void mistake(config::Loaded& loaded, const config::Word& at, std::string what) {
  loaded.mistakes.push_back({at.where, at.key, std::move(what)});
}

std::vector<std::string_view> spoken_by(std::span<const proto::Dialect* const> dialects) {
  std::vector<std::string_view> names;
  for (const proto::Dialect* dialect : dialects) {
    const std::span<const std::string_view> own = dialect->subprotocols();
    names.insert(names.end(), own.begin(), own.end());
  }
  return names;
}

void check_subprotocol(config::Loaded& loaded, const config::Word& name, std::span<const std::string_view> spoken) {
  if (std::ranges::find(spoken, name.text) != spoken.end()) return;
  mistake(loaded, name,
          absl::StrFormat("%s is no subprotocol that is spoken; those are %s%s", config::quote(name.text),
                          config::listed(spoken), config::did_you_mean(config::nearest(name.text, spoken))));
}

// The rule for URIs that WAMP calls loose. Empty: it is fine.
std::string_view realm_name_problem(std::string_view name) {
  if (name.empty()) return "a realm's name must not be empty";
  if (name.size() > realm_name_bytes_max) return "a realm's name has at most 255 bytes";
  if (!proto::is_valid_utf8(name)) return "a realm's name must be UTF-8";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  if (std::ranges::any_of(name, is_control)) return "a realm's name has no control characters";
  if (!proto::wamp2::is_loose_uri(name)) {
    return "a realm's name has no white space, no # and no empty part between dots";
  }
  if (name.starts_with(reserved_prefix)) return "names that begin with wamp. are the protocol's own";
  return {};
}

void check_prefix(config::Loaded& loaded, const config::Word& prefix) {
  const auto error = proto::topic_name_error(prefix.text + "x");
  if (!error) return;
  mistake(loaded, prefix, absl::StrFormat("no topic's name can begin with %s: %s", config::quote(prefix.text), *error));
}

}  // namespace

std::vector<proto::http::PathRoute> read_routes(config::Loaded& loaded,
                                                std::span<const proto::Dialect* const> dialects) {
  const proto::http::Router without(dialects);
  const std::vector<std::string_view> spoken = spoken_by(dialects);
  std::vector<proto::http::PathRoute> routes;
  for (const config::RouteSetting& setting : config::read_routes(loaded)) {
    proto::http::PathRoute route{.path = setting.path.text, .topic = {}, .subprotocols = {}};
    if (const proto::Route* taken = without.at(route.path)) {
      mistake(loaded, setting.path, absl::StrFormat("is taken already, by %s: %s", taken->path, taken->summary));
    }
    if (setting.topic) {
      route.topic = setting.topic->text;
      if (const auto error = proto::topic_name_error(route.topic)) mistake(loaded, *setting.topic, std::string(*error));
    }
    for (const config::Word& name : setting.dialects) {
      check_subprotocol(loaded, name, spoken);
      route.subprotocols.push_back(name.text);
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

std::vector<proto::wamp2::Realm> read_realms(config::Loaded& loaded) {
  std::vector<proto::wamp2::Realm> realms;
  for (const config::RealmSetting& setting : config::read_realms(loaded)) {
    const std::string_view problem = realm_name_problem(setting.name.text);
    if (!problem.empty()) mistake(loaded, setting.name, std::string(problem));
    check_prefix(loaded, setting.prefix);
    realms.push_back({setting.name.text, setting.prefix.text});
  }
  return realms;
}

}  // namespace broker::shard
