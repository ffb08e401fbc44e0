// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/access.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "broker/base/strings.h"
#include "broker/net/digest.h"

namespace broker::shard {
namespace {

constexpr std::string_view bearer = "Bearer ";
constexpr std::string_view every_topic = "**";

bool matches_one(const std::vector<config::TopicPattern>& patterns, std::string_view topic) {
  return std::ranges::any_of(patterns, [&](const config::TopicPattern& pattern) { return pattern.matches(topic); });
}

// "https://a.example:8443" → "a.example:8443"; empty when it is no http(s) origin, as "null" is none.
std::string_view host_of(std::string_view origin) {
  for (std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  }
  return {};
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_loopback(std::string_view host) {
  const std::string_view name = without_port(host);
  const bool numeric = name.find_first_not_of("0123456789.") == std::string_view::npos;  // not 127.example.com
  return name == "localhost" || name == "[::1]" || (numeric && name.starts_with("127.")) ||
         name.ends_with(".localhost");
}

bool same_host(std::string_view a, std::string_view b) {
  return !a.empty() && absl::EqualsIgnoreCase(base::to_absl(a), base::to_absl(b));
}

}  // namespace

Access::Access(const config::Settings& settings, std::vector<std::string> keys)
    : dev_(settings.dev),
      origins_(settings.access.origins),
      all_readable_(dev_ || std::ranges::any_of(settings.access.client_subscribe,
                                                [](const auto& pattern) { return pattern.text() == every_topic; })),
      client_publish_(settings.access.client_publish),
      client_subscribe_(settings.access.client_subscribe),
      keys_(std::move(keys)) {}

bool Access::origin_allowed(std::string_view origin, std::string_view host, bool secure) const {
  if (origin.empty()) return true;
  for (const std::string& allowed : origins_) {
    if (allowed == "*" || same_host(allowed, origin)) return true;
  }
  const std::string_view origin_host = host_of(origin);
  if (dev_) return same_host(without_port(origin_host), without_port(host)) || is_loopback(origin_host);
  return origin.starts_with(secure ? "https://" : "http://") && same_host(origin_host, host);
}

bool Access::backend_allowed(std::string_view authorization) const {
  if (dev_) return true;
  if (authorization.size() <= bearer.size() ||
      !absl::EqualsIgnoreCase(base::to_absl(authorization.substr(0, bearer.size())), base::to_absl(bearer))) {
    return false;
  }
  const std::string_view given = authorization.substr(bearer.size());
  bool allowed = false;  // every key is compared, so that time tells nothing of which one matched
  for (const std::string& key : keys_) allowed |= net::equal_in_constant_time(key, given);
  return allowed;
}

bool Access::client_may_publish(std::string_view topic) const { return dev_ || matches_one(client_publish_, topic); }

bool Access::client_may_subscribe(std::string_view topic) const {
  return all_readable_ || matches_one(client_subscribe_, topic);
}

}  // namespace broker::shard
