// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/engine_format.h"

#include <string>
#include <string_view>

#include "proto/attachments.h"
#include "proto/socketio/engine_packet.h"

namespace proto::socketio {
namespace {

struct EngineFormat : WireFormat {
  Framing framing;
};

bool can_carry(Framing framing, const Message& message) {
  return framing != Framing::polling || message.kind == Kind::binary || fits_payload(message.content) ||
         message.kind == Kind::json_attachments;  // inlined it is JSON
}

void append_message(const WireFormat& self, const Message& message, std::string& out) {
  const Framing framing = static_cast<const EngineFormat&>(self).framing;
  if (!can_carry(framing, message)) return;
  if (message.kind == Kind::binary) return append_binary(out, framing, message.content);
  const std::size_t begin = begin_text(out, framing);
  append_engine_packet(out, EngineType::message, {});
  if (message.kind == Kind::json_attachments) {
    append_inlined(out, message.content);
  } else {
    out += message.content;
  }
  end_text(out, framing, begin);
}

std::string_view refusal_of(const WireFormat& self, const Message& message) {
  return can_carry(static_cast<const EngineFormat&>(self).framing, message) ? "" : "separator";
}

constexpr EngineFormat formats[] = {
    {{"engineio", &append_message, &refusal_of}, Framing::websocket},
    {{"engineio", &append_message, &refusal_of}, Framing::websocket_base64},
    {{"engineio", &append_message, &refusal_of}, Framing::polling},
};

}  // namespace

const WireFormat& engine_format(Framing framing) { return formats[static_cast<std::size_t>(framing)]; }

}  // namespace proto::socketio
