// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/dialect.h"

#include <algorithm>

#include "proto/http/request.h"
#include "proto/notation.h"
#include "proto/sse/session.h"

namespace proto::sse {
namespace {

constexpr Route route_list[] = {
    {.transport = Route::Transport::http,
     .method = "GET",
     .path = "/topics/{topic}",
     .summary = "the topic as server-sent events: ?last=N, ?after=OFFSET&epoch=HEX, ?last_event_id=ID",
     .media = "text/event-stream"},
    {.transport = Route::Transport::http,
     .method = "GET",
     .path = "/events",
     .summary = "several topics as server-sent events: ?topic=A&topic=B, ?last_event_id=ID"},
};

// Sets where each begins, when the request says what it got last. EventSource repeats its URL whenever it comes back,
// so the header is newer than what stands there. Returns whether the request says so.
Answer<bool> read_last_event_id(const http::Request& request, std::vector<Wanted>& wanted) {
  std::optional<std::string_view> id = request.parameter("last_event_id");
  if (const std::string_view newest = request.header("last-event-id"); !newest.empty()) id = newest;
  if (!id) return false;
  const std::optional<std::vector<Position>> positions = read_event_id(*id, wanted.size());
  if (!positions) {
    return Error{400, wanted.size() == 1 ? "the last event's id is EPOCH:OFFSET"
                                         : "the last event's id is EPOCH:OFFSET for each topic, parted by commas"};
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    wanted[i].start = {.from = Start::From::after, .epoch = (*positions)[i].epoch, .value = (*positions)[i].offset};
  }
  return true;
}

Opened<HttpSession> open(const http::Request& request, Naming naming, std::vector<Wanted> wanted) {
  const bool head = request.method == "HEAD";
  return std::make_unique<EventSession>(naming, head ? EventSession::Asked::head : EventSession::Asked::stream,
                                        std::move(wanted));
}

Opened<HttpSession> open_topic(const http::Request& request) {
  if (std::optional<Error> error = check_topic(request.topic)) return *std::move(error);
  std::vector<Wanted> wanted{{.topic = request.topic, .start = {}}};
  Answer<bool> comes_back = read_last_event_id(request, wanted);
  if (Error* error = std::get_if<Error>(&comes_back)) return std::move(*error);
  if (!std::get<bool>(comes_back)) {
    Answer<Start> start = read_start(
        {.epoch = request.parameter("epoch"), .after = request.parameter("after"), .last = request.parameter("last")});
    if (Error* error = std::get_if<Error>(&start)) return std::move(*error);
    wanted.front().start = std::get<Start>(start);
  }
  return open(request, Naming::event, std::move(wanted));
}

std::optional<Error> read_topics(const http::Request& request, std::vector<Wanted>& wanted) {
  for (const auto& [name, value] : request.query) {
    if (name == "last" || name == "after") return Error{400, "last and after are for /topics/{topic}"};
    if (name != "topic") continue;
    if (std::optional<Error> error = check_topic(value)) return error;
    if (std::ranges::find(wanted, value, &Wanted::topic) != wanted.end()) {
      return Error{400, "each topic is named once"};
    }
    if (wanted.size() == topics_max) return Error{400, "a stream has at most 32 topics"};
    wanted.push_back({.topic = value, .start = {}});
  }
  if (wanted.empty()) return Error{400, "name the topics: ?topic=A&topic=B"};
  return std::nullopt;
}

Opened<HttpSession> open_events(const http::Request& request) {
  std::vector<Wanted> wanted;
  if (std::optional<Error> error = read_topics(request, wanted)) return *std::move(error);
  Answer<bool> comes_back = read_last_event_id(request, wanted);
  if (Error* error = std::get_if<Error>(&comes_back)) return std::move(*error);
  return open(request, Naming::topic, std::move(wanted));
}

}  // namespace

std::span<const Route> SseDialect::routes() const { return route_list; }

Opened<HttpSession> SseDialect::open_http(const http::Request& request, const SessionOptions&) const {
  return request.topic.empty() ? open_events(request) : open_topic(request);
}

}  // namespace proto::sse
