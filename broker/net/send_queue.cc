// SPDX-License-Identifier: Apache-2.0
#include "broker/net/send_queue.h"

#include <algorithm>

#include "broker/base/check.h"

namespace broker::net {
namespace {

// Answers that queue up behind each other share an entry up to about this size, and so do control frames.
constexpr std::size_t answer_entry_bytes = 16 * 1024;
// An emptied queue of more entries than this gives its memory back.
constexpr std::size_t kept_entries = 64;

}  // namespace

void SendQueue::push_answer(std::string bytes) {
  if (bytes.empty()) return;
  count(SharedBytes::Use::answer, bytes.size());
  if (entries_.size() > begun_end()) {
    SharedBytes& last = *entries_.back();
    const bool plain =
        last.use == SharedBytes::Use::answer && last.stream == nullptr;  // no gap, which may be rewritten
    if (plain && last.bytes.size() < answer_entry_bytes) {
      last.bytes.append(bytes);
      return;
    }
  }
  entries_.push_back(SharedBytesRef::make({.bytes = std::move(bytes)}));
}

void SendQueue::push_control(std::string_view frame) {
  count(SharedBytes::Use::control, frame.size());
  std::size_t place = begun_end();
  while (place < entries_.size() && entries_[place]->use == SharedBytes::Use::control) ++place;
  if (place > begun_end() && entries_[place - 1]->bytes.size() < answer_entry_bytes) {
    entries_[place - 1]->bytes.append(frame);
    return;
  }
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place),
                  SharedBytesRef::make({.bytes = std::string(frame), .use = SharedBytes::Use::control}));
}

// Hot: once a send. Measured by send_queue of bench/micro.
std::size_t SendQueue::gather(std::span<iovec> pieces, std::size_t bytes_max) {
  if (entries_.size() - head_ == 1) {
    std::string& only = entries_[head_]->bytes;
    pieces[0] = {.iov_base = only.data() + front_sent_, .iov_len = only.size() - front_sent_};
    begun_ = 1;
    return 1;
  }
  std::size_t used = 0;
  std::size_t bytes = 0;
  std::size_t skip = front_sent_;
  for (std::size_t i = head_; i < entries_.size() && used < pieces.size(); ++i) {
    std::string& piece = entries_[i]->bytes;
    if (used > 0 && bytes + piece.size() > bytes_max) break;
    pieces[used++] = {.iov_base = piece.data() + skip, .iov_len = piece.size() - skip};
    bytes += piece.size() - skip;
    skip = 0;
  }
  if (used > begun_) begun_ = static_cast<std::uint32_t>(used);
  return used;
}

void SendQueue::drop_stream(const void* stream) {
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(begun_end());
  const auto kept_end = std::remove_if(first, entries_.end(), [&](const SharedBytesRef& entry) {
    if (entry->stream != stream) return false;
    uncount(entry->use, entry->bytes.size());
    return true;
  });
  entries_.erase(kept_end, entries_.end());
  if (empty()) clear_away();
}

void SendQueue::pop_front() {
  KODAMA_CHECK(!empty() && begun_ > 0, "entries ", entries_.size(), " head ", head_);
  entries_[head_] = SharedBytesRef();
  ++head_;
  --begun_;
  front_sent_ = 0;
  if (empty()) {
    clear_away();
  } else if (head_ >= kept_entries && head_ * 2 >= entries_.size()) {
    entries_.erase(entries_.begin(), entries_.begin() + head_);
    head_ = 0;
  }
}

void SendQueue::clear_away() {
  if (entries_.capacity() > kept_entries) {
    entries_ = {};
  } else {
    entries_.clear();
  }
  head_ = 0;
}

}  // namespace broker::net
