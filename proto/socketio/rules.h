// SPDX-License-Identifier: Apache-2.0
// What a Socket.IO server's handlers would do, as data: the rules of the settings' sections `engineio` and `socketio`
// (README.md, "Rules"), read and checked by read_rules.h, carried out by run_rules.h.
// Thread: any; immutable once read. Owns: all of it. Steps point into it, so it outlives them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/http/cors.h"

namespace proto::socketio {

// A value with holes. A list or map without any is one constant.
struct Template {
  enum class Kind : std::uint8_t {
    constant,   // text: JSON
    argument,   // $0, $1 …: index
    arguments,  // $args
    auth,       // $auth, $auth.x.y: path
    query,      // $query.x: text
    header,     // $headers.x: text, in lower case
    sid,        // $sid
    data,       // $data.x.y: text is x, path the rest
    event,      // $event
    cursor,     // $cursor
    time,       // $time
    message,    // $message
    binary,     // {binary: BASE64}: text is the bytes
    list,       // items
    map,        // items: key, value, key, value …; keys are constants
  };
  Kind kind = Kind::constant;
  std::string text = "null";
  std::size_t index = 0;
  std::vector<std::string> path = {};
  std::vector<Template> items = {};
};

// What `when` and `unless` name; it holds where the subject is there and not null.
struct Condition {
  bool recovered = false;  // the connection's state was recovered, instead of a subject
  Template subject = {};
};
// Holds where all of `when` do, and not all of `unless`.
struct Guard {
  std::vector<Condition> when = {};
  std::vector<Condition> unless = {};
  [[nodiscard]] bool always() const { return when.empty() && unless.empty(); }
};

enum class ActionKind : std::uint8_t {
  emit,
  ask,
  broadcast,
  join,
  leave,
  set,
  replay,
  disconnect,
  publish,
  drop,
  send
};

struct Action {
  ActionKind kind = ActionKind::drop;
  Guard guard = {};
  std::optional<Template> event = {};  // emit, ask, broadcast; publish, where one is named; replay: a constant
  std::vector<Template> args = {};     // emit, ask, broadcast, publish
  std::vector<Template> to = {};       // broadcast: rooms; none: everybody in the namespace
  std::vector<Template> except = {};   // broadcast: rooms
  bool sender = true;                  // broadcast: the sender gets it too
  bool member = false;                 // broadcast: only where the sender is in one of the rooms
  Template value = {};                 // join, leave: the room; publish: the topic; replay: after; send: what
  std::vector<std::pair<std::string, Template>> data = {};  // set
  std::vector<Action> then = {};                            // ask: what is done with the answer's arguments
  std::string topic = {};                                   // replay: that of the event
};

// --- Socket.IO ------------------------------------------------------------------------------------

enum class ArgumentType : std::uint8_t { any, string, number, boolean, object, array, binary, null };

struct ArgumentChecks {
  std::optional<std::uint64_t> max;    // how many
  std::vector<ArgumentType> types;     // of the first ones, which must be there
  std::optional<std::uint64_t> bytes;  // of all: their JSON and their attachments
};
struct Rate {  // of one socket
  std::uint64_t per_second = 0;
  std::uint64_t burst = 0;
};
struct Dedupe {
  Template by = {};
  std::chrono::milliseconds window{};
};
struct EventRule {
  std::string event;  // a name, or a pattern with * and ?
  std::string topic;  // where what it broadcasts is published
  ArgumentChecks checks;
  std::optional<Rate> rate;
  std::optional<Dedupe> dedupe;
  std::vector<Action> actions;
  std::optional<std::vector<Template>> ack;  // none: no acknowledgement
};
struct Recovery {
  std::chrono::milliseconds window = std::chrono::minutes(2);
  std::uint64_t bytes = 64 * 1024 * 1024;
};
// A CONNECT that is answered with CONNECT_ERROR.
struct ConnectRefusal {
  Guard guard;
  std::string message = "Forbidden";
  std::optional<Template> data;
};
struct Delivery {
  std::string event = {};  // a name, or a pattern
  std::vector<Template> args = {};
};
struct NamespaceRules {
  std::string name = "/";
  std::optional<Recovery> recovery;
  std::vector<ConnectRefusal> refuse;  // the first that holds
  std::vector<Action> on_connect;
  std::vector<Action> on_disconnect;
  std::vector<std::string> rooms;  // patterns of names that sockets may join by a rule
  std::vector<EventRule> events;   // the first that matches decides
  std::vector<Delivery> deliver;   // the first that matches; none: the arguments as they are
};

// --- Engine.IO ------------------------------------------------------------------------------------

using http::Cors;
enum class SameSite : std::uint8_t { lax, strict, none };
struct Cookie {
  std::string name = "io";
  std::string path = "/";
  SameSite same_site = SameSite::lax;
  bool http_only = true;
};
// Timing and transport of one endpoint.
struct EngineOptions {
  std::chrono::milliseconds ping_interval = std::chrono::seconds(25);
  std::chrono::milliseconds ping_timeout = std::chrono::seconds(20);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(45);
  std::chrono::milliseconds upgrade_timeout = std::chrono::seconds(10);
  std::uint64_t max_payload = 1'000'000;  // bytes
  bool polling = true;
  bool websocket = true;
  std::optional<Cors> cors;
  std::optional<Cookie> cookie;
  std::vector<std::pair<std::string, std::string>> headers;  // of the handshake's response; fit to be sent
  std::vector<Guard> refuse;                                 // any that holds: 403, code 4
};
struct MessageRule {
  std::string match;  // a pattern of texts; "*" matches binary messages too
  std::vector<Action> actions;
};
struct EngineEndpoint {
  std::string path = {};
  EngineOptions options = {};
  std::vector<std::string> subscribe = {};  // topics
  std::vector<Action> on_connect = {};
  std::vector<MessageRule> messages = {};  // the first that matches decides
};

struct Rules {
  std::string path = "/socket.io/";  // of Socket.IO; paths have the slash at the end
  EngineOptions options;             // of that endpoint
  std::vector<NamespaceRules> namespaces = {NamespaceRules{}};
  std::vector<EngineEndpoint> endpoints;  // of plain Engine.IO

  // Of Socket.IO's endpoint; null: access.origins.
  [[nodiscard]] const Cors* cors() const { return options.cors ? &*options.cors : nullptr; }
};

}  // namespace proto::socketio
