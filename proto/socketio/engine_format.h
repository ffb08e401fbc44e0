// SPDX-License-Identifier: Apache-2.0
// How a topic's messages are written for the sessions of a plain Engine.IO endpoint that subscribes to it: the content
// as one message, text or binary; JSON is text, with attachments in their places. A text with a separator (0x1e) in it
// cannot be polled, and is not written for pollers.
// Thread: any; constants.
#pragma once

#include "proto/session.h"
#include "proto/socketio/framing.h"

namespace proto::socketio {

[[nodiscard]] const WireFormat& engine_format(Framing framing);

}  // namespace proto::socketio
