// SPDX-License-Identifier: Apache-2.0
// The queue against a plain list that does the same things the simple way, through seeded sequences of all it can do.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "broker/net/send_queue.h"

namespace broker::net {
namespace {

using Use = SharedBytes::Use;

struct Entry {
  std::string bytes;
  Use use;
  int stream;  // 0: none
  bool begun = false;
};

class Model : public testing::TestWithParam<unsigned> {
 protected:
  void push_shared() {
    const Use use = draw(3) == 0 ? Use::replay : Use::delivery;
    const int stream = 1 + draw(3);
    const std::string bytes = text(1 + draw(40));
    queue_.push_shared(SharedBytesRef::make({.bytes = bytes, .stream = &streams_[stream], .messages = 1, .use = use}));
    entries_.push_back({bytes, use, stream});
  }
  void push_answer() {
    const std::string bytes = text(draw(20));
    queue_.push_answer(bytes);
    if (bytes.empty()) return;
    Entry* last = entries_.empty() ? nullptr : &entries_.back();
    if (last != nullptr && !last->begun && last->use == Use::answer && last->stream == 0) {
      last->bytes += bytes;
    } else {
      entries_.push_back({bytes, Use::answer, 0});
    }
  }
  void push_control() {
    const std::string bytes = text(1 + draw(5));
    queue_.push_control(bytes);
    const auto place = std::ranges::find_if(entries_, [](const Entry& e) { return !e.begun && e.use != Use::control; });
    if (place != entries_.begin() && !(place - 1)->begun) {
      (place - 1)->bytes += bytes;
    } else {
      entries_.insert(place, {bytes, Use::control, 0});
    }
  }
  void gather() {
    std::vector<iovec> pieces(1 + static_cast<std::size_t>(draw(6)));
    const std::size_t bytes_max = 1 + static_cast<std::size_t>(draw(100));
    const std::size_t used = queue_.gather(pieces, bytes_max);
    ASSERT_EQ(used == 0, entries_.empty());
    std::size_t total = 0;
    for (std::size_t i = 0; i < used; ++i) {
      const std::string_view piece(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      ASSERT_EQ(piece, std::string_view(entries_[i].bytes).substr(i == 0 ? front_sent_ : 0));
      entries_[i].begun = true;
      total += piece.size();
    }
    ASSERT_TRUE(used <= 1 || total <= bytes_max);
    in_flight_ = total;
  }
  void consume() {
    std::size_t bytes = draw(2) == 0 ? in_flight_ : static_cast<std::size_t>(draw(static_cast<int>(in_flight_) + 1));
    in_flight_ = 0;
    queue_.consume(bytes, [&](const SharedBytes& left) {
      ASSERT_FALSE(entries_.empty());
      ASSERT_EQ(left.bytes, entries_.front().bytes);
      ASSERT_EQ(left.use, entries_.front().use);
      bytes -= left.bytes.size() - front_sent_;
      front_sent_ = 0;
      entries_.pop_front();
    });
    front_sent_ += bytes;
  }
  void drop_oldest() {
    const std::size_t keep = static_cast<std::size_t>(draw(120));
    const bool announce = draw(2) == 0;
    const bool there = queue_.drop_oldest(keep, [&](const SharedBytes& lost) -> std::optional<SharedBytesRef> {
      const auto dropped =
          std::ranges::find_if(entries_, [](const Entry& e) { return !e.begun && e.use == Use::delivery; });
      EXPECT_EQ(lost.bytes, dropped->bytes);
      const int stream = dropped->stream;
      if (!announce) {
        entries_.erase(dropped);
        return std::nullopt;
      }
      *dropped = {"gap", Use::answer, stream};
      return SharedBytesRef::make({.bytes = "gap", .stream = &streams_[stream]});
    });
    ASSERT_EQ(there, sum(Use::delivery) <= keep);
    if (!there) {
      for (const Entry& e : entries_) ASSERT_TRUE(e.begun || e.use != Use::delivery);
    }
  }
  void drop_stream() {
    const int stream = 1 + draw(3);
    queue_.drop_stream(&streams_[stream]);
    std::erase_if(entries_, [&](const Entry& e) { return !e.begun && e.stream == stream; });
  }

  [[nodiscard]] std::size_t sum(Use use) const {
    std::size_t bytes = 0;
    for (const Entry& e : entries_) bytes += e.use == use ? e.bytes.size() : 0;
    return bytes - (!entries_.empty() && entries_.front().use == use ? front_sent_ : 0);
  }
  void compare() {
    ASSERT_EQ(queue_.empty(), entries_.empty());
    ASSERT_EQ(queue_.answer_bytes(), sum(Use::answer) + sum(Use::control));
    ASSERT_EQ(queue_.delivery_bytes(), sum(Use::delivery));
    ASSERT_EQ(queue_.replay_bytes(), sum(Use::replay));
    ASSERT_EQ(queue_.bytes(), sum(Use::answer) + sum(Use::control) + sum(Use::delivery) + sum(Use::replay));
  }

  int draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  std::string text(int size) {
    std::string made(static_cast<std::size_t>(size), ' ');
    for (char& c : made) c = static_cast<char>('a' + draw(26));
    return made;
  }

  std::mt19937 random_{GetParam()};
  SendQueue queue_;
  std::deque<Entry> entries_;
  std::size_t front_sent_ = 0;
  std::size_t in_flight_ = 0;
  const int streams_[4] = {};
};

TEST_P(Model, AgreesWithTheQueue) {
  for (int step = 0; step < 2000; ++step) {
    SCOPED_TRACE(step);
    const int what = draw(100);
    if (what < 35) {
      push_shared();
    } else if (what < 50) {
      push_answer();
    } else if (what < 60) {
      push_control();
    } else if (what < 65) {
      drop_oldest();
    } else if (what < 67) {
      drop_stream();
    } else if (in_flight_ == 0) {
      gather();
    } else {
      consume();
    }
    compare();
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Model, testing::Range(0u, 20u));

}  // namespace
}  // namespace broker::net
