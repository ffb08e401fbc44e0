// SPDX-License-Identifier: Apache-2.0
// Requests as the tables of the tests write them, and the check that each is read alike however it is cut: in one
// piece, in two at each byte, and byte by byte.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

#include "request_transcript.h"

namespace proto::http {

struct Vector {
  std::string_view name;
  std::string input;
  std::string_view expected;
};

inline void expect_at_every_cut(const Vector& vector, const Limits& limits = transcript_limits) {
  SCOPED_TRACE(vector.name);
  const std::string_view whole[] = {vector.input};
  const Transcript reference = read_all(whole, limits);
  EXPECT_EQ(reference.text, vector.expected) << reference.message;
  EXPECT_FALSE(reference.broke_promise);
  for (std::size_t at = 0; at <= vector.input.size(); ++at) {
    ASSERT_EQ(read_cut_in_two(vector.input, at, limits), reference) << "cut at " << at;
  }
  ASSERT_EQ(read_byte_by_byte(vector.input, limits), reference) << "byte by byte";
}

inline void expect_all(std::span<const Vector> vectors) {
  for (const Vector& vector : vectors) expect_at_every_cut(vector);
}

inline std::string get(std::string_view headers) {
  return std::string("GET / HTTP/1.1\r\nHost: a\r\n").append(headers).append("\r\n");
}

inline std::string post(std::string_view headers, std::string_view body) {
  return std::string("POST /x HTTP/1.1\r\nHost: a\r\n").append(headers).append("\r\n").append(body);
}

inline std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

}  // namespace proto::http
