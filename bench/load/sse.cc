// SPDX-License-Identifier: Apache-2.0
#include "bench/load/sse.h"

#include <string>
#include <string_view>

#include "bench/load/native.h"
#include "bench/load/whole_messages.h"

namespace bench::load {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view event_end = "\n\n";
constexpr std::string_view data_name = "data:";

class Sse final : public Protocol {
 public:
  explicit Sse(const ProtocolOptions& options) : options_(options) {
    if (options_.path.empty()) options_.path = "/topics/" + options_.topics.front();
  }

  void start(std::string& out) override {
    out.append("GET ").append(options_.path).append(" HTTP/1.1\r\nHost: ").append(options_.host);
    out.append("\r\nAccept: text/event-stream\r\n\r\n");
  }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& /*out*/) override {
    return pieces_.feed(bytes, [&](std::string_view in) { return answered_ ? take_event(in, sink) : take_head(in); });
  }

  // Who sees the head is subscribed.
  bool ready() const override { return answered_; }

  // No role of this class: see make_sse().
  void publish(std::size_t /*topic*/, std::string_view /*payload*/, std::string& /*out*/) override {}

 private:
  std::ptrdiff_t take_head(std::string_view in) {
    const std::size_t end = in.find(head_end);
    if (end == std::string_view::npos) return 0;
    answered_ =
        in.starts_with("HTTP/1.1 200 ") && in.substr(0, end).find("text/event-stream") != std::string_view::npos;
    if (!answered_) {
      fail("sse: the server answered " + std::string(in.substr(0, 200)));
      return -1;
    }
    return static_cast<std::ptrdiff_t>(end + head_end.size());
  }

  // Blocks without data say where in the topic one is, or that the connection lives.
  std::ptrdiff_t take_event(std::string_view in, Sink& sink) {
    const std::size_t end = in.find(event_end);
    if (end == std::string_view::npos) return 0;
    for (std::string_view lines = in.substr(0, end); !lines.empty();) {
      const std::size_t line_end = lines.find('\n');
      std::string_view line = lines.substr(0, line_end);
      if (line.starts_with(data_name)) {
        line.remove_prefix(data_name.size());
        if (line.starts_with(' ')) line.remove_prefix(1);
        sink.on_payload(line);
      }
      lines = line_end == std::string_view::npos ? std::string_view() : lines.substr(line_end + 1);
    }
    return static_cast<std::ptrdiff_t>(end + event_end.size());
  }

  ProtocolOptions options_;
  WholeMessages pieces_;
  bool answered_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_sse(const ProtocolOptions& options) {
  if (options.role == Role::publisher) return make_native(options);
  return std::make_unique<Sse>(options);
}

}  // namespace bench::load
