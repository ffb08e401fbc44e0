// SPDX-License-Identifier: Apache-2.0
// Walks over field lines ("Name: value" CRLF … CRLF) byte by byte and refuses whatever is not exactly RFC 9112 §5: used
// for the fields of a head, for trailers, and to keep lines that we were handed from breaking out of an answer.
// Thread: one at a time. Owns nothing; it remembers a state and no bytes, so that it can stop anywhere.
// Errors: a refusal is a message; it is final.
// Limits: the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proto::http {

class FieldLines {
 public:
  enum class Event : std::uint8_t {
    need_more,  // the bytes ran out
    field,      // `at` stands behind a field line's CRLF
    end,        // `at` stands behind the empty line
    refused,
  };

  // Walks on from bytes[at] to the next event.
  [[nodiscard]] Event walk(std::string_view bytes, std::size_t& at);
  // Nothing of a line has been seen that is not complete.
  [[nodiscard]] bool at_line_start() const { return state_ == State::line_start; }
  [[nodiscard]] std::string_view message() const { return message_; }

 private:
  enum class State : std::uint8_t { line_start, name, value, value_lf, end_lf };

  Event refuse(std::string_view message);
  Event refuse_in_name(char c);
  Event refuse_in_value(char c);

  State state_ = State::line_start;
  std::string_view message_;
};

}  // namespace proto::http
