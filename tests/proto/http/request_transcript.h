// SPDX-License-Identifier: Apache-2.0
// What a RequestReader makes of a stream of bytes, as one line of text, so that two ways to cut the stream can be
// compared: "GET /a · POST /b hello · !400" is a request without a body, one with, and a refusal; "…" at the end means
// that the stream stops inside a request. Shared by the tests and the fuzz target.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "proto/http/request_reader.h"

namespace proto::http {

inline constexpr Limits transcript_limits{.head_bytes_max = 4096,
                                          .target_bytes_max = 1024,
                                          .headers_max = 32,
                                          .chunk_line_bytes_max = 64,
                                          .trailer_bytes_max = 256,
                                          .body_bytes_max = 1000};

struct Transcript {
  std::string text;
  std::string message;       // of the refusal
  std::size_t consumed = 0;  // over all
  bool broke_promise = false;

  bool operator==(const Transcript&) const = default;
};

class TranscriptWriter {
 public:
  explicit TranscriptWriter(const Limits& limits) : limits_(limits), reader_(limits) {}

  // False when the reader has refused: nothing further is read.
  bool feed(std::string_view bytes) {
    for (;;) {
      const RequestReader::Step step = reader_.read(bytes);
      if (step.consumed > bytes.size()) return promise_broken();
      result_.consumed += step.consumed;
      if (const auto* piece = std::get_if<RequestReader::Piece>(&step.event)) {
        const bool inside = piece->bytes.data() >= bytes.data() &&
                            piece->bytes.data() + piece->bytes.size() <= bytes.data() + bytes.size();
        if (!inside || piece->bytes.empty()) return promise_broken();
        body_ += piece->bytes;
      }
      bytes.remove_prefix(step.consumed);
      if (const auto* request = std::get_if<Request>(&step.event)) {
        result_.text.append(separator()).append(request->method).append(" ").append(request->target);
      } else if (std::holds_alternative<RequestReader::End>(step.event)) {
        end_body();
        reader_ = RequestReader(limits_);
        if (!reader_.idle()) return promise_broken();
      } else if (const auto* refusal = std::get_if<Refusal>(&step.event)) {
        end_body();
        result_.text += separator() + "!" + std::to_string(facts(refusal->reason).status);
        result_.message = refusal->message;
        return false;
      } else if (std::holds_alternative<RequestReader::NeedMore>(step.event)) {
        return bytes.empty() || promise_broken();
      }
    }
  }

  Transcript finish(bool refused) {
    if (refused || reader_.idle()) return result_;
    end_body();
    result_.text += result_.text.empty() ? "…" : " …";
    return result_;
  }

 private:
  std::string separator() const { return result_.text.empty() ? "" : " · "; }
  void end_body() {
    if (!body_.empty()) result_.text += " " + body_;
    body_.clear();
  }
  bool promise_broken() {
    result_.broke_promise = true;
    return false;
  }

  const Limits& limits_;
  RequestReader reader_;
  std::string body_;
  Transcript result_;
};

inline Transcript read_all(std::span<const std::string_view> pieces, const Limits& limits = transcript_limits) {
  TranscriptWriter writer(limits);
  for (const std::string_view piece : pieces) {
    if (!writer.feed(piece)) return writer.finish(true);
  }
  return writer.finish(false);
}

inline Transcript read_cut_in_two(std::string_view input, std::size_t at, const Limits& limits = transcript_limits) {
  // Copies, so that a reader that looks beyond what it was given is seen by AddressSanitizer.
  const std::string head(input.substr(0, at));
  const std::string tail(input.substr(at));
  const std::string_view pieces[] = {head, tail};
  return read_all(pieces, limits);
}

inline Transcript read_byte_by_byte(std::string_view input, const Limits& limits = transcript_limits) {
  TranscriptWriter writer(limits);
  for (const char c : input) {
    const std::string byte(1, c);
    if (!writer.feed(byte)) return writer.finish(true);
  }
  return writer.finish(false);
}

}  // namespace proto::http
