// SPDX-License-Identifier: Apache-2.0
// Which operation a completion belongs to. The kernel gives back 64 bits with each completion: the slot of the
// operation in this table and the slot's generation, never an address or a descriptor, so that a completion that comes
// late can neither touch an object that is gone nor be taken for one of its slot's next operation.
//
// Thread: the ring's. Borrows: the operations, which know by in_kernel() that they must stay.
// Limits: grows by doubling with the operations that the kernel holds at once and never shrinks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "broker/base/check.h"
#include "broker/io/operation.h"

namespace broker::io {

class OperationTable {
 public:
  // Slots from here on are never given out: a ring may use these values for completions of its own requests.
  static constexpr std::uint32_t first_reserved_slot = 0xfffffff0;

  // Puts the operation into the kernel's hands and returns its user_data. Requires: !operation.in_kernel().
  std::uint64_t add(Operation& operation) {
    KODAMA_CHECK(!operation.in_kernel(), "an operation was asked for twice");
    if (free_ == none) grow();
    const std::uint32_t index = free_;
    Slot& slot = slots_[index];
    free_ = slot.next_free;
    slot.operation = &operation;
    operation.slot_ = index;
    ++size_;
    return pack(index, slot.generation);
  }

  // Null when the operation has had its last completion: the slot is free or belongs to another one.
  [[nodiscard]] Operation* find(std::uint64_t user_data) const {
    const auto index = static_cast<std::uint32_t>(user_data);
    if (index >= slots_.size()) return nullptr;
    const Slot& slot = slots_[index];
    return slot.generation == static_cast<std::uint32_t>(user_data >> 32) ? slot.operation : nullptr;
  }

  // Requires: operation.in_kernel().
  [[nodiscard]] std::uint64_t user_data(const Operation& operation) const {
    return pack(operation.slot_, slot_of(operation).generation);
  }

  // Its last completion is here. Comes before the handler is called, so that the handler may ask for it again.
  void remove(Operation& operation) {
    const std::uint32_t index = operation.slot_;
    slot_of(operation);
    Slot& slot = slots_[index];
    slot.operation = nullptr;
    ++slot.generation;
    slot.next_free = free_;
    free_ = index;
    operation.slot_ = Operation::no_slot;
    --size_;
  }

  // How many the kernel holds.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t none = 0xffffffff;

  struct Slot {
    Operation* operation = nullptr;
    std::uint32_t generation = 0;
    std::uint32_t next_free = none;
  };
  static_assert(sizeof(Slot) == 16, "four to a cache line: every completion looks one up");

  static std::uint64_t pack(std::uint32_t index, std::uint32_t generation) {
    return index | std::uint64_t{generation} << 32;
  }

  const Slot& slot_of(const Operation& operation) const {
    KODAMA_CHECK(operation.in_kernel());
    KODAMA_CHECK(operation.slot_ < slots_.size() && slots_[operation.slot_].operation == &operation,
                 "the operation belongs to another ring");
    return slots_[operation.slot_];
  }

  void grow() {
    KODAMA_CHECK(slots_.size() < first_reserved_slot);
    free_ = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  }

  std::vector<Slot> slots_;
  std::uint32_t free_ = none;  // head of the list through next_free: the slot used last is the one in the cache
  std::size_t size_ = 0;
};

}  // namespace broker::io
