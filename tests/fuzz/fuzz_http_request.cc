// SPDX-License-Identifier: Apache-2.0
// The request reader over a whole connection's bytes: pipelined requests, bodies, refusals. However the bytes are cut,
// the same comes out; never more is consumed than was given, and body pieces lie inside what was given.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "../proto/http/request_transcript.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proto::http;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view whole[] = {input};
  const Transcript reference = read_all(whole);
  if (reference.broke_promise || reference.consumed > size) std::abort();
  if (!(read_byte_by_byte(input) == reference)) std::abort();
  // A few cuts that the input itself chooses; all of them would make one run too slow.
  for (std::size_t i = 0; i < 8 && size > 0; ++i) {
    const std::size_t at = (data[i % size] * 257u + i * 31u) % (size + 1);
    if (!(read_cut_in_two(input, at) == reference)) std::abort();
  }
  return 0;
}
