// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/dialect.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <utility>

#include "proto/http/request.h"
#include "proto/notation.h"
#include "proto/rest/lines_session.h"
#include "proto/rest/log_session.h"
#include "proto/rest/poll_session.h"
#include "proto/rest/publish_session.h"
#include "proto/rest/stream_session.h"

namespace proto::rest {
namespace {

constexpr std::string_view lines_type = "application/x-ndjson";

constexpr Route route_list[] = {
    {Route::Transport::http, "POST", "/topics/{topic}", "publish the body: ?event=NAME", true},
    {Route::Transport::http, "GET", "/topics/{topic}",
     "the topic's log: ?after=OFFSET&epoch=HEX&limit=N, or ?last=N; with &wait=30s as soon as it holds more"},
    {Route::Transport::http, "GET", "/topics/{topic}",
     "with Accept: application/x-ndjson, what is published, a line each: ?last=N, or ?after=OFFSET&epoch=HEX", false,
     lines_type},
    {Route::Transport::http, "POST", "/publish", "publish one message a line: application/x-ndjson", true},
};

constexpr std::uint32_t limit_default = 100;
constexpr std::uint32_t limit_max = 1000;

// The media type in lower case, without its parameters (RFC 9110 §8.3.1).
std::string media_type(const http::Request& request) {
  const std::string_view value = request.header("content-type");
  std::string type(value.substr(0, value.find(';')));
  absl::AsciiStrToLower(&type);
  absl::StripAsciiWhitespace(&type);
  return type;
}

BodyForm form_of(std::string_view type) {
  if (type == "application/json") return BodyForm::json;
  if (type.starts_with("text/")) return BodyForm::text;
  // What `curl -d hi` sends, so it says nothing about the body.
  if (type.empty() || type == "application/x-www-form-urlencoded") return BodyForm::text_or_binary;
  return BodyForm::binary;
}

// A request that wants to publish must say how long its body is or that it is chunked (RFC 9110 §15.5.12).
std::optional<Error> check_length(const http::Request& request) {
  if (request.has_body || request.content_length) return std::nullopt;
  return Error{411, "Content-Length is missing"};
}

Opened<HttpSession> open_publish(const http::Request& request, const SessionOptions& options) {
  if (std::optional<Error> error = check_topic(request.topic, Reserve::open)) return *std::move(error);
  const std::optional<std::string_view> event = request.parameter("event");
  if (event) {
    if (std::optional<Error> error = check_event(*event)) return *std::move(error);
  }
  if (request.content_length.value_or(0) > options.message_bytes_max) return too_large(options.message_bytes_max);
  return std::make_unique<PublishSession>(request.topic, event.value_or(std::string_view()),
                                          form_of(media_type(request)), options.message_bytes_max);
}

Opened<HttpSession> open_stream(const http::Request& request, const SessionOptions& options) {
  const std::string type = media_type(request);
  if (!type.empty() && type != "application/x-ndjson" && type != "application/ndjson" && type != "application/json") {
    return Error{415, "one JSON object a line, sent with Content-Type: application/x-ndjson"};
  }
  return std::make_unique<StreamSession>(options.message_bytes_max);
}

// None: out of bounds, or no number.
std::optional<std::uint32_t> read_limit(std::optional<std::string_view> text, std::uint32_t absent) {
  if (!text) return absent;
  const std::uint64_t value = parse_number(*text).value_or(0);
  if (value < 1 || value > limit_max) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

// "500ms", "30s", "1m"; only zero goes without a unit. None: it is none of these, or too long.
std::optional<std::chrono::milliseconds> read_wait(std::string_view text) {
  constexpr std::pair<std::string_view, std::uint64_t> units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}};
  constexpr auto most = static_cast<std::uint64_t>(poll_wait_max.count());
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::uint64_t> number = parse_number(text.substr(0, end));
  if (!number) return std::nullopt;
  if (*number == 0 && end == text.size()) return std::chrono::milliseconds(0);
  for (const auto& [unit, milliseconds] : units) {
    if (text.substr(end) != unit || *number > most / milliseconds) continue;
    return std::chrono::milliseconds(*number * milliseconds);
  }
  return std::nullopt;
}

Answer<Start> start_of(const http::Request& request) {
  return read_start(
      {.epoch = request.parameter("epoch"), .after = request.parameter("after"), .last = request.parameter("last")});
}

Opened<HttpSession> open_log(const http::Request& request) {
  if (std::optional<Error> error = check_topic(request.topic)) return *std::move(error);
  const Answer<Start> read = start_of(request);
  if (const Error* error = std::get_if<Error>(&read)) return *error;
  Start start = std::get<Start>(read);

  const std::optional<std::string_view> last = request.parameter("last");
  if (last && request.parameter("limit")) return Error{400, "last is a limit by itself; leave limit out"};
  const std::optional<std::uint32_t> limit = read_limit(last ? last : request.parameter("limit"), limit_default);
  if (!limit) return Error{400, last ? "last is 1 to 1000" : "limit is 1 to 1000"};

  if (const std::optional<std::string_view> text = request.parameter("wait")) {
    if (last) return Error{400, "last is of what is there already; to wait for what comes, leave it out"};
    const std::optional<std::chrono::milliseconds> wait = read_wait(*text);
    if (!wait) return Error{400, "wait is a time with its unit, at most 5m: 500ms, 30s, 1m"};
    return std::make_unique<PollSession>(request.topic, start, *limit, *wait);
  }
  if (start.from == Start::From::now) start.from = Start::From::after;  // of a log that means from its beginning
  return std::make_unique<LogSession>(request.topic, start, *limit);
}

Opened<HttpSession> open_lines(const http::Request& request) {
  if (std::optional<Error> error = check_topic(request.topic)) return *std::move(error);
  if (request.parameter("limit")) return Error{400, "a stream has no limit; read what you want of it and close"};
  if (request.parameter("wait")) return Error{400, "a stream waits by itself; leave wait out"};
  const Answer<Start> start = start_of(request);
  if (const Error* error = std::get_if<Error>(&start)) return *error;
  return std::make_unique<LinesSession>(request.topic, std::get<Start>(start));
}

}  // namespace

std::span<const Route> RestDialect::routes() const { return route_list; }

Opened<HttpSession> RestDialect::open_http(const http::Request& request, const SessionOptions& options) const {
  if (request.method != "POST") return request.media == lines_type ? open_lines(request) : open_log(request);
  if (std::optional<Error> error = check_length(request)) return *std::move(error);
  return request.path == "/publish" ? open_stream(request, options) : open_publish(request, options);
}

}  // namespace proto::rest
