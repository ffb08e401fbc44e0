// SPDX-License-Identifier: Apache-2.0
// One socket: what a session has in one namespace. A struct of SocketSession's, which keeps it.
// Thread: the session's. Owns all but the rules.
// Limits: SessionLimits, and the constants here.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/session.h"
#include "proto/socketio/assembler.h"
#include "proto/socketio/endpoint_rules.h"
#include "proto/socketio/keeper.h"
#include "proto/socketio/recovery_offset.h"

namespace proto::socketio {

inline constexpr std::size_t asks_max = 64;     // whose answers are awaited; then the oldest is forgotten
inline constexpr std::size_t delayed_max = 64;  // events whose key is being looked up; more are refused
inline constexpr std::size_t replays_max = 4;   // at a time; more are refused

// A question's tag says whose it is and which of them: the socket's serial, and a number that its kind of question has.
[[nodiscard]] constexpr Tag tag_of(std::uint32_t serial, std::uint32_t number) { return Tag{serial} << 32 | number; }
[[nodiscard]] constexpr std::uint32_t serial_of(Tag tag) { return static_cast<std::uint32_t>(tag >> 32); }
[[nodiscard]] constexpr std::uint32_t number_of(Tag tag) { return static_cast<std::uint32_t>(tag); }
inline constexpr Tag nobody_waits = 0;  // serials begin at 1
// Of publishes the number is an acknowledgement's, and its last bit says whether the cursor is that publish's.
inline constexpr std::uint32_t ack_number_max = 0x7FFFFFFF;

// An acknowledgement that waits for what its event published; or nobody's, where only the event's key is to be
// forgotten if that fails.
struct WaitingAck {
  std::uint32_t number = 0;
  std::uint32_t publishes = 0;
  bool refused = false;
  std::optional<std::uint64_t> id;
  std::string cursor = {};  // of the last that was published
  std::string json;
  std::vector<std::size_t> cursors;
  std::vector<std::string> attachments;
  std::string key;  // of dedupe; empty: none
};

// A packet of ours that wants an acknowledgement.
struct Ask {
  std::uint64_t id = 0;
  const Action* action = nullptr;
};

// An event that waits to hear whether its key was seen.
struct DelayedEvent {
  std::uint32_t number = 0;
  const EventRule* rule = nullptr;
  std::string key;
  std::unique_ptr<BinaryPacket> packet;
};

struct Bucket {
  const EventRule* rule = nullptr;
  std::int64_t full_at_us = 0;  // of Clock::steady_ms
};

// The messages of an event behind a cursor, page by page.
struct Replay {
  std::uint32_t number = 0;
  std::string topic;
  std::string event;
  Start next;
  // Of a socket that was just connected: what came later it gets anyway; and where it stands for recovery once it has
  // seen all this.
  std::optional<StreamPosition> until;
  std::optional<std::int64_t> paused_until_ms = std::nullopt;  // there was no room
};

// What a client that comes back asks for, until it has it.
struct Resumption {
  std::string pid;
  StreamPosition position;
  KeptSocket kept;
};

// What an idle socket has nothing of.
struct SocketExtra {
  std::string auth;  // JSON without the recovery's secrets; empty: {}
  std::vector<std::pair<std::string, std::string>> data;
  std::vector<std::string> rooms;
  std::vector<Bucket> buckets;
  std::vector<Ask> asks;
  std::vector<WaitingAck> acks;
  std::vector<DelayedEvent> delayed;
  std::vector<Replay> replays;
  std::unique_ptr<Resumption> resumption;
  StreamPosition resumed_at;  // in State::replaying

  [[nodiscard]] bool is_empty() const {
    return auth.empty() && data.empty() && rooms.empty() && buckets.empty() && asks.empty() && acks.empty() &&
           delayed.empty() && replays.empty() && resumption == nullptr;
  }
};

struct Socket {
  enum class State : std::uint8_t {
    asking,       // Keeper for what it had
    subscribing,  // to what comes from now on
    resuming,     // subscribing to what it missed
    replaying,    // what it missed is being sent; the answer to its CONNECT follows
    connected,
  };

  [[nodiscard]] const NamespaceRules& rules() const { return served->rules; }
  [[nodiscard]] std::string_view nsp() const { return served->rules.name; }
  [[nodiscard]] std::string_view sid() const { return {sid_bytes.data(), sid_bytes.size()}; }
  // Empty: none.
  [[nodiscard]] std::string_view pid() const { return {pid_bytes.data(), has_pid ? pid_bytes.size() : 0}; }
  [[nodiscard]] bool is_subscribed() const { return state != State::asking; }
  SocketExtra& more() {
    if (extra == nullptr) extra = std::make_unique<SocketExtra>();
    return *extra;
  }
  // What it has had for a while it may not need any more.
  void tidy() {
    if (extra != nullptr && extra->is_empty()) extra.reset();
  }
  [[nodiscard]] bool is_in(std::string_view room) const;
  // Live events wait until it has seen what its on_connect replays.
  [[nodiscard]] bool is_catching_up() const;

  const ServedNamespace* served = nullptr;
  std::unique_ptr<SocketExtra> extra = nullptr;
  std::uint32_t serial = 0;   // of the CONNECT, in the tags of questions
  std::uint32_t since_s = 0;  // 1970: when it was connected
  State state = State::subscribing;
  bool has_pid = false;
  std::array<char, secret_bytes> sid_bytes{};
  std::array<char, secret_bytes> pid_bytes{};
};
static_assert(sizeof(Socket) <= 72, "an idle socket pays for it");

}  // namespace proto::socketio
