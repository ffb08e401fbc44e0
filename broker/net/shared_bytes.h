// SPDX-License-Identifier: Apache-2.0
// Encoded bytes that wait to be sent: a run of deliveries shared by every subscriber of this shard that stands at the
// same point, or one connection's own answers. Thread: one shard; the count is not atomic. Owns: its bytes, until the
// last queue or send in flight lets go.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace broker::net {

struct SharedBytes {
  // Who these bytes are charged to and what may happen to them.
  enum class Use : std::uint8_t {
    answer,    // of this connection alone; never dropped
    control,   // frames that overtake all of the others; never dropped, charged as answers are
    delivery,  // live deliveries; may be dropped by the queue's policy as long as they are not begun
    replay,    // out of a topic's log, paced by the reader; never dropped, outside the queue's limit
  };

  std::string bytes = {};
  const void* stream = nullptr;  // which topic's deliveries (any address that stands for it); null for answers
  std::uint64_t first_offset = 0;
  std::uint32_t messages = 0;
  std::uint32_t refs = 0;
  std::int64_t accepted_ns = 0;     // of the oldest message in it: when its publisher's shard took it
  std::int64_t* account = nullptr;  // where the bytes are counted as long as they are held; null: nowhere
  Use use = Use::answer;
};

class SharedBytesRef {
 public:
  SharedBytesRef() = default;
  explicit SharedBytesRef(SharedBytes* bytes) : bytes_(bytes) { ++bytes_->refs; }
  SharedBytesRef(const SharedBytesRef& other) : bytes_(other.bytes_) {
    if (bytes_ != nullptr) ++bytes_->refs;
  }
  SharedBytesRef(SharedBytesRef&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  SharedBytesRef& operator=(SharedBytesRef other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SharedBytesRef() {
    if (bytes_ != nullptr && --bytes_->refs == 0) let_go();
  }

  [[nodiscard]] static SharedBytesRef make(SharedBytes&& bytes) {
    if (bytes.account != nullptr) *bytes.account += static_cast<std::int64_t>(bytes.bytes.size());
    return SharedBytesRef(new SharedBytes(std::move(bytes)));
  }
  [[nodiscard]] SharedBytes& operator*() const { return *bytes_; }
  [[nodiscard]] SharedBytes* operator->() const { return bytes_; }

 private:
  void let_go() {
    if (bytes_->account != nullptr) *bytes_->account -= static_cast<std::int64_t>(bytes_->bytes.size());
    delete bytes_;
  }

  SharedBytes* bytes_ = nullptr;
};

}  // namespace broker::net
