// SPDX-License-Identifier: Apache-2.0
#include "proto/http/router.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "proto/http/url.h"
#include "proto/json.h"
#include "proto/notation.h"
#include "proto/topic_name.h"

namespace proto::http {
namespace {

constexpr std::string_view topic_suffix = "{topic}";
constexpr std::string_view file_suffix = "{file}";
constexpr std::string_view any_path = "*";  // RFC 9112 §3.2.4: OPTIONS about the server as a whole
constexpr std::string_view any_method = "*";
// RFC 9110 §15.5.22 and RFC 6455 §4.4: a 426 names what to upgrade to, and the version that is spoken.
constexpr std::string_view upgrade_headers =
    "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n";

Match refusal(Match::Kind kind, std::string_view message, std::string headers = {}) {
  Match match;
  match.kind = kind;
  match.message = message;
  match.headers = std::move(headers);
  return match;
}

}  // namespace

int Match::status() const {
  if (kind == Kind::found) return 0;
  return kind == Kind::options ? 204 : facts(reason()).status;
}

Reason Match::reason() const {
  switch (kind) {
    case Kind::not_found: return Reason::not_found;
    case Kind::method_not_allowed: return Reason::method_not_allowed;
    case Kind::upgrade_required: return Reason::upgrade_required;
    case Kind::bad_topic: return Reason::bad_request;
    case Kind::found:
    case Kind::options: break;
  }
  return Reason::answered;
}

Router::Router(std::span<const Dialect* const> dialects, std::span<const Route> own) {
  for (const Route& route : own) add({nullptr, &route});
  for (const Dialect* dialect : dialects) {
    for (const Route& route : dialect->routes()) add({dialect, &route});
  }
  // Where a path is spelled out, a {topic} is not meant, and where it is a topic's, no {file}; of two, the one with
  // more before it.
  std::ranges::stable_sort(places_, [](const Place& a, const Place& b) {
    return a.ends != b.ends ? a.ends < b.ends : a.prefix.size() > b.prefix.size();
  });
  write_not_found_body();
}

void Router::add(const Candidate& candidate) {
  all_.candidates.push_back(candidate);
  const std::string_view path = candidate.route->path;
  auto place = std::ranges::find(places_, path, &Place::path);
  if (place == places_.end()) {
    Place added{.path = path, .prefix = path, .candidates = {}};
    if (path.ends_with(topic_suffix)) {
      added.prefix.remove_suffix(topic_suffix.size());
      added.ends = Place::Ends::in_topic;
    } else if (path.ends_with(file_suffix)) {
      added.prefix.remove_suffix(file_suffix.size());
      added.ends = Place::Ends::in_file;
    }
    place = places_.insert(place, std::move(added));
  }
  place->candidates.push_back(candidate);
}

bool Router::Place::holds(std::string_view asked) const {
  switch (ends) {
    case Ends::here: return asked == path;
    case Ends::in_topic: return asked.starts_with(prefix);
    case Ends::in_file: break;
  }
  return asked.starts_with(prefix) && std::any_of(candidates.begin(), candidates.end(), [asked](const Candidate& each) {
           return each.dialect != nullptr && each.dialect->has_file(asked);
         });
}

const Router::Place* Router::place_of(std::string_view path) const {
  if (path == any_path) return &all_;
  const auto found = std::ranges::find_if(places_, [path](const Place& place) { return place.holds(path); });
  return found == places_.end() ? nullptr : &*found;
}

Match Router::match(Request& request) const {
  const Place* const place = place_of(request.path);
  if (place == nullptr) return refusal(Match::Kind::not_found, "nothing is at this path");
  const Candidates& candidates = place->candidates;
  if (place->ends == Place::Ends::in_topic) {
    std::optional<std::string> topic = percent_decode(request.path.substr(place->prefix.size()));
    if (!topic) return refusal(Match::Kind::bad_topic, "the topic in the path is not percent-encoded as it should be");
    if (const auto error = topic_name_error(*topic, Reserve::open)) return refusal(Match::Kind::bad_topic, *error);
    request.topic = *std::move(topic);
  }
  const Candidate* const takes_all = find_http(candidates, any_method);
  if (takes_all != nullptr && request.path != any_path) return found(*takes_all);
  if (request.method == "OPTIONS") return refusal(Match::Kind::options, {}, allow_header(candidates));

  const bool get = request.method == "GET";
  const bool has_websocket = std::any_of(candidates.begin(), candidates.end(), is_websocket);
  if (get && request.upgrade_websocket && has_websocket) return match_websocket(request, candidates);
  if (const Candidate* candidate = find_http(candidates, request.method)) return found(*candidate);
  if (request.method == "HEAD") {
    if (const Candidate* candidate = find_http(candidates, "GET")) {
      Match match = found(*candidate);
      match.head = true;
      return match;
    }
  }
  if (get && has_websocket) {
    return refusal(Match::Kind::upgrade_required, "this path is for WebSockets: the request asks for no upgrade to one",
                   std::string(upgrade_headers));
  }
  return refusal(Match::Kind::method_not_allowed, "this path does not take this method: see Allow",
                 allow_header(candidates));
}

// RFC 6455 §4.2.2: of what we speak, the first that the peer offers; when it offers none, the first dialect listed.
Match Router::match_websocket(const Request& request, const Candidates& candidates) {
  for (const std::string_view offered : request.list("sec-websocket-protocol")) {
    for (const Candidate& candidate : candidates) {
      if (!is_websocket(candidate) || candidate.dialect == nullptr) continue;
      const std::span<const std::string_view> spoken = candidate.dialect->subprotocols();
      const auto selected = std::find(spoken.begin(), spoken.end(), offered);
      if (selected == spoken.end()) continue;
      Match match = found(candidate);
      match.subprotocol = *selected;  // the dialect's own, which outlives the request
      return match;
    }
  }
  return found(*std::find_if(candidates.begin(), candidates.end(), is_websocket));
}

const Router::Candidate* Router::find_http(const Candidates& candidates, std::string_view method) {
  const auto candidate = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) {
    return !is_websocket(c) && c.route->method == method;
  });
  return candidate == candidates.end() ? nullptr : &*candidate;
}

Match Router::found(const Candidate& candidate) {
  Match match;
  match.kind = Match::Kind::found;
  match.dialect = candidate.dialect;
  match.route = candidate.route;
  return match;
}

bool Router::is_websocket(const Candidate& candidate) {
  return candidate.route->transport == Route::Transport::websocket;
}

std::string Router::allow_header(const Candidates& candidates) {
  std::vector<std::string_view> methods;
  const auto add = [&methods](std::string_view method) {
    if (method == any_method) return;
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
  };
  for (const Candidate& candidate : candidates) {
    add(candidate.route->method);
    if (!is_websocket(candidate) && candidate.route->method == "GET") add("HEAD");
  }
  add("OPTIONS");
  std::string header = "Allow: ";
  for (const std::string_view method : methods) {
    if (method != methods.front()) header += ", ";
    header += method;
  }
  header += "\r\n";
  return header;
}

void Router::write_not_found_body() {
  std::string& out = not_found_body_;
  out = "{";
  append_error(out, Error{404, "nothing is at this path; what there is stands in routes"});
  out += ",\"routes\":[";
  bool first = true;
  for (const Candidate& candidate : all_.candidates) {
    const Route& route = *candidate.route;
    out += first ? "\n{\"method\":" : ",\n{\"method\":";
    append_json_string(out, is_websocket(candidate) ? std::string_view("WebSocket") : route.method);
    out += ",\"path\":";
    append_json_string(out, route.path);
    out += ",\"summary\":";
    append_json_string(out, route.summary);
    out += '}';
    first = false;
  }
  out += "\n]}";
}

}  // namespace proto::http
