// SPDX-License-Identifier: Apache-2.0
#include "proto/http/request_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "proto/http/parse_head.h"

namespace proto::http {
namespace {

constexpr Refusal body_too_large{Reason::body_too_large, "the body is too large"};

}  // namespace

RequestReader::RequestReader(const Limits& limits)
    : limits_(&limits), body_bytes_max_(limits.body_bytes_max), scan_(limits) {}

RequestReader::Step RequestReader::read(std::string_view bytes) {
  switch (state_) {
    case State::head: return read_head(bytes);
    case State::sized: return read_sized(bytes);
    case State::chunked: return read_chunked(bytes);
    case State::end: return {0, End{}};
    case State::refused: break;
  }
  return {0, refusal_};
}

// A head that comes in one piece is read where it lies; otherwise it is collected, and no more than the limit of it.
RequestReader::Step RequestReader::read_head(std::string_view bytes) {
  const std::size_t held = head_.size();
  std::string_view head = bytes;
  if (held > 0) {
    head_.append(bytes.substr(0, scan_.bytes_max() - held));
    head = head_;
  }
  switch (scan_.scan(head)) {
    case HeadScan::Verdict::need_more:
      if (held == 0) head_ = bytes;
      return {bytes.size(), NeedMore{}};
    case HeadScan::Verdict::refused: return refuse(std::min(scan_.length() - held, bytes.size()), scan_.refusal());
    case HeadScan::Verdict::done: break;
  }
  const std::size_t consumed = scan_.length() - held;
  std::variant<Request, Refusal> parsed = parse_head(head, scan_);
  head_ = std::string();
  if (const Refusal* refusal = std::get_if<Refusal>(&parsed)) return refuse(consumed, *refusal);
  return begin_body(consumed, std::get<Request>(std::move(parsed)));
}

RequestReader::Step RequestReader::begin_body(std::size_t consumed, Request&& request) {
  length_ = remaining_ = request.content_length.value_or(0);
  if (length_ > body_bytes_max()) return refuse(consumed, body_too_large);
  state_ = scan_.chunked() ? State::chunked : State::sized;
  return {consumed, std::move(request)};
}

RequestReader::Step RequestReader::read_sized(std::string_view bytes) {
  if (length_ > body_bytes_max()) return refuse(0, body_too_large);
  if (remaining_ == 0) {
    state_ = State::end;
    return {0, End{}};
  }
  if (bytes.empty()) return {0, NeedMore{}};
  const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
  remaining_ -= piece.size();
  return {piece.size(), Piece{piece}};
}

RequestReader::Step RequestReader::read_chunked(std::string_view bytes) {
  const ChunkedDecoder::Step step = chunked_.decode(bytes, *limits_, body_bytes_max());
  switch (step.event) {
    case ChunkedDecoder::Event::need_more: return {step.consumed, NeedMore{}};
    case ChunkedDecoder::Event::piece: return {step.consumed, Piece{step.piece}};
    case ChunkedDecoder::Event::refused: return refuse(step.consumed, chunked_.refusal());
    case ChunkedDecoder::Event::end: break;
  }
  state_ = State::end;
  return {step.consumed, End{}};
}

RequestReader::Step RequestReader::refuse(std::size_t consumed, const Refusal& refusal) {
  head_ = std::string();
  state_ = State::refused;
  refusal_ = refusal;
  return {consumed, refusal};
}

std::uint64_t RequestReader::body_bytes_max() const {
  return body_bytes_max_.value_or(std::numeric_limits<std::uint64_t>::max());
}

}  // namespace proto::http
