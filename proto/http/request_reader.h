// SPDX-License-Identifier: Apache-2.0
// Reads one HTTP/1.x request from the bytes of a connection: its head, the pieces of its body, its end. The head is
// scanned strictly and then split; sized and chunked bodies are delivered as views, never collected. Bytes behind
// the request stay with the caller (pipelining).
// Thread: one at a time. Owns an incomplete head and nothing else on the heap; borrows the limits.
// Errors: a Refusal, once and for all: every further read() gives it again. The caller answers and closes.
// Limits: all of limits.h. The body's may be changed when the head is known, until the next read().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proto/http/chunked.h"
#include "proto/http/head_scan.h"
#include "proto/http/limits.h"
#include "proto/http/request.h"

namespace proto::http {

class RequestReader {
 public:
  struct NeedMore {};
  struct Piece {
    std::string_view bytes;  // of the decoded body; a view into what was given to read(); never empty
  };
  struct End {};
  using Event = std::variant<NeedMore, Request, Piece, End, Refusal>;
  struct Step {
    std::size_t consumed = 0;
    Event event;
  };

  explicit RequestReader(const Limits& limits);

  // Reads on to the next event. With NeedMore everything given is consumed. Call it until NeedMore, End or a Refusal,
  // also with no bytes left: a request without a body has its End right behind its head.
  [[nodiscard]] Step read(std::string_view bytes);

  // Routes differ in what they take. Called between the head and the next read().
  void set_body_bytes_max(std::optional<std::uint64_t> bytes) { body_bytes_max_ = bytes; }

  // Nothing of the request has come in: a peer may leave here without an answer.
  [[nodiscard]] bool idle() const { return state_ == State::head && head_.empty(); }

 private:
  enum class State : std::uint8_t { head, sized, chunked, end, refused };

  Step read_head(std::string_view bytes);
  Step begin_body(std::size_t consumed, Request&& request);
  Step read_sized(std::string_view bytes);
  Step read_chunked(std::string_view bytes);
  Step refuse(std::size_t consumed, const Refusal& refusal);
  [[nodiscard]] std::uint64_t body_bytes_max() const;

  const Limits* limits_;
  State state_ = State::head;
  std::optional<std::uint64_t> body_bytes_max_;
  std::uint64_t length_ = 0;     // of a sized body
  std::uint64_t remaining_ = 0;  // of it
  HeadScan scan_;
  ChunkedDecoder chunked_;
  Refusal refusal_;
  std::string head_;  // the beginning of a head that did not come in one piece
};

}  // namespace proto::http
