// SPDX-License-Identifier: Apache-2.0
#include "bench/load/nats.h"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/whole_messages.h"

namespace bench::load {
namespace {

// One JSON object, sent without waiting for the server's INFO: without TLS and authentication nothing depends on it.
constexpr std::string_view connect_line =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"headers\":false,\"protocol\":1,"
    "\"lang\":\"c++\",\"version\":\"1\",\"name\":\"bench_load\"}\r\n";
constexpr std::string_view line_end = "\r\n";

class Nats final : public Protocol {
 public:
  explicit Nats(const ProtocolOptions& options) : options_(options) {
    for (const std::string& topic : options_.topics) {
      publish_heads_.push_back("PUB " + topic + " ");
    }
  }

  void start(std::string& out) override {
    out += connect_line;
    if (options_.role == Role::subscriber) {
      for (std::size_t i = 0; i < options_.topics.size(); ++i) {
        out += "SUB " + options_.topics[i] + " " + std::to_string(i + 1) + "\r\n";
      }
    }
    out += "PING\r\n";  // its PONG confirms all that stands before it
  }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    return messages_.feed(bytes, [&](std::string_view in) { return parse(in, sink, out); });
  }

  bool ready() const override { return ready_; }

  void publish(std::size_t topic, std::string_view payload, std::string& out) override {
    out += publish_heads_[topic];
    char digits[20];
    const auto [end, failed] = std::to_chars(digits, digits + sizeof digits, payload.size());
    out.append(digits, end);
    out += line_end;
    out += payload;
    out += line_end;
  }

 private:
  // One protocol line, with its payload where it has one.
  std::ptrdiff_t parse(std::string_view in, Sink& sink, std::string& out) {
    const std::size_t newline = in.find('\n');
    if (newline == std::string_view::npos) {
      return 0;
    }
    const std::string_view line = in.substr(0, newline);  // with its \r
    if (line.starts_with("MSG ")) {
      return parse_message(in, line, sink);
    }
    if (line == "PING\r") {
      out += "PONG\r\n";
    } else if (line == "PONG\r") {
      ready_ = true;
    } else if (!line.starts_with("INFO ") && line != "+OK\r") {
      fail("nats: " + std::string(line.substr(0, 200)));
      return -1;
    }
    return static_cast<std::ptrdiff_t>(newline + 1);
  }

  // MSG <subject> <sid> <bytes>\r\n<payload>\r\n; no reply subject, as no publisher here gives one.
  std::ptrdiff_t parse_message(std::string_view in, std::string_view line, Sink& sink) {
    std::size_t size = 0;
    const char* const last = line.data() + line.size() - 1;
    const auto [end, failed] = std::from_chars(line.data() + line.rfind(' ') + 1, last, size);
    if (failed != std::errc() || end != last || *last != '\r') {
      fail("nats: a message's line that is none: " + std::string(line.substr(0, 200)));
      return -1;
    }
    const std::size_t head = line.size() + 1;
    if (in.size() < head + size + line_end.size()) {
      return 0;
    }
    sink.on_payload(in.substr(head, size));
    return static_cast<std::ptrdiff_t>(head + size + line_end.size());
  }

  ProtocolOptions options_;
  std::vector<std::string> publish_heads_;
  WholeMessages messages_;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_nats(const ProtocolOptions& options) { return std::make_unique<Nats>(options); }

}  // namespace bench::load
