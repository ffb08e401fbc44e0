// SPDX-License-Identifier: Apache-2.0
// A text frame of a text that is written first, by those who cannot say beforehand how long it will be.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>

#include "proto/websocket/frame.h"

namespace proto::websocket {

// Makes a text frame of all that was appended behind `begin`.
inline void make_text_frame(std::string& out, std::size_t begin) {
  std::string header;
  append_header(header, Opcode::text, out.size() - begin);
  out.insert(begin, header);
}

}  // namespace proto::websocket
