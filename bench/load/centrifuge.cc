// SPDX-License-Identifier: Apache-2.0
#include "bench/load/centrifuge.h"

#include <string>
#include <string_view>
#include <vector>

#include "bench/load/websocket_client.h"

namespace bench::load {
namespace {

// A ping of the server is an empty reply, its pong an empty command.
constexpr std::string_view ping = "{}";
constexpr std::string_view publication_head = "{\"push\":{\"channel\":\"";
constexpr std::string_view publication_data = "\",\"pub\":{\"data\":\"";

class Centrifuge final : public Protocol {
 public:
  explicit Centrifuge(const ProtocolOptions& options) : options_(options) {
    if (options_.path.empty()) {
      options_.path = "/connection/websocket";
    }
    unconfirmed_ = 1 + (options_.role == Role::subscriber ? options_.topics.size() : 0);
    for (const std::string& topic : options_.topics) {
      publish_heads_.push_back(",\"publish\":{\"channel\":\"" + topic + "\",\"data\":\"");
    }
  }

  void start(std::string& out) override { WebSocketClient::append_upgrade(options_.path, options_.host, "", out); }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    const bool was_upgraded = socket_.upgraded();
    const bool good =
        socket_.on_bytes(bytes, out, [&](std::string_view message, bool) { return take(message, sink, out); });
    if (!good) {
      return !socket_.error().empty() ? fail("centrifuge: " + socket_.error()) : false;
    }
    if (!was_upgraded && socket_.upgraded()) {
      connect(out);
    }
    return true;
  }

  bool ready() const override { return socket_.upgraded() && unconfirmed_ == 0; }

  void publish(std::size_t topic, std::string_view payload, std::string& out) override {
    command_ = "{\"id\":" + std::to_string(++last_id_);
    command_.append(publish_heads_[topic]).append(payload).append("\"}}");
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, command_, out);
  }

 private:
  // Commands and replies may share a frame, one a line: connect and the subscriptions go out as one.
  void connect(std::string& out) {
    command_ = "{\"id\":" + std::to_string(++last_id_) + ",\"connect\":{}}";
    if (options_.role == Role::subscriber) {
      for (const std::string& topic : options_.topics) {
        command_ += "\n{\"id\":" + std::to_string(++last_id_) + ",\"subscribe\":{\"channel\":\"" + topic + "\"}}";
      }
    }
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, command_, out);
  }

  bool take(std::string_view frame, Sink& sink, std::string& out) {
    while (!frame.empty()) {
      const std::size_t used = frame.starts_with(publication_head) ? take_publication(frame, sink) : 0;
      if (used > 0) {
        frame.remove_prefix(used);
        continue;
      }
      const std::size_t newline = frame.find('\n');
      if (!take_reply(frame.substr(0, newline), out)) {
        return false;
      }
      frame.remove_prefix(newline == std::string_view::npos ? frame.size() : newline + 1);
    }
    return true;
  }

  // {"push":{"channel":"…","pub":{"data":"…"}}}; neither topic nor payload holds anything that JSON escapes. The bytes
  // of the line with its end, or 0 when it is no publication.
  static std::size_t take_publication(std::string_view frame, Sink& sink) {
    const std::size_t name_end = frame.find('"', publication_head.size());
    if (name_end == std::string_view::npos || !frame.substr(name_end).starts_with(publication_data)) {
      return 0;
    }
    const std::size_t begin = name_end + publication_data.size();
    const std::size_t end = frame.find('"', begin);
    if (end == std::string_view::npos) {
      return 0;
    }
    sink.on_payload(frame.substr(begin, end - begin));
    const std::size_t newline = frame.find('\n', end);
    return newline == std::string_view::npos ? frame.size() : newline + 1;
  }

  bool take_reply(std::string_view line, std::string& out) {
    if (line == ping) {
      WebSocketClient::append_frame(WebSocketClient::Opcode::text, ping, out);
      return true;
    }
    if (line.empty() || line.find("\"publish\":{") != std::string_view::npos) {
      return true;
    }
    const bool confirms = line.starts_with("{\"id\":") && line.find("\"error\":") == std::string_view::npos;
    if (!confirms || unconfirmed_ == 0) {
      return fail("centrifuge: an unexpected reply: " + std::string(line.substr(0, 200)));
    }
    --unconfirmed_;
    return true;
  }

  ProtocolOptions options_;
  std::vector<std::string> publish_heads_;
  std::string command_;
  WebSocketClient socket_;
  std::size_t last_id_ = 0;
  std::size_t unconfirmed_ = 0;
};

}  // namespace

std::unique_ptr<Protocol> make_centrifuge(const ProtocolOptions& options) {
  return std::make_unique<Centrifuge>(options);
}

}  // namespace bench::load
