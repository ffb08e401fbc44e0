// SPDX-License-Identifier: Apache-2.0
#include "broker/io/receive_buffers.h"

#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <cstddef>

#include "absl/base/config.h"
#include "broker/base/check.h"

#ifdef ABSL_HAVE_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace broker::io {
namespace {

#ifdef ABSL_HAVE_ADDRESS_SANITIZER
constexpr bool poisoning = true;
void poison(void* begin, std::size_t bytes) { __asan_poison_memory_region(begin, bytes); }
void unpoison(void* begin, std::size_t bytes) { __asan_unpoison_memory_region(begin, bytes); }
#else
constexpr bool poisoning = false;
void poison(void*, std::size_t) {}
void unpoison(void*, std::size_t) {}
#endif

}  // namespace

static_assert(offsetof(io_uring_buf_ring, bufs) == 0, "descriptors begin where the tail's record does");

ReceiveBuffers::~ReceiveBuffers() {
  if (memory_ == nullptr) return;
  unpoison(memory_, memory_bytes_);
  ::munmap(memory_, memory_bytes_);
}

int ReceiveBuffers::open(io_uring& ring, std::uint32_t count, std::size_t bytes_each) {
  KODAMA_CHECK(memory_ == nullptr && std::has_single_bit(count) && count <= 32768 && bytes_each > 0);
  // A mapping, because the kernel wants the descriptors to begin at a page. 256 of them or more are whole pages.
  const std::size_t descriptor_bytes = count * sizeof(io_uring_buf);
  const std::size_t bytes = descriptor_bytes + count * bytes_each;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  registration.ring_entries = count;
  registration.bgid = group;
  if (const int error = -io_uring_register_buf_ring(&ring, &registration, 0); error != 0) {
    ::munmap(memory, bytes);
    return error;
  }
  memory_ = memory;
  memory_bytes_ = bytes;
  descriptors_ = static_cast<io_uring_buf_ring*>(memory);
  first_ = static_cast<std::uint8_t*>(memory) + descriptor_bytes;
  count_ = count;
  bytes_each_ = bytes_each;
  io_uring_buf_ring_init(descriptors_);
  for (std::uint32_t id = 0; id < count; ++id) lend(id, 0);
  take_back();
  return 0;
}

std::span<std::uint8_t> ReceiveBuffers::lend(std::uint32_t id, std::size_t filled) {
  KODAMA_CHECK(id < count_ && filled <= bytes_each_, "buffer ", id, ", bytes ", filled);
  // The descriptor is written now and shown to the kernel by take_back(): until then the handlers may use the bytes.
  io_uring_buf_ring_add(descriptors_, buffer(id), static_cast<unsigned>(bytes_each_), static_cast<std::uint16_t>(id),
                        io_uring_buf_ring_mask(count_), lent_++);
  unpoison(buffer(id), filled);
  return {buffer(id), filled};
}

void ReceiveBuffers::take_back() {
  if (lent_ == 0) return;
  for (int i = 0; poisoning && i < lent_; ++i) {
    const std::uint32_t entry = (descriptors_->tail + static_cast<std::uint32_t>(i)) & (count_ - 1);
    poison(buffer(descriptors_->bufs[entry].bid), bytes_each_);
  }
  io_uring_buf_ring_advance(descriptors_, lent_);
  lent_ = 0;
}

}  // namespace broker::io
