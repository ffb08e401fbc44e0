// SPDX-License-Identifier: Apache-2.0
// Requests that the kernel may hold, as typed objects embedded in their owner: nothing is allocated per I/O. An
// operation completes into a named noexcept member of its owner, bound once:
//
//     receive_.bind<&Connection::on_received>(*this);   ring.receive(receive_, fd);
//
// Thread: the shard that owns the Ring. Owned by the object it is a member of; immovable.
// Invariant: in_kernel() is true exactly when a further completion may arrive; until it is false the owner must live.
#pragma once

#include <cstdint>
#include <span>

#include "broker/base/check.h"

namespace broker::io {

struct Accepted {
  int fd = -1;        // of the new connection; -1 on error
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
  TypedOperation() : Operation(type_of) {}

  template <auto member, class Owner>
  void bind(Owner& owner) {
    owner_ = &owner;
    handler_ = [](void* object, const Done& done) noexcept { (static_cast<Owner*>(object)->*member)(done); };
  }
  // For the ring (and its fake): hands a completion to the owner.
  void complete(const Done& done) noexcept { handler_(owner_, done); }

 private:
  void* owner_ = nullptr;
  void (*handler_)(void*, const Done&) noexcept = nullptr;
};

using AcceptOperation = TypedOperation<Accepted, Operation::Type::accept>;
using ReceiveOperation = TypedOperation<Received, Operation::Type::receive>;
using SendOperation = TypedOperation<Sent, Operation::Type::send>;

}  // namespace broker::io
