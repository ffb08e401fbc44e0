// SPDX-License-Identifier: Apache-2.0
// Decodes a chunked body (RFC 9112 §7.1) and ends exactly behind its trailers, which are checked and discarded. Our own
// rather than Boost.Beast's: that one wants a whole size line, and the last chunk with all trailers, contiguous in
// memory, and sets no limit to either (a peer chooses how much is buffered); and what it takes for an extension is more
// than the grammar has. This one keeps a state and a few numbers, and no bytes.
// Thread: one at a time.
// Errors: a Refusal, at the first byte that is wrong; it is final.
// Limits: chunk_line_bytes_max, trailer_bytes_max, and the size of the decoded body, which the caller gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/http/field_lines.h"
#include "proto/http/limits.h"

namespace proto::http {

class ChunkedDecoder {
 public:
  enum class Event : std::uint8_t { need_more, piece, end, refused };
  struct Step {
    Event event = Event::need_more;
    std::size_t consumed = 0;
    std::string_view piece;  // never empty; a view into what was given
  };

  // Reads on to the next event. `body_bytes_max` is of the whole body.
  [[nodiscard]] Step decode(std::string_view bytes, const Limits& limits, std::uint64_t body_bytes_max);
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailers,
    end,
    refused
  };

  void size_line_byte(char c, const Limits& limits);
  void end_of_size(char c);
  void end_of_size_line(std::uint64_t body_bytes_max);
  void trailers(std::string_view bytes, std::size_t& at, const Limits& limits);
  void refuse(Reason reason, std::string_view message);

  State state_ = State::size_start;
  FieldLines trailer_lines_;
  std::size_t line_bytes_ = 0;   // of the size line, then of the trailers
  std::uint64_t remaining_ = 0;  // of the chunk
  std::uint64_t total_ = 0;      // of the body, with the chunk at hand
  Refusal refusal_;
};

}  // namespace proto::http
