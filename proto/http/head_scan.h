// SPDX-License-Identifier: Apache-2.0
// The strict scan of a request's raw head (RFC 9112 §2.2–§6.3): it judges each byte, and what passes it means the same
// to every parser. Our own rather than Boost.Beast's, which lets requests be smuggled: unknown transfer codings, folded
// lines, repeated lengths and Hosts pass that one. README.md has the table of what is refused, and how.
// Thread: one at a time. Owns no bytes: the caller keeps the head contiguous and hands it over again, longer.
// Errors: a Refusal, at the first byte that is wrong; it is final.
// Limits: head_bytes_max, target_bytes_max, headers_max. Each byte is looked at once (a finished line a second time).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/http/field_lines.h"
#include "proto/http/limits.h"

namespace proto::http {

class HeadScan {
 public:
  enum class Verdict : std::uint8_t { need_more, done, refused };

  // Borrows the limits.
  explicit HeadScan(const Limits& limits);

  // `head` is everything from the head's first byte on, at least as long as in the call before. Bytes behind the head
  // are not looked at.
  Verdict scan(std::string_view head);

  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

  // Of a head that is done.
  [[nodiscard]] std::size_t length() const { return at_; }
  [[nodiscard]] std::size_t begin() const { return begin_; }  // behind the empty line that may come first
  [[nodiscard]] int version_minor() const { return version_minor_; }
  [[nodiscard]] std::size_t header_count() const { return header_count_; }
  [[nodiscard]] bool chunked() const { return chunked_; }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const { return content_length_; }
  [[nodiscard]] std::size_t bytes_max() const;

 private:
  enum class State : std::uint8_t {
    start,
    empty_line_lf,
    tls_hello,
    method,
    target_start,
    target,
    version,
    request_line_lf,
    fields
  };

  void step(std::string_view head);
  void method_byte(std::string_view head, char c);
  void target_byte(std::string_view head, char c);
  void version_byte(std::string_view head, char c);
  void end_request_line(std::string_view head);
  void field_line(std::string_view line);
  void host(std::string_view value);
  void content_length(std::string_view value);
  void transfer_encoding(std::string_view value);
  void connection(std::string_view value);
  void end_head();
  void refuse(Reason reason, std::string_view message);
  void refuse_byte(char c, std::string_view otherwise);

  const Limits* limits_;
  State state_ = State::start;
  Verdict verdict_ = Verdict::need_more;
  bool chunked_ = false;
  bool host_seen_ = false;
  int version_minor_ = 1;
  std::uint32_t at_ = 0;     // the next byte to look at; all offsets are from the head's first byte
  std::uint32_t begin_ = 0;  // of the request line
  std::uint32_t target_begin_ = 0;
  std::uint32_t version_begin_ = 0;
  std::uint32_t line_begin_ = 0;  // of the field line at hand
  std::uint32_t header_count_ = 0;
  std::optional<std::uint64_t> content_length_;
  FieldLines lines_;
  Refusal refusal_;
};

}  // namespace proto::http
