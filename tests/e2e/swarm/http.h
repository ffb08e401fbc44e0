// SPDX-License-Identifier: Apache-2.0
// As much of HTTP/1.1's answers as a client of this server has to understand.
// Thread: any. Borrows: the bytes it reads; views live as long as they do.
// Errors: values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace swarm {

struct HttpHead {
  int status = 0;
  std::string_view text;  // the header lines
  std::size_t bytes = 0;  // of the whole head

  // Names are compared without regard to case; empty: there is none.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

// None: more bytes are needed.
[[nodiscard]] std::optional<HttpHead> read_head(std::string_view bytes);

// One chunk of a chunked body (RFC 9112 §7.1), read when it is there as a whole.
struct Chunk {
  enum class Kind { need_more, data, last, bad };
  Kind kind = Kind::need_more;
  std::string_view data;
  std::size_t bytes = 0;
};
[[nodiscard]] Chunk read_chunk(std::string_view bytes);

void append_chunk(std::string& out, std::string_view data);

// The number or the string behind `key` in a flat JSON answer.
[[nodiscard]] std::optional<std::uint64_t> json_number(std::string_view json, std::string_view key);
[[nodiscard]] std::string_view json_string(std::string_view json, std::string_view key);

}  // namespace swarm
