// SPDX-License-Identifier: Apache-2.0
// Who may do what, before accounts exist (README.md, "Access"). Made from the settings; each shard has a copy.
// Thread: a value; any while nobody assigns to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace broker::shard {

class Access {
 public:
  Access(const config::Settings& settings, std::vector<std::string> keys);

  // Whether a page of that Origin may use this broker. An empty Origin is no browser's and passes.
  // dev: the same host, or a loopback one. Otherwise: the same origin, or one of access.origins.
  [[nodiscard]] bool origin_allowed(std::string_view origin, std::string_view host, bool secure) const;
  // Whether a request with this Authorization header may do what is a backend's: publish over HTTP.
  [[nodiscard]] bool backend_allowed(std::string_view authorization) const;
  // Whether a client on a WebSocket may publish to the topic.
  [[nodiscard]] bool client_may_publish(std::string_view topic) const;
  // Whether a client without a backend's key may subscribe to the topic, and read its log.
  [[nodiscard]] bool client_may_subscribe(std::string_view topic) const;

  [[nodiscard]] bool dev() const { return dev_; }

 private:
  bool dev_;
  std::vector<std::string> origins_;
  bool all_readable_;
  std::vector<config::TopicPattern> client_publish_;
  std::vector<config::TopicPattern> client_subscribe_;
  std::vector<std::string> keys_;
};

}  // namespace broker::shard
