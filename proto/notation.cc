// SPDX-License-Identifier: Apache-2.0
#include "proto/notation.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <charconv>

#include "proto/attachments.h"
#include "proto/json.h"
#include "proto/topic_name.h"
#include "proto/utf8.h"

namespace proto {
namespace {

constexpr std::size_t event_bytes_max = 255;
constexpr std::size_t brief_bytes_max = 40;

std::optional<std::uint64_t> parse(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, value, base);
  if (code != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

std::string_view word(Gap::Why why) {
  switch (why) {
    case Gap::Why::expired: return "expired";
    case Gap::Why::epoch: return "epoch";
    case Gap::Why::overflow: return "overflow";
  }
  return "";
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_epoch(std::string& out, std::uint64_t epoch) {
  constexpr char hex[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += hex[epoch >> shift & 0xF];
}

void append_position(std::string& out, std::uint64_t epoch, std::uint64_t offset) {
  out += "\"epoch\":\"";
  append_epoch(out, epoch);
  out += "\",\"offset\":";
  append_number(out, offset);
}

void append_error(std::string& out, const Error& error) {
  out += "\"error\":{\"code\":";
  append_number(out, static_cast<std::uint64_t>(error.status));
  out += ",\"message\":";
  append_json_string(out, error.message);
  out += '}';
}

void append_loss(std::string& out, const Gap& gap) {
  out += "\"gap\":{";
  if (gap.why != Gap::Why::epoch) {
    out += "\"from\":";
    append_number(out, gap.from);
    out += ",\"to\":";
    append_number(out, gap.to);
    out += ',';
  }
  out += "\"reason\":\"";
  out += word(gap.why);
  out += "\"}";
}

void append_message_data(std::string& out, const Message& message) {
  switch (message.kind) {
    case Kind::text:
      out += "\"data\":";
      append_json_string(out, message.content);
      return;
    case Kind::binary:
      out += "\"data_base64\":\"";
      append_base64(out, message.content);
      out += '"';
      return;
    case Kind::json:
      out += "\"data\":";
      out += message.content;
      return;
    case Kind::json_attachments:
      out += "\"data\":";
      append_inlined(out, message.content);
      return;
  }
}

void append_message_event(std::string& out, const Message& message) {
  if (message.event == default_event(message.topic)) return;
  out += "\"event\":";
  append_json_string(out, message.event);
  out += ',';
}

void append_gap(std::string& out, std::string_view topic, const Gap& gap) {
  out += "\"topic\":";
  append_json_string(out, topic);
  out += ',';
  append_loss(out, gap);
}

void append_base64(std::string& out, std::string_view bytes) {
  std::string text;
  absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()), &text);
  out += text;
}

Reason reason_of(const Error& error) {
  if (error.reason) return *error.reason;
  if (error.status == 401) return Reason::unauthorized;
  if (error.status == 413) return Reason::message_too_big;
  if (error.status >= 500) return Reason::internal_error;
  return Reason::policy_violation;
}

std::optional<std::uint64_t> parse_number(std::string_view digits) { return parse(digits, 10); }

std::optional<std::uint64_t> parse_epoch(std::string_view digits) {
  if (digits.size() > 16) return std::nullopt;
  return parse(digits, 16);
}

bool decode_base64(std::string_view text, std::string& bytes) {
  // Abseil takes white space, dots for padding and none at all; a wire format is better off with one spelling.
  if (text.size() % 4 != 0) return false;
  std::string_view digits = text;
  for (int i = 0; i < 2 && digits.ends_with('='); ++i) digits.remove_suffix(1);
  if (!std::all_of(digits.begin(), digits.end(), is_base64_digit)) return false;
  return absl::Base64Unescape(absl::string_view(text.data(), text.size()), &bytes);
}

std::string_view brief(std::string_view name) {
  if (name.size() <= brief_bytes_max) return name;
  std::size_t size = brief_bytes_max;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) --size;  // not inside a character
  return name.substr(0, size);
}

std::optional<Error> check_event(std::string_view event) {
  if (event.empty() || event.size() > event_bytes_max) return Error{400, "an event's name has 1 to 255 bytes"};
  if (std::any_of(event.begin(), event.end(), is_control)) {
    return Error{400, "an event's name has no control characters"};
  }
  if (!is_valid_utf8(event)) return Error{400, "an event's name is UTF-8"};
  return std::nullopt;
}

std::optional<Error> check_topic(std::string_view topic, Reserve reserve) {
  const std::optional<std::string_view> what = topic_name_error(topic, reserve);
  if (!what) return std::nullopt;
  return Error{400, std::string(*what)};
}

Answer<Start> read_start(const StartParameters& parameters) {
  Start start;
  if (parameters.after && parameters.last) return Error{400, "after and last exclude each other"};
  if (parameters.epoch) {
    if (!parameters.after) return Error{400, "epoch goes with after, the offset that belongs to it"};
    start.epoch = parse_epoch(*parameters.epoch);
    if (!start.epoch) return Error{400, "epoch is 1 to 16 hexadecimal digits"};
  }
  if (const auto& given = parameters.after ? parameters.after : parameters.last; given) {
    const std::optional<std::uint64_t> value = parse_number(*given);
    if (!value) return Error{400, parameters.after ? "after is an offset, a whole number" : "last is a whole number"};
    start.from = parameters.after ? Start::From::after : Start::From::last;
    start.value = *value;
  }
  return start;
}

}  // namespace proto
