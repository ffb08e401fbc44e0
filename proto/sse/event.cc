// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/event.h"

#include <algorithm>

#include "proto/attachments.h"
#include "proto/notation.h"

namespace proto::sse {
namespace {

// How soon a browser comes back, in milliseconds: time enough for a load balancer to have noticed that a broker goes,
// and so short that what is missed stays in the log. Without it browsers take 3 to 5 seconds.
constexpr std::string_view retry_line = "retry: 2000\n";
constexpr std::string_view browsers_default_event = "message";
constexpr std::string_view binary_suffix = ";base64";

void append_id_line(std::string& out, std::span<const Position> positions) {
  out += "id: ";
  append_event_id(out, positions);
  out += '\n';
}

// Names have no line breaks: they have no control characters.
void append_event_line(std::string& out, const Message& message, Naming naming) {
  const bool named = message.event != default_event(message.topic);
  const bool binary = message.kind == Kind::binary;
  if (naming == Naming::event && !named && !binary) return;
  out += "event: ";
  if (naming == Naming::topic) {
    out += message.topic;
    if (named) out += ';';
  }
  if (named) {
    out += message.event;
  } else if (naming == Naming::event) {
    out += browsers_default_event;
  }
  if (binary) out += binary_suffix;
  out += '\n';
}

void append_data_line(std::string& out, std::string_view line) {
  out += line.empty() ? "data:" : "data: ";
  out += line;
  out += '\n';
}

// CRLF, CR and LF each end a line; what reads them puts LF between two lines.
void append_data_lines(std::string& out, std::string_view text) {
  std::size_t begin = 0;
  std::size_t return_at = text.find('\r');
  std::size_t feed_at = text.find('\n');
  while (true) {
    const std::size_t end = std::min({return_at, feed_at, text.size()});
    append_data_line(out, text.substr(begin, end - begin));
    if (end == text.size()) return;
    begin = end + (text.substr(end).starts_with("\r\n") ? 2 : 1);
    if (return_at < begin) return_at = text.find('\r', begin);
    if (feed_at < begin) feed_at = text.find('\n', begin);
  }
}

void append_data(std::string& out, const Message& message) {
  switch (message.kind) {
    case Kind::text:
    case Kind::json: return append_data_lines(out, message.content);
    case Kind::binary:
      out += "data: ";
      append_base64(out, message.content);
      out += '\n';
      return;
    case Kind::json_attachments: {
      std::string json;
      append_inlined(json, message.content);
      return append_data_lines(out, json);
    }
  }
}

// Hot: once a message and shard.
template <Naming naming>
void append_delivery(const WireFormat&, const Message& message, std::string& out) {
  const Position position{.epoch = message.epoch, .offset = message.offset};
  append_event(out, message, naming, {&position, 1});
}

constexpr WireFormat of_topic{"sse", &append_delivery<Naming::event>};
constexpr WireFormat of_events{"sse events", &append_delivery<Naming::topic>};

}  // namespace

void append_preamble(std::string& out, std::span<const Position> positions) {
  out += retry_line;
  append_id_line(out, positions);
  out += '\n';
}

void append_event(std::string& out, const Message& message, Naming naming, std::span<const Position> positions) {
  append_id_line(out, positions);
  append_event_line(out, message, naming);
  append_data(out, message);
  out += '\n';
}

void append_gap_event(std::string& out, std::string_view topic, const Gap& gap, std::span<const Position> positions) {
  if (!positions.empty()) append_id_line(out, positions);
  out += "event: ";
  out += gap_event;
  out += "\ndata: {";
  append_gap(out, topic, gap);
  out += "}\n\n";
}

const WireFormat& shared_format(Naming naming) { return naming == Naming::event ? of_topic : of_events; }

}  // namespace proto::sse
