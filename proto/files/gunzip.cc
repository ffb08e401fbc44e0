// SPDX-License-Identifier: Apache-2.0
#include "proto/files/gunzip.h"

#include <zlib.h>

#include <cstdint>

namespace proto::files {
namespace {

constexpr std::size_t member_bytes_min = 18;  // RFC 1952 §2.3: a header of 10, two numbers of 4 at the end
constexpr std::size_t ratio_max = 1032;       // of deflate: 258 bytes in two bits
constexpr int gzip_window_bits = 16 + MAX_WBITS;

// RFC 1952 §2.3.1: ISIZE, the last four bytes, least significant first.
std::size_t stated_size(std::string_view member) {
  std::size_t size = 0;
  for (std::size_t i = 1; i <= 4; ++i) size = size << 8 | static_cast<std::uint8_t>(member[member.size() - i]);
  return size;
}

}  // namespace

std::string gunzip(std::string_view member) {
  if (member.size() < member_bytes_min) return {};
  const std::size_t size = stated_size(member);
  if (size > ratio_max * member.size()) return {};
  std::string out(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window_bits) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(member.data()));  // zlib does not write to its input
  stream.avail_in = static_cast<uInt>(member.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
  inflateEnd(&stream);
  return whole ? out : std::string();
}

}  // namespace proto::files
