// SPDX-License-Identifier: Apache-2.0
#include "proto/http/field_lines.h"

#include "proto/http/characters.h"

namespace proto::http {

FieldLines::Event FieldLines::walk(std::string_view bytes, std::size_t& at) {
  while (at < bytes.size()) {
    const char c = bytes[at];
    switch (state_) {
      case State::line_start:
        // RFC 9112 §5.2: a server may refuse a folded line; unfolding it is what other parsers disagree about.
        if (c == ' ' || c == '\t') return refuse("a header line begins with white space (folding is not accepted)");
        if (c == ':') return refuse("a header without a name");
        if (c != '\r' && !is(token_character, c)) return refuse_in_name(c);
        state_ = c == '\r' ? State::end_lf : State::name;
        break;
      case State::name:
        at = end_of_run(token_character, bytes, at);
        if (at == bytes.size()) return Event::need_more;
        if (bytes[at] != ':') return refuse_in_name(bytes[at]);
        state_ = State::value;
        break;
      case State::value:
        at = end_of_run(value_character, bytes, at);
        if (at == bytes.size()) return Event::need_more;
        if (bytes[at] != '\r') return refuse_in_value(bytes[at]);
        state_ = State::value_lf;
        break;
      case State::value_lf:
      case State::end_lf: {
        if (c != '\n') return refuse("a carriage return without a line feed");
        ++at;
        const Event event = state_ == State::end_lf ? Event::end : Event::field;
        state_ = State::line_start;
        return event;
      }
    }
    ++at;
  }
  return Event::need_more;
}

FieldLines::Event FieldLines::refuse(std::string_view message) {
  message_ = message;
  return Event::refused;
}

FieldLines::Event FieldLines::refuse_in_name(char c) {
  // RFC 9112 §5.1: white space before the colon has been used for request smuggling and must be refused.
  if (c == ' ' || c == '\t') return refuse("white space before the colon of a header");
  if (c == '\r') return refuse("a header line without a colon");
  if (c == '\n') return refuse("a line feed without a carriage return");
  return refuse("a character that may not stand in a header's name");
}

FieldLines::Event FieldLines::refuse_in_value(char c) {
  if (c == '\n') return refuse("a line feed without a carriage return");
  return refuse("a control character in a header's value");
}

}  // namespace proto::http
