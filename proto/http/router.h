// SPDX-License-Identifier: Apache-2.0
// From a request to the dialect and route that serve it, or to the reason why none does (RFC 9110 §7.8, §9.3, §15.5).
// Thread: any; constant once made. Borrows the dialects and the caller's own routes. Owns the paths of the settings.
// Errors: kinds of Match, each with all that the answer needs.
// Limits: a path that is spelled out is found by one look into a table, however many there are; only the prefixes of
// topics and files, a handful, are tried one by one. Files are looked for by their dialect, last of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proto/dialect.h"
#include "proto/http/request.h"
#include "proto/reason.h"

namespace proto::http {

struct Match {
  enum class Kind : std::uint8_t {
    found,
    options,             // OPTIONS on a path that exists, or on '*': 204 with Allow
    not_found,           // 404 with not_found_body()
    method_not_allowed,  // 405 with Allow
    upgrade_required,    // 426: the path is a WebSocket's only
    bad_topic,           // 400
  };
  Kind kind = Kind::not_found;
  // found
  const Dialect* dialect = nullptr;  // null: the route is one of the caller's own
  const Route* route = nullptr;
  std::string_view subprotocol;  // selected for a WebSocket; empty: none, and none is named in the answer
  bool head = false;             // HEAD on a GET route: the answer without its body
  // all others
  std::string_view message;  // constant
  std::string headers;       // whole lines for the answer: Allow, or what a 426 must carry

  [[nodiscard]] bool websocket() const { return route != nullptr && route->transport == Route::Transport::websocket; }
  [[nodiscard]] int status() const;     // of the answer; 0 when found
  [[nodiscard]] Reason reason() const;  // Requires: a kind that refuses (not found, not options).
};

// A path of the settings: what there is at /topics/{topic} for this one topic, or a WebSocket for these subprotocols
// and no other.
struct PathRoute {
  std::string path;  // as requests have it
  std::string topic;
  std::vector<std::string> subprotocols;  // where there is no topic; the first is for who offers none of them
};

class Router {
 public:
  // `own`: routes that the caller serves itself, such as a page at "/".
  // Requires: `paths` are no paths of other routes, and each of their subprotocols is spoken by a dialect.
  explicit Router(std::span<const Dialect* const> dialects, std::span<const Route> own = {},
                  std::span<const PathRoute> paths = {});

  // Sets request.topic when a route with a {topic} matches, or a topic's path of the settings; and request.media.
  [[nodiscard]] Match match(Request& request) const;

  // A route that a request to this path meets; null: there is none.
  [[nodiscard]] const Route* at(std::string_view path) const;

  // {"error":{…},"routes":[{"method":…,"path":…,"summary":…},…]}: what there is.
  [[nodiscard]] std::string_view not_found_body() const { return not_found_body_; }

 private:
  struct Candidate {
    const Dialect* dialect;
    const Route* route;
    std::string_view subprotocol = {};  // the only one that it stands for; empty: all that the dialect speaks
  };
  using Candidates = std::vector<Candidate>;
  // The routes that share a path.
  struct Place {
    enum class Ends : std::uint8_t { here, in_topic, in_file };
    std::string_view path;    // as in the routes
    std::string_view prefix;  // the path up to its {topic} or {file}, or all of it
    Ends ends = Ends::here;
    std::string_view topic = {};  // of a topic's path of the settings
    Candidates candidates;

    [[nodiscard]] bool begins(std::string_view asked) const;
  };
  // A path of the settings, and what was made of it.
  struct Made {
    PathRoute path;
    std::string summary;
    std::vector<Route> routes;
    Candidates candidates;  // to these routes
  };

  void add(const Candidate& candidate);
  void add(const PathRoute& path, std::span<const Dialect* const> dialects);
  void make_of_topic(Made& made) const;
  static void make_of_subprotocols(Made& made, std::span<const Dialect* const> dialects);
  [[nodiscard]] Match look_up(Request& request) const;
  [[nodiscard]] const Place* place_of(std::string_view path) const;
  [[nodiscard]] static Match match_websocket(const Request& request, const Candidates& candidates);
  // With the first of the media types that the request names in Accept and a route is for; else one without.
  [[nodiscard]] static const Candidate* find_http(const Candidates& candidates, std::string_view method,
                                                  const Request& request);
  [[nodiscard]] static Match found(const Candidate& candidate);
  [[nodiscard]] static bool is_websocket(const Candidate& candidate);
  [[nodiscard]] static std::string allow_header(const Candidates& candidates);
  void write_not_found_body();

  std::vector<std::unique_ptr<const Made>> made_;  // they are pointed to
  Place all_;                                      // every route
  std::vector<Place> places_;  // those that are spelled out, then the others in the order in which they are tried
  absl::flat_hash_map<std::string_view, std::size_t> spelled_out_;  // the first of places_, by path
  std::string not_found_body_;
};

}  // namespace proto::http
