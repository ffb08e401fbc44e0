// SPDX-License-Identifier: Apache-2.0
// The client's side of one connection in one protocol: bytes in, deliveries out. No I/O, no clock. One file a protocol.
//
// Thread: one. Owns: what of the input is incomplete. Borrows: nothing between calls.
// Errors: what a correct server would never send makes on_bytes() false, and error() says what it was.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/unpacker.h"

namespace bench::load {

enum class Role { subscriber, publisher };

// Takes the deliveries of a connection, in the order in which they came.
class Sink {
 public:
  virtual void on_payload(std::string_view payload) = 0;

 protected:
  ~Sink() = default;
};

struct ProtocolOptions {
  Role role = Role::subscriber;
  std::string host;                 // for a Host header
  std::vector<std::string> topics;  // subscribed to, or published to
  Unpacker* unpacker = nullptr;     // raw: permessage-deflate is offered; it outlives the protocol
  std::string path;                 // of the upgrade, where the protocol has one; "" takes the protocol's own
};

class Protocol {
 public:
  virtual ~Protocol() = default;
  // Appends what is sent as soon as the connection stands: an upgrade, CONNECT, subscriptions.
  virtual void start(std::string& out) = 0;
  // Takes all of the bytes. Appends to `out` what must be answered (PONG, acknowledgements).
  [[nodiscard]] virtual bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) = 0;
  // Handshake done and every subscription confirmed, as far as the protocol confirms them.
  [[nodiscard]] virtual bool ready() const = 0;
  // Appends one publish; `topic` is an index into ProtocolOptions::topics. Requires: ready(), a publisher.
  virtual void publish(std::size_t topic, std::string_view payload, std::string& out) = 0;
  [[nodiscard]] const std::string& error() const { return error_; }

 protected:
  bool fail(std::string what) {
    error_ = std::move(what);
    return false;
  }

 private:
  std::string error_;
};

// Null for a name that there is not: raw, native, sse, wamp, nats, mqtt, nchan, socketio, socketio-polling, centrifuge.
[[nodiscard]] std::unique_ptr<Protocol> make_protocol(std::string_view name, const ProtocolOptions& options);

}  // namespace bench::load
