// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/stream.h"

#include <algorithm>

#include "broker/base/check.h"

namespace broker::topics {

Stream::~Stream() { forget_through(offset_); }

void Stream::append(Message& message) {
  KODAMA_CHECK(message.stream_offset == whole_after_ + entries_.size() + 1, "offset ", message.stream_offset);
  message.stream = this;
  entries_.push_back(&message);
}

void Stream::skip() {
  forget_through(offset_ - 1);
  whole_after_ = offset_;
}

void Stream::remove(const Message& message) { forget_through(message.stream_offset); }

void Stream::forget_through(std::uint64_t offset) {
  for (; whole_after_ < offset && !entries_.empty(); ++whole_after_) {
    entries_.front()->stream = nullptr;
    entries_.pop_front();
  }
}

}  // namespace broker::topics
