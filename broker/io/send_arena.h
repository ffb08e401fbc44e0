// SPDX-License-Identifier: Apache-2.0
// Where the message headers and iovecs of a turn's sends stand until they are submitted. The kernel copies both when it
// takes the submission (IORING_FEAT_SUBMIT_STABLE, all kernels since 5.5), so all are forgotten at once afterwards; the
// bytes that they point to are not copied.
//
// Thread: the ring's. Owns: its two arrays, allocated once, which never move because the submissions point into them.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "broker/base/check.h"

namespace broker::io {

class SendArena {
 public:
  // Requires: iovecs_max is at least what one add() may bring.
  SendArena(std::size_t messages_max, std::size_t iovecs_max)
      : messages_max_(messages_max),
        iovecs_max_(iovecs_max),
        messages_(std::make_unique<msghdr[]>(messages_max)),
        iovecs_(std::make_unique<iovec[]>(iovecs_max)) {}

  [[nodiscard]] bool has_room_for(std::size_t pieces) const {
    return messages_used_ < messages_max_ && iovecs_max_ - iovecs_used_ >= pieces;
  }

  // Requires: has_room_for(pieces.size()). Valid until reset().
  const msghdr* add(std::span<const iovec> pieces) {
    KODAMA_CHECK(has_room_for(pieces.size()));
    iovec* copy = &iovecs_[iovecs_used_];
    std::copy(pieces.begin(), pieces.end(), copy);
    iovecs_used_ += pieces.size();
    msghdr& message = messages_[messages_used_++];
    message = {};
    message.msg_iov = copy;
    message.msg_iovlen = pieces.size();
    return &message;
  }

  void reset() { messages_used_ = iovecs_used_ = 0; }

 private:
  std::size_t messages_max_;
  std::size_t iovecs_max_;
  std::size_t messages_used_ = 0;
  std::size_t iovecs_used_ = 0;
  std::unique_ptr<msghdr[]> messages_;
  std::unique_ptr<iovec[]> iovecs_;
};

}  // namespace broker::io
