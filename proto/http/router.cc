// SPDX-License-Identifier: Apache-2.0
#include "proto/http/router.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/http/url.h"
#include "proto/json.h"
#include "proto/notation.h"
#include "proto/topic_name.h"

namespace proto::http {
namespace {

constexpr std::string_view topic_suffix = "{topic}";
constexpr std::string_view file_suffix = "{file}";
constexpr std::string_view topics_path = "/topics/{topic}";  // what a topic's path of the settings stands for
constexpr std::string_view any_path = "*";                   // RFC 9112 §3.2.4: OPTIONS about the server as a whole
constexpr std::string_view any_method = "*";
// RFC 9110 §15.5.22 and RFC 6455 §4.4: a 426 names what to upgrade to, and the version that is spoken.
constexpr std::string_view upgrade_headers =
    "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n";

// In lower case, without parameters such as q=0.9 (RFC 9110 §12.5.1): of what is named the first is taken, whatever its
// weight; but of weight 0 it is not wanted at all.
std::string media_range(std::string_view accepted) {
  const std::size_t weight = accepted.find("q=0");
  const bool unwanted =
      weight != std::string_view::npos && accepted.find_first_not_of("0.", weight + 2) == accepted.npos;
  if (unwanted) return {};
  std::string range(accepted.substr(0, accepted.find(';')));
  absl::AsciiStrToLower(&range);
  absl::StripAsciiWhitespace(&range);
  return range;
}

// The dialect's own view of the name; null: it does not speak it.
const std::string_view* spoken(const Dialect& dialect, std::string_view subprotocol) {
  const std::span<const std::string_view> names = dialect.subprotocols();
  const auto found = std::ranges::find(names, subprotocol);
  return found == names.end() ? nullptr : &*found;
}

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

Router::Router(std::span<const Dialect* const> dialects, std::span<const Route> own, std::span<const PathRoute> paths) {
  for (const Route& route : own) add({nullptr, &route});
  for (const Dialect* dialect : dialects) {
    for (const Route& route : dialect->routes()) add({dialect, &route});
  }
  for (const PathRoute& path : paths) add(path, dialects);
  // Where a path is spelled out, a {topic} is not meant, and where it is a topic's, no {file}; of two, the one with
  // more before it.
  std::ranges::stable_sort(places_, [](const Place& a, const Place& b) {
    return a.ends != b.ends ? a.ends < b.ends : a.prefix.size() > b.prefix.size();
  });
  for (const Place& place : places_) {
    if (place.ends == Place::Ends::here) spelled_out_.emplace(place.path, spelled_out_.size());
  }
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

void Router::add(const PathRoute& path, std::span<const Dialect* const> dialects) {
  auto made = std::make_unique<Made>(Made{.path = path, .summary = {}, .routes = {}, .candidates = {}});
  if (path.topic.empty()) {
    make_of_subprotocols(*made, dialects);
  } else {
    make_of_topic(*made);
  }
  for (const Candidate& candidate : made->candidates) add(candidate);
  if (!made->candidates.empty()) std::ranges::find(places_, path.path, &Place::path)->topic = made->path.topic;
  made_.push_back(std::move(made));
}

void Router::make_of_topic(Made& made) const {
  const auto topics = std::ranges::find(places_, topics_path, &Place::path);
  if (topics == places_.end()) return;
  made.routes.reserve(topics->candidates.size());  // they are pointed to
  for (const Candidate& candidate : topics->candidates) {
    made.routes.push_back(*candidate.route);
    made.routes.back().path = made.path.path;
    made.candidates.push_back({candidate.dialect, &made.routes.back()});
  }
}

void Router::make_of_subprotocols(Made& made, std::span<const Dialect* const> dialects) {
  made.summary = absl::StrCat("a WebSocket that speaks ", absl::StrJoin(made.path.subprotocols, ", "));
  made.routes.push_back({Route::Transport::websocket, "GET", made.path.path, made.summary});
  for (const std::string& subprotocol : made.path.subprotocols) {
    const auto dialect =
        std::ranges::find_if(dialects, [&](const Dialect* each) { return spoken(*each, subprotocol) != nullptr; });
    if (dialect != dialects.end()) made.candidates.push_back({*dialect, made.routes.data(), subprotocol});
  }
}

bool Router::Place::begins(std::string_view asked) const {
  if (!asked.starts_with(prefix)) return false;
  return ends != Ends::in_file || std::any_of(candidates.begin(), candidates.end(), [asked](const Candidate& each) {
           return each.dialect != nullptr && each.dialect->has_file(asked);
         });
}

const Router::Place* Router::place_of(std::string_view path) const {
  if (path == any_path) return &all_;
  if (const auto found = spelled_out_.find(path); found != spelled_out_.end()) return &places_[found->second];
  const auto begun = std::find_if(places_.begin() + static_cast<std::ptrdiff_t>(spelled_out_.size()), places_.end(),
                                  [path](const Place& place) { return place.begins(path); });
  return begun == places_.end() ? nullptr : &*begun;
}

const Route* Router::at(std::string_view path) const {
  const Place* const place = place_of(path);
  return place == nullptr ? nullptr : place->candidates.front().route;
}

Match Router::match(Request& request) const {
  Match match = look_up(request);
  if (match.route != nullptr) request.media = match.route->media;
  return match;
}

Match Router::look_up(Request& request) const {
  const Place* const place = place_of(request.path);
  if (place == nullptr) return refusal(Match::Kind::not_found, "nothing is at this path");
  const Candidates& candidates = place->candidates;
  if (place->ends == Place::Ends::in_topic) {
    std::optional<std::string> topic = percent_decode(request.path.substr(place->prefix.size()));
    if (!topic) return refusal(Match::Kind::bad_topic, "the topic in the path is not percent-encoded as it should be");
    if (const auto error = topic_name_error(*topic, Reserve::open)) return refusal(Match::Kind::bad_topic, *error);
    request.topic = *std::move(topic);
  } else if (!place->topic.empty()) {
    request.topic = place->topic;
  }
  const Candidate* const takes_all = find_http(candidates, any_method, request);
  if (takes_all != nullptr && request.path != any_path) return found(*takes_all);
  if (request.method == "OPTIONS") return refusal(Match::Kind::options, {}, allow_header(candidates));

  const bool get = request.method == "GET";
  const bool has_websocket = std::any_of(candidates.begin(), candidates.end(), is_websocket);
  if (get && request.upgrade_websocket && has_websocket) return match_websocket(request, candidates);
  if (const Candidate* candidate = find_http(candidates, request.method, request)) return found(*candidate);
  if (request.method == "HEAD") {
    if (const Candidate* candidate = find_http(candidates, "GET", request)) {
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
      if (!candidate.subprotocol.empty() && candidate.subprotocol != offered) continue;
      const std::string_view* const selected = spoken(*candidate.dialect, offered);
      if (selected == nullptr) continue;
      Match match = found(candidate);
      match.subprotocol = *selected;  // the dialect's own, which outlives the request
      return match;
    }
  }
  return found(*std::find_if(candidates.begin(), candidates.end(), is_websocket));
}

const Router::Candidate* Router::find_http(const Candidates& candidates, std::string_view method,
                                           const Request& request) {
  const auto find = [&](std::string_view media) {
    const auto candidate = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) {
      return !is_websocket(c) && c.route->method == method && c.route->media == media;
    });
    return candidate == candidates.end() ? nullptr : &*candidate;
  };
  const bool chosen_by_media =
      std::any_of(candidates.begin(), candidates.end(), [](const Candidate& c) { return !c.route->media.empty(); });
  if (chosen_by_media) {
    for (const std::string_view accepted : request.list("accept")) {
      const std::string type = media_range(accepted);
      const Candidate* const named = type.empty() ? nullptr : find(type);
      if (named != nullptr) return named;
    }
  }
  return find({});
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
  const Route* told = nullptr;
  for (const Candidate& candidate : all_.candidates) {
    if (candidate.route == std::exchange(told, candidate.route)) continue;  // a subprotocol each
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
