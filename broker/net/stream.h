// SPDX-License-Identifier: Apache-2.0
// What a connection's plaintext bytes mean: the side of a Connection that knows protocols. Implemented in broker/shard.
// Thread: the connection's shard. None of these is called from inside another of them.
#pragma once

#include <cstdint>
#include <span>

#include "broker/net/shared_bytes.h"
#include "proto/reason.h"

namespace broker::net {

class Stream {
 public:
  // TLS is agreed. Not called without TLS.
  virtual void on_secured() noexcept = 0;
  // Returns how many bytes were taken. The rest is offered again with what comes behind it, or, when the stream has
  // paused the reading meanwhile, as soon as it is resumed. The bytes may be changed in place.
  [[nodiscard]] virtual std::size_t on_bytes(std::span<std::uint8_t> bytes) noexcept = 0;
  // The peer will send no more. The stream finishes the connection, now or when it has answered.
  virtual void on_end() noexcept = 0;
  // An entry of the send queue has left in full: its last byte is the kernel's.
  virtual void on_left(const SharedBytes& bytes) noexcept = 0;
  // A send completed. The connection needs a flush if it has more.
  virtual void on_progress() noexcept = 0;
  // The connection has ended: the kernel holds nothing of it. The owner may destroy it once this call has returned.
  virtual void on_dead(proto::Reason reason) noexcept = 0;

 protected:
  ~Stream() = default;
};

}  // namespace broker::net
