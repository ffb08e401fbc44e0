// SPDX-License-Identifier: Apache-2.0
// Rules carried out, as far as that needs no state: what is to be done, with everything filled in. Whoever holds the
// sockets keeps rates, keys that were seen, rooms and data, and does the steps in their order:
//
//   rule = find_rule(…)        none: dropped, counted, logged once
//   check_arguments(…)         too many, too large, of another kind: refused
//   rule.rate, dedupe_key(…)   the holder's: beyond the rate refused, a key that was seen acknowledged alone
//   run(rule.actions, …)       steps; a refusal means that none of them is done, and no acknowledgement is sent
//   fill_list(*rule.ack, …)    when they are done and what they publish is sequenced; the cursor is known now
//
// Thread: any; nothing is kept. Borrows: steps view the rules, and the attachments of the event.
// Errors: values; all of them are the peer's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/socketio/fill.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

inline constexpr std::size_t named_rooms_max = 64;  // in a broadcast's `to`, and in its `except`

enum class RuleRefusal : std::uint8_t {
  too_many_arguments,
  wrong_argument,  // not of the kind that the rule wants
  arguments_too_large,
  bad_event,  // empty, too long, begins with '$', or one of the clients' own
  bad_room,   // no text, no room's name, or none of those that may be joined; too many of them
  bad_topic,
  binary_data,    // an attachment, where data is kept
  undeliverable,  // more attachments than a packet has, or placeholders of none
};
[[nodiscard]] std::string_view label(RuleRefusal refusal);  // of metrics

struct Step {
  const Action* action = nullptr;    // what is done: its kind, `sender`, `member`, `then`, `topic`
  std::string text = {};             // join, leave: the room; publish: the topic; replay: after, or nothing
  std::string event = {};            // emit, ask, broadcast, publish (there empty: the topic's own), replay
  Filled content = {};               // emit, ask, broadcast, publish: arguments; send: see `binary`
  std::vector<std::string> to = {};  // broadcast: rooms; none: everybody in the namespace
  std::vector<std::string> except = {};
  std::vector<std::pair<std::string, std::string>> data = {};  // set: names and JSON
  bool binary =
      false;  // send, and publish in plain Engine.IO: the one attachment is the message; otherwise `json` is, text
};

struct Outcome {
  std::vector<Step> steps;
  std::optional<RuleRefusal> refused;  // then there are no steps
  bool dropped = false;                // an action said so: what came before it is done, no acknowledgement is sent
};

// The first rule that matches an event from a client. Null: none does.
[[nodiscard]] const EventRule* find_rule(const NamespaceRules& nsp, std::string_view event);
[[nodiscard]] const NamespaceRules* find_namespace(const Rules& rules, std::string_view name);
[[nodiscard]] const MessageRule* find_rule(const EngineEndpoint& endpoint, const EngineMessage& message);
[[nodiscard]] const Delivery* find_delivery(const NamespaceRules& nsp, std::string_view event);
// The first refusal of a CONNECT that holds, and whether an Engine.IO handshake is refused.
[[nodiscard]] const ConnectRefusal* find_refusal(const NamespaceRules& nsp, const Known& known);
[[nodiscard]] bool refuses(const EngineOptions& options, const Known& known);

[[nodiscard]] std::optional<RuleRefusal> check_event_name(std::string_view event);  // of a client
[[nodiscard]] std::optional<RuleRefusal> check_arguments(const ArgumentChecks& checks, const Arguments& arguments);
// The key and all arguments, attachments too. Empty: the event has no key, and is never a repetition.
[[nodiscard]] std::string dedupe_key(const Dedupe& dedupe, const Known& known);

// `nsp`: whose rules they are; null in plain Engine.IO.
[[nodiscard]] Outcome run(std::span<const Action> actions, const Known& known, const NamespaceRules* nsp);

}  // namespace proto::socketio
