// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/log_page.h"

#include "proto/audience.h"
#include "proto/notation.h"

namespace proto::rest {

void append_seconds(std::string& out, std::int64_t time_us) {
  const auto milliseconds = static_cast<std::uint64_t>(time_us / 1000);
  append_number(out, milliseconds / 1000);
  out += '.';
  const std::uint64_t rest = milliseconds % 1000;
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
}

void append_logged(std::string& out, const Message& message) {
  out += "{\"offset\":";
  append_number(out, message.offset);
  out += ",\"time\":";
  append_seconds(out, message.time_us);
  if (includes(message.audience, topic_signs, [](std::string_view) { return false; })) {
    out += ',';
    append_message_event(out, message);
    append_message_data(out, message);
  }
  out += '}';
}

void begin_page(std::string& out, std::uint64_t epoch, std::uint64_t offset) {
  out += '{';
  append_position(out, epoch, offset);
  out += ",\"messages\":[";
}

void end_page(std::string& out, bool more) { out += more ? "],\"more\":true}" : "],\"more\":false}"; }

void respond_page(HttpHost& host, const LogPage& page) {
  std::string body;
  begin_page(body, page.epoch, page.offset);
  for (const Message& message : page.messages) {
    if (&message != &page.messages.front()) body += ',';
    append_logged(body, message);
  }
  end_page(body, page.more);
  host.respond({.body = body, .extra_headers = {}});
}

}  // namespace proto::rest
