// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/lines_session.h"

#include <algorithm>

#include "proto/notation.h"
#include "proto/rest/log_page.h"
#include "proto/rest/publish_session.h"

namespace proto::rest {
namespace {

constexpr Tag only_tag = 0;
// What stands between us and the client is neither to keep a stream nor to hold it back.
constexpr std::string_view stream_headers = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n";

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

void append_line(const WireFormat&, const Message& message, std::string& out) {
  const std::size_t begin = out.size();
  append_logged(out, message);
  if (message.kind == Kind::json || message.kind == Kind::json_attachments) {
    // Published JSON may have lines of its own. They stand between its tokens only: in a string they are escaped.
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_line_end, ' ');
  }
  out += '\n';
}

constexpr WireFormat lines{"application/x-ndjson", &append_line};

}  // namespace

void LinesSession::on_body_end(HttpHost& host) {
  if (const std::optional<Error> error = host.subscribe(only_tag, topic_, *start_)) return respond_error(host, *error);
  start_.reset();
  release(topic_);
}

void LinesSession::on_subscribed(Tag, std::string_view, const Answer<Subscribed>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return respond_error(http(host), *error);
  const Subscribed& subscribed = std::get<Subscribed>(answer);
  http(host).stream({.content_type = "application/x-ndjson", .body = {}, .extra_headers = stream_headers});
  std::string line = "{";
  append_position(line, subscribed.epoch, subscribed.offset);
  if (subscribed.recovered) line += *subscribed.recovered ? ",\"recovered\":true" : ",\"recovered\":false";
  line += "}\n";
  host.send(line);
  host.wake_in(line_interval);
}

void LinesSession::append_gap(std::string_view, const Gap& gap, std::string& out) const {
  out += '{';
  append_loss(out, gap);
  out += "}\n";
}

void LinesSession::on_timer(Host& host) {
  host.wake_in(line_interval);
  if (!host.has_room()) return;  // who does not read needs no sign of life
  std::string line = "{\"time\":";
  append_seconds(line, host.clock().wall_us);
  line += "}\n";
  host.send(line);
}

const WireFormat* LinesSession::wire_format() const { return &lines; }

}  // namespace proto::rest
