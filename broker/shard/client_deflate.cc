// SPDX-License-Identifier: Apache-2.0
// A client's compression: agreed on in the handshake, and taken off what it sends. What it is sent is compressed by the
// router, with others' (RFC 7692).
#include "broker/shard/client.h"
#include "proto/websocket/extensions.h"

namespace broker::shard {

namespace websocket = proto::websocket;
using proto::Reason;

std::variant<std::string, websocket::Refusal> Client::agree_on_compression(const websocket::HandshakeRequest& request,
                                                                           bool subscribes) {
  // Who only publishes may refer back to what it sent before; of everybody else there are too many.
  const std::size_t window_bytes = std::size_t{1} << websocket::window_bits_max;
  const bool may_go_on = !subscribes && services().windows.has(window_bytes);
  const auto negotiated = websocket::negotiate_deflate(
      request, may_go_on ? websocket::ClientWindow::may_go_on : websocket::ClientWindow::new_each_message);
  if (const auto* refusal = std::get_if<websocket::Refusal>(&negotiated)) return *refusal;
  const auto& agreed = std::get<std::optional<websocket::PerMessageDeflate>>(negotiated);
  std::string header;
  if (!agreed || !services().common.settings.websocket.compression) return header;
  deflate_bits_ = agreed->server_window_bits;
  if (agreed->client_takes_over) {
    compressed_input_ = std::make_unique<CompressedInput>();
    compressed_input_->window.emplace(services().windows, std::size_t{1} << agreed->client_window_bits);
  }
  websocket::append_extension(header, *agreed);
  return header;
}

void Client::on_compressed(const websocket::Event& event) {
  if (compressed_input_ == nullptr) compressed_input_ = std::make_unique<CompressedInput>();
  auto& [window, inflated_bytes] = *compressed_input_;
  websocket::Inflater& inflater = services().inflater;
  if (const auto wrong = inflater.inflate(event.payload, window ? window->get() : nullptr)) {
    inflater.release();
    return close(*wrong);
  }
  const std::span<char> message = inflater.message();
  base::ShardMetrics& metrics = services().metrics;
  metrics.deflate_messages(base::Direction::in).add();
  metrics.deflate_plain_bytes(base::Direction::in).add(message.size());
  metrics.deflate_wire_bytes(base::Direction::in).add(event.payload.size());
  inflated_bytes += static_cast<std::uint32_t>(message.size());
  if (event.data_type == proto::DataType::text && !proto::is_valid_utf8({message.data(), message.size()})) {
    close(Reason::invalid_utf8);
  } else {
    websocket().on_message(event.data_type, message, *this);
  }
  inflater.release();
}

}  // namespace broker::shard
