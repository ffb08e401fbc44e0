// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/read_engine.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "proto/socketio/pattern.h"
#include "proto/socketio/rule_actions.h"
#include "proto/socketio/rule_template.h"
#include "proto/topic_name.h"

namespace proto::socketio {
namespace {

constexpr std::string_view option_key_names[] = {
    "ping_interval", "ping_timeout", "connect_timeout", "upgrade_timeout", "max_payload",
    "transports",    "cors",         "cookie",          "headers",         "refuse"};

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

// RFC 9110 §5.6.2: what a field's name, and a cookie's, is made of.
bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || others.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

// Fields of a response that the server writes itself; twice they would contradict each other.
bool is_own_field(std::string_view name) {
  constexpr std::string_view own[] = {"connection", "content-length",    "content-type", "date",
                                      "set-cookie", "transfer-encoding", "upgrade"};
  const std::string lower = absl::AsciiStrToLower({name.data(), name.size()});
  return std::find(std::begin(own), std::end(own), lower) != std::end(own) || lower.starts_with("sec-websocket-") ||
         lower.starts_with("access-control-");
}

class OptionReader {
 public:
  OptionReader(RuleReader& reader, EngineOptions& options) : reader_(reader), options_(options) {}

  // A bare number, as clients are told it, or a size.
  void max_payload(const Place& place) {
    const bool digits = is_scalar(*place.node) && !place.node->text.empty() &&
                        place.node->text.find_first_not_of("0123456789") == std::string::npos;
    std::uint64_t bytes = options_.max_payload;
    if (!(digits ? reader_.read(place, bytes) : reader_.read_bytes(place, bytes))) return;
    if (bytes == 0) return reader_.mistake(place, "must be larger than 0");
    options_.max_payload = bytes;
  }

  void transports(const Place& place) {
    constexpr std::string_view names[] = {"polling", "websocket"};
    std::array<bool, 2> given{};
    const std::size_t mistakes = reader_.mistakes.size();
    for (const Place& item : reader_.items(place)) {
      if (const auto which = reader_.read_word(item, names)) given[*which] = true;
    }
    if (reader_.mistakes.size() != mistakes) return;
    if (!given[0] && !given[1]) return reader_.mistake(place, "must name polling, websocket or both");
    options_.polling = given[0];
    options_.websocket = given[1];
  }

  void cors(const Place& place) {
    options_.cors.reset();
    if (place.node->kind == RuleNode::Kind::nothing) return;
    constexpr std::string_view known[] = {"origins", "credentials"};
    Fields fields(reader_, place, known);
    Cors cors;
    fields.read("credentials", cors.credentials);
    const Place* const origins = fields.find("origins");
    if (origins == nullptr) return reader_.mistake(place, "needs origins: the sites whose pages may connect");
    for (const Place& item : reader_.items(*origins)) {
      std::string origin;
      if (!reader_.read(item, origin)) continue;
      if (auto problem = reader_.notation().origin_problem(origin)) {
        reader_.mistake(item, *std::move(problem));
      } else if (origin == "*" && cors.credentials) {
        reader_.mistake(item, "browsers refuse * where credentials is true; name the origins");
      } else {
        cors.origins.push_back(std::move(origin));
      }
    }
    options_.cors = std::move(cors);
  }

  void cookie(const Place& place) {
    options_.cookie.reset();
    if (place.node->kind == RuleNode::Kind::nothing) return;
    constexpr std::string_view known[] = {"name", "path", "same_site", "http_only"};
    constexpr std::string_view sites[] = {"lax", "strict", "none"};
    Fields fields(reader_, place, known);
    Cookie cookie;
    if (fields.read("name", cookie.name) && !is_token(cookie.name)) {
      reader_.mistake(*fields.find("name"), "a cookie's name is letters, digits and hyphens");
    }
    const auto in_path = [](char c) { return is_visible(c) && c != ';'; };
    if (fields.read("path", cookie.path) &&
        (!cookie.path.starts_with('/') || !std::all_of(cookie.path.begin(), cookie.path.end(), in_path))) {
      reader_.mistake(*fields.find("path"), "a cookie's path begins with / and has no blanks and semicolons");
    }
    if (const Place* site = fields.find("same_site")) {
      if (const auto which = reader_.read_word(*site, sites)) cookie.same_site = static_cast<SameSite>(*which);
    }
    fields.read("http_only", cookie.http_only);
    options_.cookie = std::move(cookie);
  }

  void headers(const Place& place) {
    options_.headers.clear();
    for (const Entry& entry : reader_.entries(place)) {
      std::string value;
      if (!is_token(entry.name)) {
        reader_.mistake(entry.key, "a header's name is letters, digits and hyphens");
      } else if (is_own_field(entry.name)) {
        reader_.mistake(entry.key, "the server writes this header itself");
      } else if (reader_.read(entry.value, value)) {
        const auto fits = [](char c) { return is_visible(c) || c == ' '; };
        if (!std::all_of(value.begin(), value.end(), fits)) {
          reader_.mistake(entry.value, "a header's value is one line of ASCII characters");
        }
        options_.headers.emplace_back(entry.name, std::move(value));
      }
    }
  }

  void refuse(const Place& place) {
    options_.refuse.clear();
    constexpr std::string_view known[] = {"when", "unless"};
    for (const Place& item : reader_.items(place)) {
      const Fields fields(reader_, item, known);
      if (!options_.refuse.empty() && options_.refuse.back().always()) {
        reader_.warn(item, "never decides: the one before refuses everybody");
      }
      options_.refuse.push_back(read_guard(reader_, fields.find("when"), fields.find("unless"), handshake_scope()));
    }
  }

 private:
  RuleReader& reader_;
  EngineOptions& options_;
};

void read_subscribe(RuleReader& reader, const Place& list, std::vector<std::string>& topics) {
  for (const Place& item : reader.items(list)) {
    std::string topic;
    if (!reader.read(item, topic)) continue;
    if (const auto error = topic_name_error(topic)) {
      reader.mistake(item, std::string(*error));
    } else {
      topics.push_back(std::move(topic));
    }
  }
}

void read_messages(RuleReader& reader, const Place& list, std::vector<MessageRule>& rules) {
  constexpr std::string_view known[] = {"match", "do"};
  for (const Place& item : reader.items(list)) {
    Fields fields(reader, item, known);
    MessageRule rule;
    if (fields.find("match") == nullptr) {
      reader.mistake(item, "needs match, a pattern of messages; \"*\" is every message");
    } else if (fields.read("match", rule.match)) {
      const auto first = std::find_if(rules.begin(), rules.end(),
                                      [&](const MessageRule& earlier) { return covers(earlier.match, rule.match); });
      if (first != rules.end()) {
        reader.warn(item, absl::StrFormat("never decides: %s before it matches the same", reader.quote(first->match)));
      }
    }
    if (const Place* actions = fields.find("do")) rule.actions = read_actions(reader, *actions, engine_message_scope());
    rules.push_back(std::move(rule));
  }
}

}  // namespace

std::vector<std::string_view> option_keys(std::initializer_list<std::string_view> more) {
  std::vector<std::string_view> keys(std::begin(option_key_names), std::end(option_key_names));
  keys.insert(keys.end(), more);
  return keys;
}

void read_options(RuleReader& reader, Fields& fields, EngineOptions& options) {
  fields.read("ping_interval", options.ping_interval);
  fields.read("ping_timeout", options.ping_timeout);
  fields.read("connect_timeout", options.connect_timeout);
  fields.read("upgrade_timeout", options.upgrade_timeout);
  OptionReader option(reader, options);
  if (const Place* place = fields.find("max_payload")) option.max_payload(*place);
  if (const Place* place = fields.find("transports")) option.transports(*place);
  if (const Place* place = fields.find("cors")) option.cors(*place);
  if (const Place* place = fields.find("cookie")) option.cookie(*place);
  if (const Place* place = fields.find("headers")) option.headers(*place);
  if (const Place* place = fields.find("refuse")) option.refuse(*place);
}

void read_path(RuleReader& reader, const Place& place, std::string& path) {
  std::string written;
  if (!reader.read(place, written)) return;
  const auto in_path = [](char c) { return is_visible(c) && c != '?' && c != '#' && c != '%'; };
  if (!written.starts_with('/') || written == "/" || !std::all_of(written.begin(), written.end(), in_path)) {
    return reader.mistake(place,
                          absl::StrFormat("%s is no path; write one such as /socket.io/", reader.quote(written)));
  }
  if (!written.ends_with('/')) written += '/';
  path = std::move(written);
}

std::vector<EngineEndpoint> read_endpoints(RuleReader& reader, const Place& list, const EngineOptions& inherited) {
  std::vector<EngineEndpoint> endpoints;
  const std::vector<std::string_view> known = option_keys({"path", "subscribe", "on_connect", "messages"});
  for (const Place& item : reader.items(list)) {
    Fields fields(reader, item, known);
    EngineEndpoint endpoint{.path = "", .options = inherited};
    read_options(reader, fields, endpoint.options);
    if (const Place* place = fields.find("subscribe")) read_subscribe(reader, *place, endpoint.subscribe);
    if (const Place* place = fields.find("on_connect")) {
      endpoint.on_connect = read_actions(reader, *place, engine_connect_scope());
    }
    if (const Place* place = fields.find("messages")) read_messages(reader, *place, endpoint.messages);
    const Place* const path = fields.find("path");
    if (path == nullptr) {
      reader.mistake(item, "needs a path, such as /engine.io/");
      continue;
    }
    read_path(reader, *path, endpoint.path);
    const auto same = [&](const EngineEndpoint& other) { return other.path == endpoint.path; };
    if (endpoint.path.empty()) continue;
    if (std::any_of(endpoints.begin(), endpoints.end(), same)) {
      reader.mistake(*path, "another endpoint has this path");
      continue;
    }
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

}  // namespace proto::socketio
