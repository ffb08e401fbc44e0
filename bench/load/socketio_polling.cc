// SPDX-License-Identifier: Apache-2.0
#include "bench/load/socketio_polling.h"

#include <charconv>
#include <string>
#include <string_view>

#include "bench/load/socketio.h"
#include "bench/load/whole_messages.h"

namespace bench::load {
namespace {

constexpr char packet_separator = '\x1e';
constexpr std::string_view open_head = "0{\"sid\":\"";
constexpr std::string_view post_answer = "ok";
constexpr std::string_view engine_ping = "2";
constexpr std::string_view engine_pong = "3";
constexpr std::string_view engine_noop = "6";
constexpr std::string_view connect_packet = "40";
constexpr std::string_view ack_packet = "43";
// What the server relays, as it encodes it: 42["message","…"].
constexpr std::string_view message_head = "42[\"message\",\"";
constexpr std::string_view message_tail = "\"]";

class SocketIoPolling final : public Protocol {
 public:
  explicit SocketIoPolling(const ProtocolOptions& options) : options_(options), unconfirmed_(options.topics.size()) {
    if (options_.path.empty()) options_.path = "/socket.io/?EIO=4&transport=polling";
  }

  void start(std::string& out) override { append_request("GET", "", out); }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    return responses_.feed(bytes, [&](std::string_view in) { return take_response(in, sink, out); });
  }

  bool ready() const override { return connected_ && unconfirmed_ == 0; }

  // No role of this class: see make_socketio_polling().
  void publish(std::size_t /*topic*/, std::string_view /*payload*/, std::string& /*out*/) override {}

 private:
  void append_request(std::string_view method, std::string_view body, std::string& out) const {
    out.append(method).append(" ").append(options_.path);
    if (!sid_.empty()) out.append("&sid=").append(sid_);
    out.append(" HTTP/1.1\r\nHost: ").append(options_.host);
    if (!body.empty()) {
      out.append("\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ").append(std::to_string(body.size()));
    }
    out.append("\r\n\r\n").append(body);
  }

  void say(std::string_view packet) {
    if (!unsaid_.empty()) unsaid_ += packet_separator;
    unsaid_ += packet;
  }

  std::ptrdiff_t take_response(std::string_view in, Sink& sink, std::string& out) {
    constexpr std::string_view blank_line = "\r\n\r\n";
    constexpr std::string_view length_name = "\r\nContent-Length: ";
    const std::size_t end = in.find(blank_line);
    if (end == std::string_view::npos) return 0;
    const std::string_view head = in.substr(0, end);
    const std::size_t length_at = head.find(length_name);
    if (length_at == std::string_view::npos) {
      refuse("an answer without a length: ", head);
      return -1;
    }
    std::size_t length = 0;
    std::from_chars(head.data() + length_at + length_name.size(), head.data() + head.size(), length);
    const std::size_t begin = end + blank_line.size();
    if (in.size() - begin < length) return 0;
    if (!head.starts_with("HTTP/1.1 200 ")) {
      refuse("a request was answered with ", in.substr(0, begin + length));
      return -1;
    }
    if (!take_body(in.substr(begin, length), sink)) return -1;
    // An answered POST is followed by the poll that it held up.
    posting_ = !unsaid_.empty();
    append_request(posting_ ? "POST" : "GET", unsaid_, out);
    unsaid_.clear();
    return static_cast<std::ptrdiff_t>(begin + length);
  }

  bool take_body(std::string_view body, Sink& sink) {
    if (posting_) return body == post_answer || refuse("a POST was answered with ", body);
    while (true) {
      const std::size_t end = body.find(packet_separator);
      if (!take_packet(body.substr(0, end), sink)) return false;
      if (end == std::string_view::npos) return true;
      body.remove_prefix(end + 1);
    }
  }

  bool take_packet(std::string_view packet, Sink& sink) {
    if (packet.starts_with(message_head) && packet.ends_with(message_tail)) [[likely]] {
      sink.on_payload(packet.substr(message_head.size(), packet.size() - message_head.size() - message_tail.size()));
    } else if (packet == engine_ping) {
      say(engine_pong);
    } else if (packet.starts_with(open_head) && sid_.empty()) {
      packet.remove_prefix(open_head.size());
      sid_ = packet.substr(0, packet.find('"'));
      say(connect_packet);
    } else if (packet.starts_with(connect_packet) && !connected_) {
      connected_ = true;
      for (std::size_t id = 0; id < options_.topics.size(); ++id) {
        say("42" + std::to_string(id) + "[\"join\",\"" + options_.topics[id] + "\"]");
      }
    } else if (packet.starts_with(ack_packet) && unconfirmed_ > 0) {
      --unconfirmed_;
    } else if (packet != engine_noop) {
      return refuse("an unexpected packet: ", packet);
    }
    return true;
  }

  bool refuse(std::string_view what, std::string_view said) {
    return fail("socket.io over polling: " + std::string(what) + std::string(said.substr(0, 200)));
  }

  ProtocolOptions options_;
  WholeMessages responses_;
  std::string sid_;
  std::string unsaid_;  // packets for the next request, which is a POST then
  std::size_t unconfirmed_;
  bool posting_ = false;
  bool connected_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_socketio_polling(const ProtocolOptions& options) {
  if (options.role == Role::publisher) return make_socketio(options);
  return std::make_unique<SocketIoPolling>(options);
}

}  // namespace bench::load
