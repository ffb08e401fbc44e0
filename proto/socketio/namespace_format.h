// SPDX-License-Identifier: Apache-2.0
// How a message of a namespace's stream is written for its sockets: an event, its arguments as `deliver` says, and the
// recovery's offset behind them. One constant for each namespace and framing, so that an event is encoded once for all
// who have it. What a client's parser would refuse is not written at all.
// Thread: any; immutable. Borrows the rules.
#pragma once

#include "proto/session.h"
#include "proto/socketio/framing.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

struct NamespaceFormat : WireFormat {
  NamespaceFormat(const NamespaceRules& of, Framing with);
  const NamespaceRules& rules;
  Framing framing;
};

}  // namespace proto::socketio
