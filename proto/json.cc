// SPDX-License-Identifier: Apache-2.0
#include "proto/json.h"

#include <cstring>

#include "proto/json_text.h"

namespace proto {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_high_surrogate(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

JsonType JsonReader::type() {
  if (failed()) return JsonType::none;
  skip_space();
  if (at_ == end_) return JsonType::none;
  switch (*at_) {
    case '{': return JsonType::object;
    case '[': return JsonType::array;
    case '"': return JsonType::string;
    case 't':
    case 'f':
    case 'n': return JsonType::literal;
    default: return *at_ == '-' || is_digit(*at_) ? JsonType::number : JsonType::none;
  }
}

void JsonReader::enter_object() {
  ++at_;
  first_member_ = true;
}

// Passes the comma before the next member or element, or the bracket that closes.
bool JsonReader::next(char closing) {
  if (failed()) return false;
  skip_space();
  const bool first = first_member_;
  first_member_ = false;
  if (take(closing)) return false;
  if (first) return true;
  if (!take(',')) {
    return fail(closing == '}' ? "a comma or a closing brace is missing" : "a comma or a closing bracket is missing");
  }
  skip_space();
  return true;
}

std::optional<std::string_view> JsonReader::next_member() {
  if (!next('}')) return std::nullopt;
  char* const key = at_;
  if (!skip_string()) return std::nullopt;
  const std::string_view name = unescape(key);
  skip_space();
  if (!take(':')) {
    fail("a colon is missing");
    return std::nullopt;
  }
  return name;
}

std::span<char> JsonReader::read_value(int depth_max) {
  if (failed()) return {};
  skip_space();
  char* const start = at_;
  if (!skip_value(depth_max)) return {};
  return {start, at_};
}

std::optional<std::string_view> JsonReader::read_string() {
  if (failed()) return std::nullopt;
  skip_space();
  char* const start = at_;
  if (!skip_string()) return std::nullopt;
  return unescape(start);
}

bool JsonReader::finish() {
  if (failed()) return false;
  skip_space();
  return at_ == end_ || fail("something follows the value");
}

Error JsonReader::error() const {
  std::string message = what_;
  if (status_ == 400) message = "not JSON: " + message + ", at byte " + std::to_string(at_ - begin_);
  return Error{status_, std::move(message)};
}

void JsonReader::skip_space() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

bool JsonReader::take(char expected) {
  if (at_ == end_ || *at_ != expected) return false;
  ++at_;
  return true;
}

bool JsonReader::skip_value(int depth_max) {
  const char* const start = at_;
  const bool bounded = type() != JsonType::string;
  std::uint64_t objects = 0;  // one bit a level, the innermost lowest: an object, not an array
  static_assert(json_depth_max <= 64, "a level is a bit");
  int depth = 0;
  for (;;) {
    skip_space();
    if (at_ != end_ && (*at_ == '{' || *at_ == '[')) {
      if (depth >= depth_max) return fail("nested more than 64 levels deep");
      const bool object = *at_++ == '{';
      objects = objects << 1 | (object ? 1U : 0U);
      ++depth;
      skip_space();
      const bool empty = at_ != end_ && *at_ == (object ? '}' : ']');
      if (!empty) {
        if (object && !skip_key()) return false;
        continue;
      }
    } else if (!skip_scalar()) {
      return false;
    }
    // A value has ended, or stands before the bracket that ends it: close what closes, then pass one comma.
    while (depth > 0) {
      skip_space();
      if (at_ == end_ || *at_ != ((objects & 1) != 0 ? '}' : ']')) break;
      ++at_;
      objects >>= 1;
      --depth;
    }
    if (bounded && static_cast<std::size_t>(at_ - start) > json_value_bytes_max) {
      return fail("JSON above 1 MiB; publish it as text", 413);
    }
    if (depth == 0) return true;
    if (!take(',')) return fail("a comma or a closing bracket is missing");
    skip_space();
    if ((objects & 1) != 0 && !skip_key()) return false;
  }
}

bool JsonReader::skip_key() {
  if (!skip_string()) return false;
  skip_space();
  return take(':') || fail("a colon is missing");
}

bool JsonReader::skip_scalar() {
  switch (type()) {
    case JsonType::string: return skip_string();
    case JsonType::number: return skip_number();
    case JsonType::literal: return skip_literal();
    default: return fail(at_ == end_ ? "it ends too early" : "a value is missing");
  }
}

bool JsonReader::skip_string() {
  if (!take('"')) return fail("a string is missing");
  escaped_ = false;
  for (;;) {
    at_ += plain_json_bytes({at_, static_cast<std::size_t>(end_ - at_)});
    if (at_ == end_) return fail("a string has no end");
    if (*at_ == '"') {
      ++at_;
      return true;
    }
    if (*at_ != '\\') return fail("a control character in a string");
    escaped_ = true;
    if (!skip_escape()) return false;
  }
}

// The text of the string that was just passed.
std::string_view JsonReader::unescape(char* string_begin) const {
  if (escaped_) return unescape_json({string_begin, at_});
  return {string_begin + 1, at_ - 1};
}

bool JsonReader::skip_escape() {
  ++at_;
  if (at_ == end_) return fail("a string has no end");
  const char kind = *at_++;
  if (kind != 'u') return std::strchr("\"\\/bfnrt", kind) != nullptr && kind != '\0' ? true : fail("an unknown escape");
  const std::optional<unsigned> unit = take_code_unit();
  if (!unit) return fail("\\u wants four hexadecimal digits");
  if (is_low_surrogate(*unit)) return half_surrogate();
  if (!is_high_surrogate(*unit)) return true;
  return skip_other_half() || half_surrogate();
}

bool JsonReader::skip_other_half() {
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with("\\u") || end_ - at_ < 6) return false;
  const std::optional<unsigned> low = json_code_unit(at_ + 2);
  if (!low || !is_low_surrogate(*low)) return false;
  at_ += 6;
  return true;
}

// The \u escape that was just passed is no character without its other half, so it has no UTF-8 (RFC 8259 §8.2).
bool JsonReader::half_surrogate() {
  if (half_surrogates_ == HalfSurrogates::refuse) return fail("half of a surrogate pair");
  std::memcpy(at_ - 4, "fffd", 4);
  return true;
}

std::optional<unsigned> JsonReader::take_code_unit() {
  if (end_ - at_ < 4) return std::nullopt;
  const std::optional<unsigned> unit = json_code_unit(at_);
  if (unit) at_ += 4;
  return unit;
}

bool JsonReader::skip_number() {
  const auto digits = [this] {
    if (at_ == end_ || !is_digit(*at_)) return fail("a digit is missing");
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  };
  (void)take('-');
  if (!take('0') && !digits()) return false;
  if (at_ != end_ && is_digit(*at_)) return fail("a number begins with 0");
  if (take('.') && !digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) (void)take('-');
    if (!digits()) return false;
  }
  return true;
}

bool JsonReader::skip_literal() {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) continue;
    at_ += word.size();
    return true;
  }
  return fail("an unknown word");
}

bool JsonReader::fail(const char* what, int status) {
  if (what_ == nullptr) {
    what_ = what;
    status_ = status;
  }
  return false;
}

std::optional<Error> check_json(std::span<char> text) {
  JsonReader reader(text);
  reader.read_value();
  if (reader.finish()) return std::nullopt;
  return reader.error();
}

}  // namespace proto
