// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/log_session.h"

#include "proto/notation.h"
#include "proto/rest/publish_session.h"

namespace proto::rest {
namespace {

constexpr Tag only_tag = 0;

// Seconds since 1970 with three decimals.
void append_time(std::string& out, std::int64_t time_us) {
  const auto milliseconds = static_cast<std::uint64_t>(time_us / 1000);
  append_number(out, milliseconds / 1000);
  out += '.';
  const std::uint64_t rest = milliseconds % 1000;
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
}

void append_message(std::string& out, const Message& message) {
  out += "{\"offset\":";
  append_number(out, message.offset);
  out += ",\"time\":";
  append_time(out, message.time_us);
  out += ',';
  append_message_event(out, message);
  append_message_data(out, message);
  out += '}';
}

}  // namespace

void LogSession::on_body_end(HttpHost& host) {
  if (const std::optional<Error> error = host.read_log(only_tag, topic_, start_, limit_)) respond_error(host, *error);
}

void LogSession::on_log(Tag, const Answer<LogPage>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return respond_error(http(host), *error);
  const LogPage& page = std::get<LogPage>(answer);
  std::string body = "{";
  append_position(body, page.epoch, page.offset);
  body += ",\"messages\":[";
  for (const Message& message : page.messages) {
    if (&message != &page.messages.front()) body += ',';
    append_message(body, message);
  }
  body += page.more ? "],\"more\":true}" : "],\"more\":false}";
  http(host).respond({.body = body, .extra_headers = {}});
}

}  // namespace proto::rest
