// SPDX-License-Identifier: Apache-2.0
#include "proto/http/compress.h"

#include <zlib.h>

namespace proto::http {
namespace {

// zlib's windowBits: the largest window, and 16 more asks for gzip's header (deflateInit2).
constexpr int window_bits = 15;
constexpr int gzip_bits = window_bits + 16;
// Answers are written once for each who polls: the quickest level.
constexpr int level = 1;
constexpr int memory_level = 8;

}  // namespace

std::string compress(std::string_view body, Coding coding) {
  z_stream stream{};
  const int bits = coding == Coding::gzip ? gzip_bits : window_bits;
  if (deflateInit2(&stream, level, Z_DEFLATED, bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);  // in one piece, as there is room for all of it
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace proto::http
