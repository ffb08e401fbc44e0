// SPDX-License-Identifier: Apache-2.0
#include "proto/http/chunked.h"

#include <algorithm>

#include "proto/http/characters.h"

namespace proto::http {

ChunkedDecoder::Step ChunkedDecoder::decode(std::string_view bytes, const Limits& limits,
                                            std::uint64_t body_bytes_max) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::end && state_ != State::refused) {
    const char c = bytes[at];
    switch (state_) {
      case State::size_start:
      case State::size:
      case State::extension:
        size_line_byte(c, limits);
        ++at;
        break;
      case State::size_lf:
        if (c == '\n') {
          end_of_size_line(body_bytes_max);
        } else {
          refuse(Reason::bad_request, "a carriage return without a line feed");
        }
        ++at;
        break;
      case State::data: {
        const std::string_view piece = bytes.substr(at, std::min<std::uint64_t>(remaining_, bytes.size() - at));
        remaining_ -= piece.size();
        if (remaining_ == 0) state_ = State::data_cr;
        return {Event::piece, at + piece.size(), piece};
      }
      case State::data_cr:
      case State::data_lf:
        if (c != (state_ == State::data_cr ? '\r' : '\n')) {
          refuse(Reason::bad_request, "a chunk is longer than it says");
        } else {
          state_ = state_ == State::data_cr ? State::data_lf : State::size_start;
        }
        ++at;
        break;
      case State::trailers: trailers(bytes, at, limits); break;
      case State::end:
      case State::refused: break;
    }
  }
  if (state_ == State::refused) return {Event::refused, at, {}};
  return {state_ == State::end ? Event::end : Event::need_more, at, {}};
}

void ChunkedDecoder::size_line_byte(char c, const Limits& limits) {
  if (c == '\r' && state_ != State::size_start) {
    state_ = State::size_lf;
    return;
  }
  if (state_ == State::size_start) {
    line_bytes_ = 0;
    remaining_ = 0;
  }
  if (++line_bytes_ > limits.chunk_line_bytes_max) {
    return refuse(Reason::bad_request, "a chunk's size line is too long");
  }
  if (state_ == State::extension) {
    if (!is(value_character, c)) refuse(Reason::bad_request, "a control character in a chunk extension");
    return;
  }
  const int digit = hex_value(c);
  if (digit < 0) return end_of_size(c);
  if (remaining_ >> 60 != 0) return refuse(Reason::bad_request, "a chunk size that is too large to be one");
  remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
  state_ = State::size;
}

void ChunkedDecoder::end_of_size(char c) {
  if (c != ';' || state_ != State::size) return refuse(Reason::bad_request, "a chunk size that is not a number");
  state_ = State::extension;
}

void ChunkedDecoder::end_of_size_line(std::uint64_t body_bytes_max) {
  if (remaining_ == 0) {
    line_bytes_ = 0;
    state_ = State::trailers;
    return;
  }
  if (total_ > body_bytes_max || remaining_ > body_bytes_max - total_) {
    return refuse(Reason::body_too_large, "the body is too large");
  }
  total_ += remaining_;
  state_ = State::data;
}

void ChunkedDecoder::trailers(std::string_view bytes, std::size_t& at, const Limits& limits) {
  const std::size_t before = at;
  const std::string_view allowed =
      bytes.substr(0, before + std::min(bytes.size() - before, limits.trailer_bytes_max - line_bytes_));
  const FieldLines::Event event = trailer_lines_.walk(allowed, at);
  line_bytes_ += at - before;
  if (event == FieldLines::Event::refused) return refuse(Reason::bad_request, trailer_lines_.message());
  if (event == FieldLines::Event::end) {
    state_ = State::end;
    return;
  }
  if (line_bytes_ >= limits.trailer_bytes_max) refuse(Reason::head_too_large, "the trailers are too large");
}

void ChunkedDecoder::refuse(Reason reason, std::string_view message) {
  state_ = State::refused;
  refusal_ = {reason, message};
}

}  // namespace proto::http
