// SPDX-License-Identifier: Apache-2.0
#include "bench/load/raw.h"

#include "bench/load/websocket_client.h"

namespace bench::load {
namespace {

class Raw final : public Protocol {
 public:
  explicit Raw(const ProtocolOptions& options) : host_(options.host), path_(options.path), socket_(options.unpacker) {
    if (options.unpacker != nullptr) headers_ = Unpacker::offer;
    if (!path_.empty()) return;
    path_ = "/topics/" + options.topics.front();
    if (options.role == Role::publisher) path_ += "?publish=only";
  }

  void start(std::string& out) override { WebSocketClient::append_upgrade(path_, host_, headers_, out); }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& out) override {
    const bool good = socket_.on_bytes(bytes, out, [&sink](std::string_view message, bool) {
      sink.on_payload(message);
      return true;
    });
    return good || fail(socket_.error());
  }

  bool ready() const override { return socket_.upgraded(); }

  void publish(std::size_t, std::string_view payload, std::string& out) override {
    WebSocketClient::append_frame(WebSocketClient::Opcode::text, payload, out);
  }

 private:
  std::string host_;
  std::string path_;
  std::string_view headers_;
  WebSocketClient socket_;
};

}  // namespace

std::unique_ptr<Protocol> make_raw(const ProtocolOptions& options) { return std::make_unique<Raw>(options); }

}  // namespace bench::load
