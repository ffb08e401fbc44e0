// SPDX-License-Identifier: Apache-2.0
#include "broker/base/log_format.h"

#include <chrono>

#include "absl/strings/str_format.h"

namespace broker::base {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;  // false: one byte that is not UTF-8
};

// The first character of text that is not empty. Refuses overlong forms, surrogates and what is beyond U+10FFFF.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t code = lead & (0xff >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  const char32_t least = bytes == 4 ? 0x10000 : bytes == 3 ? 0x800 : 0x80;
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, bytes, true};
}

// What a terminal or a log viewer might obey instead of showing: controls, line separators, marks of text direction.
bool harmless(char32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool separates = code == 0x2028 || code == 0x2029 || code == 0xfeff;
  const bool directs = code == 0x200e || code == 0x200f || code == 0x061c || (code >= 0x202a && code <= 0x202e) ||
                       (code >= 0x2066 && code <= 0x2069);
  return !control && !separates && !directs;
}

void append_escaped_character(std::string& out, LogFormat format, std::string_view bytes, const Character& character) {
  switch (character.code) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (format == LogFormat::json) {
    absl::StrAppendFormat(&out, "\\u%04x", character.valid ? static_cast<unsigned>(character.code) : 0xfffdu);
  } else {
    for (const char byte : bytes) absl::StrAppendFormat(&out, "\\x%02x", static_cast<unsigned char>(byte));
  }
}

void append_escaped(std::string& out, LogFormat format, std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::string_view bytes = text.substr(0, character.bytes);
    if (character.code == '"' || character.code == '\\') {
      out += '\\';
      out += bytes;
    } else if (character.valid && harmless(character.code)) {
      out += bytes;
    } else {
      append_escaped_character(out, format, bytes, character);
    }
    text.remove_prefix(character.bytes);
  }
}

void append_quoted(std::string& out, LogFormat format, std::string_view text) {
  out += '"';
  append_escaped(out, format, text);
  out += '"';
}

bool needs_quotes(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
  }
  return text.empty();
}

void append_time(std::string& out, std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<milliseconds>(time - day)};
  absl::StrAppendFormat(&out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                        clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

void append_field(std::string& out, LogFormat format, std::string_view key, LogRecord::Piece value) {
  if (format == LogFormat::json) {
    out += ',';
    append_quoted(out, format, key);
    out += ':';
  } else {
    out += ' ';
    append_escaped(out, format, key);
    out += '=';
  }
  if (value.bare || (format == LogFormat::text && !needs_quotes(value.text))) {
    out += value.text;
  } else {
    append_quoted(out, format, value.text);
  }
}

}  // namespace

void append_line(std::string& out, LogFormat format, const LogRecord& record, std::string_view thread_name) {
  std::size_t offset = 0;
  const std::string_view message = record.next(offset).value_or(LogRecord::Piece{}).text;
  if (format == LogFormat::json) {
    out += "{\"time\":\"";
    append_time(out, record.time);
    out += "\",\"level\":\"";
    out += name_of(record.level);
    out += "\",\"message\":";
    append_quoted(out, format, message);
  } else {
    append_time(out, record.time);
    out += ' ';
    out += name_of(record.level);
    out += ' ';
    append_escaped(out, format, message);
  }
  while (const auto key = record.next(offset)) {
    const auto value = record.next(offset);
    if (!value) break;
    append_field(out, format, key->text, *value);
  }
  append_field(out, format, "thread", {thread_name, false});
  if (record.cut) append_field(out, format, "cut", {"true", true});
  out += format == LogFormat::json ? "}\n" : "\n";
}

}  // namespace broker::base
