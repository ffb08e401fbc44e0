// SPDX-License-Identifier: Apache-2.0
// One session of Engine.IO v4, over HTTP long-polling or a WebSocket: the open packet, the heartbeat, packets in and
// out. What the messages mean is for who derives from it: SocketSession, PlainSession (open_session makes the one that
// the endpoint wants). Over either transport it is a WebSocketSession, and its host frames nothing: what is sent is
// framed for the present transport (framing.h); a host that polls joins what is sent and drops the first byte.
//
// Thread: a shard's, and after an upgrade another's: nothing of a host is kept between two calls.
// Owns: what its client said and may still be needed. Borrows: the rules, and the services until on_moved.
// Errors: Host::close(Reason). What a poll is told then, and how long, is the host's affair (protocol notes in
//   README.md). After it nothing but on_end is expected; what still comes is passed over.
// Limits: SessionLimits; EngineOptions::max_payload for a packet with its attachments.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/session.h"
#include "proto/socketio/dedupes.h"
#include "proto/socketio/endpoint_rules.h"
#include "proto/socketio/engine_packet.h"
#include "proto/socketio/fill.h"
#include "proto/socketio/framing.h"
#include "proto/socketio/keeper.h"
#include "proto/socketio/observer.h"
#include "proto/socketio/recovery_offset.h"

namespace proto::socketio {

// Those of the shard that the session is on.
struct Services {
  Keeper& keeper;
  Dedupes& dedupes;
  Observer& observer;
};

struct NewSession {
  std::string_view sid;  // of secret_bytes
  Framing framing = Framing::polling;
  OpeningRequest request = {};  // EndpointRules::opening
};

// How far a subscription was served, when its session moves.
struct Served {
  std::string topic;
  StreamPosition position;
};

// Where a subscription goes on that was served so far; now, where nothing is said of it.
[[nodiscard]] Start start_behind(std::span<const Served> served, std::string_view topic);

// A socket as operators see it.
struct SocketInfo {
  std::string_view nsp;
  std::string_view sid;
  std::uint32_t since_s = 0;  // 1970: when it was connected
  std::span<const std::string> rooms;
  std::span<const std::pair<std::string, std::string>> data;  // names and JSON
};

enum class PayloadResult : std::uint8_t {
  ok,         // all of it has been read
  more,       // its share is used up, or there is no room for an answer: the rest is to be read later
  malformed,  // no payload; closed by Host::close, and the POST is a 400
};

class EngineSession : public WebSocketSession {
 public:
  EngineSession(const EndpointRules& endpoint, Services& services, NewSession&& made);

  [[nodiscard]] const EndpointRules& endpoint() const { return endpoint_; }
  [[nodiscard]] std::string_view sid() const { return {sid_.data(), sid_.size()}; }
  [[nodiscard]] Framing framing() const { return framing_; }
  // The ping was not answered in time, even if no timer has said so yet. For a host, when a poll arrives.
  [[nodiscard]] bool is_overdue(const Clock& clock) const;

  // WebSocketSession. on_open() is the first call over either transport.
  void on_open(Host& host) final;
  void on_message(DataType type, std::span<char> payload, Host& host) final;
  void on_timer(Host& host) final;
  [[nodiscard]] bool watches_peer() const final { return true; }
  [[nodiscard]] bool says_why() const final { return false; }  // as the reference
  [[nodiscard]] std::string_view session_id() const final { return sid(); }
  void on_session_answer(SessionAnswer&& answer, Host& host) final;

  // A POST's whole body, whose size and type were checked: packets of it, until they were that many bytes.
  PayloadResult on_payload(PayloadReader& payload, std::size_t bytes_max, Host& host);

  // An upgrade. Between two hosts the session may be moved when it waits for no answer: those came to the old host.
  [[nodiscard]] virtual bool may_move() const { return true; }
  // The client has said `5`, and nothing more is to be sent by polling: from here on the session is framed for the
  // WebSocket, and its formats are others. Takes the deadline of a ping away. The host is to drop the subscriptions of
  // the old framing, on_moved makes the new ones; reframe() turns what is still queued into frames.
  void change_framing(Framing framing);
  // The first call with the new host. Subscribes again to all, each behind what was `served` (topics that are not named
  // begin now), and sends nothing.
  void on_moved(Services& services, std::span<const Served> served, Host& host);

  // Answers of the services.
  virtual void on_kept(Tag, std::optional<KeptSocket>&&, Host&) {}
  virtual void on_deduped(Tag, bool /*repeated*/, Host&) {}

  // For operators. A view lasts for the call. False: there is no such socket (or no room by that name).
  virtual void list_sockets(const std::function<void(const SocketInfo&)>&) const {}
  virtual bool join(std::string_view /*nsp*/, std::string_view /*sid*/, std::string_view /*room*/, Host&) {
    return false;
  }
  virtual bool leave(std::string_view /*nsp*/, std::string_view /*sid*/, std::string_view /*room*/, Host&) {
    return false;
  }
  virtual bool disconnect(std::string_view /*nsp*/, std::string_view /*sid*/, Host&) { return false; }

 protected:
  // What is derived from it does, at these points.
  virtual void on_opened(Host& host) = 0;
  virtual void on_text(std::span<char> text, Host& host) = 0;
  virtual void on_binary(std::string_view bytes, Host& host) = 0;
  virtual void subscribe_again(std::span<const Served> served, Host& host) = 0;
  // Its own deadline, of Clock::steady_ms, and what to do then; none: never.
  [[nodiscard]] virtual std::optional<std::int64_t> deadline() const { return std::nullopt; }
  virtual void on_deadline(Host&) {}

  // A text packet, its type included, and the binary messages behind it: as one piece.
  void send_packet(std::string_view text, std::span<const std::string_view> attachments, Host& host) const;
  void send_binary(std::string_view bytes, Host& host) const;
  void close(Reason reason, Host& host);
  // The client's mistake: counted, and the end.
  void offended(std::string_view nsp, std::string_view label, Host& host);
  [[nodiscard]] bool is_closing() const { return closing_; }
  // After deadline() has changed.
  void arm(Host& host) const;
  [[nodiscard]] Services& services() const { return *services_; }
  // What is known of the session, for the rules.
  [[nodiscard]] Known known(const Host& host) const;

 private:
  void take(const EnginePacket& packet, Host& host);
  void beat(std::int64_t now_ms, Host& host);

  const EndpointRules& endpoint_;
  Services* services_;
  std::unique_ptr<const OpeningRequest> request_;  // null: the rules name nothing of it
  std::int64_t heartbeat_ms_ = 0;                  // when the ping is due, or its answer
  std::array<char, secret_bytes> sid_;
  Framing framing_;
  bool pinged_ = false;  // and the answer is awaited
  bool closing_ = false;
};

// The session that the endpoint wants.
[[nodiscard]] std::unique_ptr<EngineSession> open_session(const EndpointRules& endpoint, Services& services,
                                                          NewSession&& made);

}  // namespace proto::socketio
