// SPDX-License-Identifier: Apache-2.0
#include "proto/raw/dialect.h"

#include "proto/http/request.h"
#include "proto/notation.h"
#include "proto/raw/session.h"

namespace proto::raw {
namespace {

constexpr Route route_list[] = {
    {Route::Transport::websocket, "GET", "/topics/{topic}",
     "a WebSocket of the topic's content alone: ?last=N, ?after=OFFSET&epoch=HEX, ?publish=only"},
};

}  // namespace

std::span<const Route> RawDialect::routes() const { return route_list; }

Opened<WebSocketSession> RawDialect::open_websocket(const http::Request& request, const SessionOptions&) const {
  if (std::optional<Error> error = check_topic(request.topic)) return *std::move(error);
  const StartParameters parameters{
      .epoch = request.parameter("epoch"), .after = request.parameter("after"), .last = request.parameter("last")};
  Answer<Start> start = read_start(parameters);
  if (Error* error = std::get_if<Error>(&start)) return std::move(*error);

  Direction direction = Direction::both;
  if (const std::optional<std::string_view> publish = request.parameter("publish")) {
    if (*publish != "only") return Error{400, "publish takes one value, only"};
    if (parameters.after || parameters.last) return Error{400, "publish=only receives nothing: no after, no last"};
    direction = Direction::publish_only;
  }
  return std::make_unique<RawSession>(request.topic, direction, std::get<Start>(start));
}

}  // namespace proto::raw
