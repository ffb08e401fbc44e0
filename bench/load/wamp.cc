// SPDX-License-Identifier: Apache-2.0
#include "bench/load/wamp.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "bench/load/websocket_client.h"

namespace bench::load {
namespace {

constexpr std::string_view subprotocol = "Sec-WebSocket-Protocol: wamp.2.json\r\n";
constexpr std::string_view hello = "[1,\"realm1\",{\"roles\":{\"subscriber\":{},\"publisher\":{}}}]";
// The messages that a broker sends, by their type.
constexpr std::string_view welcome = "[2,";
constexpr std::string_view subscribed = "[33,";
constexpr std::string_view event = "[36,";
// [36,SUBSCRIPTION,PUBLICATION,{…},["payload"]]; neither the details nor the payload hold what JSON escapes.
constexpr std::string_view arguments = ",[\"";
constexpr std::string_view event_end = "\"]]";

// Topics are URIs, in which '.' stands where a topic has '/'.
std::string uri_of(std::string topic) {
  std::ranges::replace(topic, '/', '.');
  return topic;
}

class Wamp final : public Protocol {
 public:
  explicit Wamp(const ProtocolOptions& options) : options_(options) {
    if (options_.path.empty()) options_.path = "/ws";
    if (options_.role == Role::subscriber) unconfirmed_ = options_.topics.size();
    for (std::string& topic : options_.topics) topic = uri_of(topic);
  }

  void start(std::string& out) override {
    WebSocketClient::append_upgrade(options_.path, options_.host, subprotocol, out);
  }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    const bool was_upgraded = socket_.upgraded();
    const bool good =
        socket_.on_bytes(bytes, out, [&](std::string_view message, bool) { return take(message, sink, out); });
    if (!good) return socket_.error().empty() ? false : fail("wamp: " + socket_.error());
    if (!was_upgraded && socket_.upgraded()) WebSocketClient::append_frame(WebSocketClient::Opcode::text, hello, out);
    return true;
  }

  bool ready() const override { return joined_ && unconfirmed_ == 0; }

  // Unacknowledged: the broker answers nothing.
  void publish(std::size_t topic, std::string_view payload, std::string& out) override {
    message_ = "[16," + std::to_string(++requests_) + ",{},\"" + options_.topics[topic] + "\",[\"";
    message_.append(payload).append("\"]]");
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, message_, out);
  }

 private:
  bool take(std::string_view message, Sink& sink, std::string& out) {
    if (message.starts_with(event) && message.ends_with(event_end)) [[likely]] {
      const std::size_t begin = message.find(arguments) + arguments.size();
      sink.on_payload(message.substr(begin, message.size() - event_end.size() - begin));
    } else if (message.starts_with(welcome) && !joined_) {
      joined_ = true;
      if (options_.role == Role::subscriber) subscribe(out);
    } else if (message.starts_with(subscribed) && unconfirmed_ > 0) {
      --unconfirmed_;
    } else {
      return fail("wamp: an unexpected message: " + std::string(message.substr(0, 200)));
    }
    return true;
  }

  void subscribe(std::string& out) {
    for (const std::string& topic : options_.topics) {
      message_ = "[32," + std::to_string(++requests_) + ",{},\"" + topic + "\"]";
      WebSocketClient::append_frame(WebSocketClient::Opcode::text, message_, out);
    }
  }

  ProtocolOptions options_;
  std::string message_;
  WebSocketClient socket_;
  std::uint64_t requests_ = 0;
  std::size_t unconfirmed_ = 0;
  bool joined_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_wamp(const ProtocolOptions& options) { return std::make_unique<Wamp>(options); }

}  // namespace bench::load
