// SPDX-License-Identifier: Apache-2.0
#include "bench/load/socketio.h"

#include <string>
#include <string_view>
#include <vector>

#include "bench/load/websocket_client.h"

namespace bench::load {
namespace {

// An Engine.IO packet is a digit and its data, a Socket.IO packet (within Engine.IO's 4, message) a further digit.
constexpr std::string_view engine_ping = "2";
constexpr std::string_view engine_pong = "3";
constexpr std::string_view connect_packet = "40";
constexpr std::string_view ack_packet = "43";
// What the server relays, as it encodes it: 42["message","…"].
constexpr std::string_view message_head = "42[\"message\",\"";
constexpr std::string_view message_tail = "\"]";

class SocketIo final : public Protocol {
 public:
  explicit SocketIo(const ProtocolOptions& options) : options_(options) {
    if (options_.path.empty()) {
      options_.path = "/socket.io/?EIO=4&transport=websocket";
    }
    if (options_.role == Role::subscriber) {
      unconfirmed_ = options_.topics.size();
    }
    for (const std::string& topic : options_.topics) {
      publish_heads_.push_back("42[\"publish\",\"" + topic + "\",\"");
    }
  }

  void start(std::string& out) override { WebSocketClient::append_upgrade(options_.path, options_.host, "", out); }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    const bool good =
        socket_.on_bytes(bytes, out, [&](std::string_view message, bool) { return take(message, sink, out); });
    return good || (!socket_.error().empty() ? fail("socket.io: " + socket_.error()) : false);
  }

  bool ready() const override { return connected_ && unconfirmed_ == 0; }

  void publish(std::size_t topic, std::string_view payload, std::string& out) override {
    packet_.assign(publish_heads_[topic]).append(payload).append("\"]");
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, packet_, out);
  }

 private:
  bool take(std::string_view packet, Sink& sink, std::string& out) {
    if (packet.starts_with(message_head) && packet.ends_with(message_tail)) [[likely]] {
      sink.on_payload(packet.substr(message_head.size(), packet.size() - message_head.size() - message_tail.size()));
      return true;
    }
    if (packet == engine_ping) {
      WebSocketClient::append_frame(WebSocketClient::Opcode::text, engine_pong, out);
    } else if (packet.starts_with("0{")) {  // Engine.IO's open, answered by a connect to the main namespace
      WebSocketClient::append_frame(WebSocketClient::Opcode::text, connect_packet, out);
    } else if (packet.starts_with(connect_packet)) {
      connected_ = true;
      join(out);
    } else if (packet.starts_with(ack_packet) && unconfirmed_ > 0) {
      --unconfirmed_;
    } else {
      return fail("socket.io: an unexpected packet: " + std::string(packet.substr(0, 200)));
    }
    return true;
  }

  // An event with an id, 42<id>["join","<room>"], so that the server's acknowledgement tells that it is done.
  void join(std::string& out) {
    if (options_.role == Role::publisher) {
      return;
    }
    for (std::size_t id = 0; id < options_.topics.size(); ++id) {
      packet_ = "42" + std::to_string(id) + "[\"join\",\"" + options_.topics[id] + "\"]";
      WebSocketClient::append_frame(WebSocketClient::Opcode::text, packet_, out);
    }
  }

  ProtocolOptions options_;
  std::vector<std::string> publish_heads_;
  std::string packet_;
  WebSocketClient socket_;
  std::size_t unconfirmed_ = 0;
  bool connected_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_socketio(const ProtocolOptions& options) { return std::make_unique<SocketIo>(options); }

}  // namespace bench::load
