// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/rule_actions.h"

namespace proto::socketio {
namespace {

using enum ActionKind;

constexpr ActionKind of_socket[] = {emit, ask, broadcast, join, leave, set, replay, disconnect, publish, drop};
constexpr ActionKind of_gone_socket[] = {broadcast, publish, drop};
constexpr ActionKind of_engine[] = {send, publish, disconnect, drop};

constexpr std::uint32_t of_anybody = Scope::request | Scope::auth | Scope::time;
constexpr std::uint32_t of_connected = of_anybody | Scope::sid | Scope::data;

}  // namespace

Scope connect_scope(const NamespaceRules& nsp) {
  return {.name = "on_connect", .known = of_connected | Scope::recovered, .actions = of_socket, .nsp = &nsp};
}
Scope disconnect_scope(const NamespaceRules& nsp) {
  return {.name = "on_disconnect", .known = of_connected, .actions = of_gone_socket, .nsp = &nsp};
}
Scope event_scope(const NamespaceRules& nsp) {
  return {.name = "do", .known = of_connected | Scope::arguments | Scope::event, .actions = of_socket, .nsp = &nsp};
}
Scope ack_scope(const NamespaceRules& nsp) {
  return {.name = "ack", .known = of_connected | Scope::arguments | Scope::event | Scope::cursor, .nsp = &nsp};
}
Scope refuse_scope() { return {.name = "refuse", .known = of_anybody}; }
Scope deliver_scope() {
  return {.name = "deliver", .known = Scope::arguments | Scope::event | Scope::cursor | Scope::time};
}
Scope handshake_scope() { return {.name = "refuse", .known = Scope::request | Scope::time}; }
Scope engine_connect_scope() {
  return {.name = "on_connect", .known = Scope::request | Scope::time, .actions = of_engine};
}
Scope engine_message_scope() {
  return {.name = "do", .known = Scope::request | Scope::time | Scope::message, .actions = of_engine};
}

}  // namespace proto::socketio
