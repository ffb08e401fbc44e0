// SPDX-License-Identifier: Apache-2.0
// From a request to the dialect and route that serve it, or to the reason why none does (RFC 9110 §7.8, §9.3, §15.5).
// Thread: any; constant once made. Borrows the dialects and the caller's own routes.
// Errors: kinds of Match, each with all that the answer needs.
// Limits: it looks at every path; there are a handful. Files are looked for by their dialect, last of all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

class Router {
 public:
  // `own`: routes that the caller serves itself, such as a page at "/".
  explicit Router(std::span<const Dialect* const> dialects, std::span<const Route> own = {});

  // Sets request.topic when a route with a {topic} matches.
  [[nodiscard]] Match match(Request& request) const;

  // {"error":{…},"routes":[{"method":…,"path":…,"summary":…},…]}: what there is.
  [[nodiscard]] std::string_view not_found_body() const { return not_found_body_; }

 private:
  struct Candidate {
    const Dialect* dialect;
    const Route* route;
  };
  using Candidates = std::vector<Candidate>;
  // The routes that share a path.
  struct Place {
    enum class Ends : std::uint8_t { here, in_topic, in_file };
    std::string_view path;    // as in the routes
    std::string_view prefix;  // the path up to its {topic} or {file}, or all of it
    Ends ends = Ends::here;
    Candidates candidates;

    [[nodiscard]] bool holds(std::string_view asked) const;
  };

  void add(const Candidate& candidate);
  [[nodiscard]] const Place* place_of(std::string_view path) const;
  [[nodiscard]] static Match match_websocket(const Request& request, const Candidates& candidates);
  [[nodiscard]] static const Candidate* find_http(const Candidates& candidates, std::string_view method);
  [[nodiscard]] static Match found(const Candidate& candidate);
  [[nodiscard]] static bool is_websocket(const Candidate& candidate);
  [[nodiscard]] static std::string allow_header(const Candidates& candidates);
  void write_not_found_body();

  Place all_;                  // every route
  std::vector<Place> places_;  // in the order in which they are looked through
  std::string not_found_body_;
};

}  // namespace proto::http
