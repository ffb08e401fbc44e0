// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) as it comes in: a pull reader that checks the grammar of all it passes and keeps the values that a
// dialect does not look into as the bytes they are; and strings as they go out. No library builds a tree here: it would
// own memory per session, refuse 1e400 and copy what is only passed on.
// Thread: one at a time. Borrows the text, and unescapes strings in place: they are never longer than they were.
// Errors: the first one ends the reading; failed() and error() tell it. UTF-8 is checked by whoever brings the text.
// Limits: 64 levels of nesting in a value, or fewer, without recursion; 1 MiB for a value that is not a string.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/session.h"

namespace proto {

inline constexpr int json_depth_max = 64;
inline constexpr std::size_t json_value_bytes_max = 1024 * 1024;  // so that one value never takes a shard for long

enum class JsonType : std::uint8_t { none, object, array, string, number, literal };

// What to do about \ud800 to \udfff where the other half of the pair is missing. JavaScript writes such (of a string
// that was cut inside an emoji) and reads them; they have no UTF-8.
enum class HalfSurrogates : std::uint8_t {
  refuse,
  replace,  // in place, by \ufffd: what browsers make of them wherever text becomes UTF-8
};

class JsonReader {
 public:
  explicit JsonReader(std::span<char> text, HalfSurrogates half_surrogates = HalfSurrogates::refuse)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), half_surrogates_(half_surrogates) {}

  // Of the value that comes next, by its first byte; `none` when there is no value.
  [[nodiscard]] JsonType type();
  // Requires: type() is object. Then next_member() gives one key after the other, each to be followed by a read of its
  // value, until it gives none: the object has ended, or failed().
  void enter_object();
  [[nodiscard]] std::optional<std::string_view> next_member();
  // Requires: type() is array. Then next_element() is true before each element, to be followed by a read of it, until
  // it is false: the array has ended, or failed().
  void enter_array() { enter_object(); }
  [[nodiscard]] bool next_element() { return next(']'); }
  // The bytes of the next value, whatever it is; empty when failed(). Its own brackets are a level. Requires: at most
  // json_depth_max.
  std::span<char> read_value(int depth_max = json_depth_max);
  // The next value, unescaped. Requires: type() is string. None when failed().
  [[nodiscard]] std::optional<std::string_view> read_string();
  // True when nothing but white space is left.
  [[nodiscard]] bool finish();

  // How many bytes of the text have been read. After type() the next value begins there.
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] bool failed() const { return what_ != nullptr; }
  [[nodiscard]] Error error() const;  // Requires: failed().

 private:
  void skip_space();
  [[nodiscard]] bool take(char expected);
  [[nodiscard]] bool next(char closing);
  [[nodiscard]] bool skip_value(int depth_max);
  [[nodiscard]] bool skip_key();
  [[nodiscard]] bool skip_scalar();
  [[nodiscard]] bool skip_string();
  [[nodiscard]] std::string_view unescape(char* string_begin) const;
  [[nodiscard]] bool skip_escape();
  [[nodiscard]] bool skip_other_half();
  [[nodiscard]] bool half_surrogate();
  [[nodiscard]] std::optional<unsigned> take_code_unit();
  [[nodiscard]] bool skip_number();
  [[nodiscard]] bool skip_literal();
  bool fail(const char* what, int status = 400);

  char* begin_;
  char* at_;
  char* end_;
  const char* what_ = nullptr;
  int status_ = 400;
  HalfSurrogates half_surrogates_;
  bool first_member_ = false;
  bool escaped_ = false;  // the last string that was passed has escapes
};

// Whether the whole text is one JSON value with space around it. None: it is.
[[nodiscard]] std::optional<Error> check_json(std::span<char> text);

// The text of a JSON string, unescaped in place. Requires: `raw` is a string, quotes and all, that a JsonReader passed.
[[nodiscard]] std::string_view unescape_json(std::span<char> raw);

// Appends UTF-8 text as a JSON string, with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace proto
