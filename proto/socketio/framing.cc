// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/framing.h"

#include "proto/socketio/engine_packet.h"
#include "proto/websocket/frame.h"

namespace proto::socketio {

void append_packet(std::string& out, Framing framing, std::string_view text,
                   std::span<const std::string_view> attachments) {
  if (framing == Framing::polling) {
    out += separator;
    out += text;
  } else {
    websocket::append_frame(out, websocket::Opcode::text, text);
  }
  for (const std::string_view bytes : attachments) append_binary(out, framing, bytes);
}

void append_binary(std::string& out, Framing framing, std::string_view bytes) {
  if (framing == Framing::websocket) return websocket::append_frame(out, websocket::Opcode::binary, bytes);
  const std::size_t begin = begin_text(out, framing);
  append_base64_packet(out, bytes);
  end_text(out, framing, begin);
}

std::size_t begin_text(std::string& out, Framing framing) {
  if (framing == Framing::polling) out += separator;
  return out.size();
}

void end_text(std::string& out, Framing framing, std::size_t begin) {
  if (framing == Framing::polling) return;
  std::string header;
  websocket::append_header(header, websocket::Opcode::text, out.size() - begin);
  out.insert(begin, header);
}

std::string reframe(std::string_view queued, Framing framing) {
  std::string frames;
  while (!queued.empty()) {
    queued.remove_prefix(1);  // the separator
    std::string packet(queued.substr(0, queued.find(separator)));
    queued.remove_prefix(packet.size());
    EnginePacket parsed;
    const bool decodes = framing == Framing::websocket && !parse_engine_packet(packet, parsed) && parsed.binary;
    if (decodes) {
      append_binary(frames, framing, parsed.text());
    } else {
      append_packet(frames, framing, packet);
    }
  }
  return frames;
}

}  // namespace proto::socketio
