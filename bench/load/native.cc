// SPDX-License-Identifier: Apache-2.0
#include "bench/load/native.h"

#include "bench/load/websocket_client.h"

namespace bench::load {
namespace {

constexpr std::string_view subprotocol = "Sec-WebSocket-Protocol: kodama.v1.json\r\n";

class Native final : public Protocol {
 public:
  explicit Native(const ProtocolOptions& options) : options_(options) {
    if (options_.path.empty()) options_.path = "/ws";
    if (options_.role == Role::subscriber) unconfirmed_ = options_.topics.size();
  }

  void start(std::string& out) override {
    WebSocketClient::append_upgrade(options_.path, options_.host, subprotocol, out);
  }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    const bool was_upgraded = socket_.upgraded();
    const bool good = socket_.on_bytes(bytes, out, [&](std::string_view message, bool) { return take(message, sink); });
    if (!good) return socket_.error().empty() ? false : fail(socket_.error());
    if (!was_upgraded && socket_.upgraded() && options_.role == Role::subscriber) subscribe(out);
    return true;
  }

  bool ready() const override { return socket_.upgraded() && unconfirmed_ == 0; }

  // Without an id: the server answers only what fails.
  void publish(std::size_t topic, std::string_view payload, std::string& out) override {
    command_.assign("{\"publish\":{\"topic\":\"").append(options_.topics[topic]);
    command_.append("\",\"data\":\"").append(payload).append("\"}}");
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, command_, out);
  }

 private:
  void subscribe(std::string& out) {
    for (std::size_t id = 1; id <= options_.topics.size(); ++id) {
      command_ = "{\"id\":" + std::to_string(id) + ",\"subscribe\":{\"topic\":\"" + options_.topics[id - 1] + "\"}}";
      WebSocketClient::append_frame(WebSocketClient::Opcode::text, command_, out);
    }
  }

  // {"topic":"…","offset":41,"data":"…"}; neither the names nor the payload hold what JSON escapes.
  bool take(std::string_view message, Sink& sink) {
    constexpr std::string_view begin = "{\"topic\":\"";
    constexpr std::string_view offset = "\",\"offset\":";
    constexpr std::string_view data = ",\"data\":\"";
    constexpr std::string_view end = "\"}";
    if (!message.starts_with(begin)) return take_answer(message);
    std::size_t at = message.find('"', begin.size());
    if (at != std::string_view::npos && message.substr(at, offset.size()) == offset) {
      at += offset.size();
      while (at < message.size() && message[at] >= '0' && message[at] <= '9') ++at;
      if (message.substr(at, data.size()) == data && message.ends_with(end)) {
        at += data.size();
        sink.on_payload(message.substr(at, message.size() - end.size() - at));
        return true;
      }
    }
    // Told of a gap: the sequence of the deliveries will show it.
    return message.find("\"gap\":") != std::string_view::npos ||
           fail("not a delivery: " + std::string(message.substr(0, 200)));
  }

  bool take_answer(std::string_view message) {
    if (message.find("\"ok\":") == std::string_view::npos || unconfirmed_ == 0) {
      return fail("the server answered " + std::string(message.substr(0, 200)));
    }
    --unconfirmed_;
    return true;
  }

  ProtocolOptions options_;
  std::size_t unconfirmed_ = 0;
  std::string command_;
  WebSocketClient socket_;
};

}  // namespace

std::unique_ptr<Protocol> make_native(const ProtocolOptions& options) { return std::make_unique<Native>(options); }

}  // namespace bench::load
