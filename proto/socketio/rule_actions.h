// SPDX-License-Identifier: Apache-2.0
// The actions of a rule, read: `do`, `on_connect`, `on_disconnect` and `then` (README.md, "Actions").
// Thread: one at a time. Errors: mistakes in the reader; what could not be read is left out.
#pragma once

#include <vector>

#include "proto/socketio/rule_template.h"

namespace proto::socketio {

[[nodiscard]] std::vector<Action> read_actions(RuleReader& reader, const Place& list, const Scope& scope);

// What may be done, and what is known, where a rule may stand. `nsp` is read for its rooms.
[[nodiscard]] Scope connect_scope(const NamespaceRules& nsp);
[[nodiscard]] Scope disconnect_scope(const NamespaceRules& nsp);
[[nodiscard]] Scope event_scope(const NamespaceRules& nsp);
[[nodiscard]] Scope ack_scope(const NamespaceRules& nsp);
[[nodiscard]] Scope refuse_scope();  // of a namespace
[[nodiscard]] Scope deliver_scope();
[[nodiscard]] Scope handshake_scope();  // of a request that opens a session
[[nodiscard]] Scope engine_connect_scope();
[[nodiscard]] Scope engine_message_scope();

}  // namespace proto::socketio
