// SPDX-License-Identifier: Apache-2.0
#include "bench/load/nchan.h"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/websocket_client.h"
#include "bench/load/whole_messages.h"

namespace bench::load {
namespace {

// A subscriber, or the publisher of one topic: a WebSocket whose address names the channel.
class NchanSocket final : public Protocol {
 public:
  explicit NchanSocket(const ProtocolOptions& options) : options_(options) {
    if (options_.path.empty()) {
      options_.path = (options_.role == Role::subscriber ? "/sub?id=" : "/ws-pub?id=") + options_.topics.front();
    }
  }

  void start(std::string& out) override { WebSocketClient::append_upgrade(options_.path, options_.host, "", out); }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    const bool good = socket_.on_bytes(bytes, out, [&](std::string_view message, bool) {
      if (options_.role == Role::subscriber) {
        sink.on_payload(message);
      }
      return true;
    });
    return good || fail("nchan: " + socket_.error());
  }

  bool ready() const override { return socket_.upgraded(); }

  void publish(std::size_t /*topic*/, std::string_view payload, std::string& out) override {
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, payload, out);
  }

 private:
  ProtocolOptions options_;
  WebSocketClient socket_;
};

// The publisher of many topics: HTTP requests on one connection, sent without waiting for the responses.
class NchanPosts final : public Protocol {
 public:
  explicit NchanPosts(const ProtocolOptions& options)
      : greeting_("GET /pub?id=" + options.topics.front() + " HTTP/1.1\r\nHost: " + options.host + "\r\n\r\n") {
    for (const std::string& topic : options.topics) {
      heads_.push_back("POST /pub?id=" + topic + " HTTP/1.1\r\nHost: " + options.host + "\r\nContent-Length: ");
    }
  }

  // Asks about a channel: the answer tells that the connection serves. 404 says that nobody uses the channel yet.
  void start(std::string& out) override { out += greeting_; }

  bool on_bytes(std::span<const char> bytes, Sink& /*sink*/, std::string& /*out*/) override {
    return responses_.feed(bytes, [&](std::string_view in) { return parse(in); });
  }

  bool ready() const override { return ready_; }

  void publish(std::size_t topic, std::string_view payload, std::string& out) override {
    out.append(heads_[topic]).append(std::to_string(payload.size())).append("\r\n\r\n").append(payload);
  }

 private:
  // 201 with subscribers, 202 without; both have a small body that tells about the channel.
  std::ptrdiff_t parse(std::string_view in) {
    constexpr std::string_view blank_line = "\r\n\r\n";
    constexpr std::string_view length_name = "\r\nContent-Length: ";
    const std::size_t end = in.find(blank_line);
    if (end == std::string_view::npos) {
      return 0;
    }
    const std::string_view head = in.substr(0, end);
    const std::size_t length_at = head.find(length_name);
    const bool good = head.starts_with("HTTP/1.1 20") || (!ready_ && head.starts_with("HTTP/1.1 404"));
    if (!good || length_at == std::string_view::npos) {
      fail("nchan: the publish was answered with " + std::string(head.substr(0, head.find('\r'))));
      return -1;
    }
    std::size_t length = 0;
    std::from_chars(head.data() + length_at + length_name.size(), head.data() + head.size(), length);
    const std::size_t whole = end + blank_line.size() + length;
    if (in.size() < whole) {
      return 0;
    }
    ready_ = true;
    return static_cast<std::ptrdiff_t>(whole);
  }

  std::string greeting_;
  std::vector<std::string> heads_;
  WholeMessages responses_;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_nchan(const ProtocolOptions& options) {
  if (options.role == Role::publisher && options.topics.size() > 1) {
    return std::make_unique<NchanPosts>(options);
  }
  return std::make_unique<NchanSocket>(options);
}

}  // namespace bench::load
