// SPDX-License-Identifier: Apache-2.0
// What a client holds of the shard's memory, and how it gives it back.
#include "broker/shard/client.h"

namespace broker::shard {

using proto::Reason;

// Hot: once for each client that the turn has seen to.
void Client::account_memory() {
  const net::SendQueue& queue = connection_.queue();
  const auto held = static_cast<std::uint32_t>(queue.answer_bytes() + queue.replay_bytes() + held_input());
  if (held == held_bytes_) return;
  services().memory.own += std::int64_t{held} - held_bytes_;
  held_bytes_ = held;
}

std::size_t Client::held_input() {
  if (input_changed_ || phase_ == Phase::http) {
    input_changed_ = false;
    std::size_t bytes = 0;
    if (decoder_ != nullptr) bytes += decoder_->buffered_bytes();
    if (phase_ == Phase::websocket) bytes += websocket().held_bytes();
    if (http_ != nullptr) bytes += http_->held_bytes();
    if (compressed_input_ != nullptr) bytes += compressed_input_->held_bytes();
    input_bytes_ = static_cast<std::uint32_t>(bytes);
  }
  return connection_.kept_bytes() + input_bytes_;
}

void Client::shed() {
  connection_.queue().drop_rest([this](const net::SharedBytes& bytes) { account_dropped(bytes, Reason::shed_reader); });
  if (phase_ == Phase::websocket) {
    end_connection(Reason::shed_reader);
  } else {
    connection_.abort(Reason::shed_reader, true);
  }
  show_queue();
  account_memory();
}

}  // namespace broker::shard
