// SPDX-License-Identifier: Apache-2.0
// Requests that the kernel may hold, as bases of who makes them: nothing is allocated per I/O, and a base costs 16
// bytes where a member with an owner and a handler would cost 24 (every idle connection has two).
//
//     class Connection : io::ReceiveOperation { void complete(const io::Received&) noexcept override; … };
//     ring.receive(*this, fd);
//
// Thread: the shard that owns the Ring. Immovable.
// Invariant: in_kernel() is true exactly when a further completion may arrive; until it is false the owner must live.
#pragma once

#include <cstdint>
#include <span>

#include "broker/base/check.h"

namespace broker::io {

struct Accepted {
  int socket = -1;    // of the new connection (socket_number.h); -1 on error
  int error = 0;      // errno, 0 when all is well
  bool more = false;  // false: the kernel has ended the multishot accept; arm it again
};

struct Received {
  // The bytes stand in the ring's buffer and may be changed in place; they are gone when the handler returns.
  std::span<std::uint8_t> bytes;
  int error = 0;      // errno. ENOBUFS is not a close, and may hide an end of stream: arm again and see
  bool more = false;  // false: the kernel has ended the multishot receive; arm it again unless closing
  [[nodiscard]] bool end_of_stream() const { return error == 0 && bytes.empty(); }
};

struct Sent {
  std::size_t bytes = 0;  // may be fewer than asked for: continue behind them
  int error = 0;
};

class Operation {
 public:
  enum class Type : std::uint8_t { accept, receive, send };

  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  [[nodiscard]] bool in_kernel() const { return slot_ != no_slot; }
  [[nodiscard]] Type type() const { return type_; }

 protected:
  explicit Operation(Type type) : type_(type) {}
  ~Operation() { KODAMA_CHECK(!in_kernel(), "an operation was destroyed while the kernel held it"); }

 private:
  friend class OperationTable;
  static constexpr std::uint32_t no_slot = 0xffffffff;
  std::uint32_t slot_ = no_slot;  // in the ring's operation table
  Type type_;
};

template <class Done, Operation::Type type_of>
class TypedOperation : public Operation {
 public:
  // Called by the ring (and its fake).
  virtual void complete(const Done& done) noexcept = 0;

 protected:
  TypedOperation() : Operation(type_of) {}
  ~TypedOperation() = default;
};

class AcceptOperation : public TypedOperation<Accepted, Operation::Type::accept> {
 public:
  bool into_slots = false;  // the ring's own: what the kernel completes it with are indexes of the ring's table

 protected:
  AcceptOperation() = default;
  ~AcceptOperation() = default;
};

using ReceiveOperation = TypedOperation<Received, Operation::Type::receive>;
using SendOperation = TypedOperation<Sent, Operation::Type::send>;

}  // namespace broker::io
