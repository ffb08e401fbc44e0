// SPDX-License-Identifier: Apache-2.0
// Timers of a shard: a hierarchical wheel of intrusive nodes. arm() and cancel() take constant time and allocate
// nothing; a timer runs no earlier than its deadline, and at most one tick later if advance() is called in time.
//
//     ping_.bind<&Connection::on_ping_due>(*this);   wheel.arm(ping_, now + 25s);
//
// Thread: one, the shard's. Owns nothing: a Timer is a member of its owner and leaves the wheel when it is destroyed.
// Handlers may arm, cancel and destroy any timer, their own included. Immovable.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "broker/base/check.h"

namespace broker::base {

class TimerLink {
 public:
  TimerLink(const TimerLink&) = delete;
  TimerLink& operator=(const TimerLink&) = delete;

 protected:
  TimerLink() = default;
  ~TimerLink() = default;

 private:
  friend class Timer;
  friend class TimerList;
  TimerLink* next_ = nullptr;
  TimerLink* previous_ = nullptr;
};

class Timer : public TimerLink {
 public:
  Timer() = default;
  ~Timer() { unlink(); }

  // `member` is a noexcept member function of Owner without parameters.
  template <auto member, class Owner>
  void bind(Owner& owner) {
    static_assert(std::is_nothrow_invocable_v<decltype(member), Owner&>, "a timer's handler must be noexcept");
    owner_ = &owner;
    handler_ = [](void* object) noexcept { (static_cast<Owner*>(object)->*member)(); };
  }
  [[nodiscard]] bool armed() const { return next_ != nullptr; }

 private:
  friend class TimerList;
  friend class TimerWheel;
  void unlink();

  void* owner_ = nullptr;
  void (*handler_)(void*) noexcept = nullptr;
  std::uint64_t due_tick_ = 0;
};
static_assert(sizeof(Timer) <= 40, "every connection embeds some");

class TimerList : private TimerLink {
 public:
  TimerList() { next_ = previous_ = this; }
  ~TimerList();  // the timers that are left are no longer armed

  [[nodiscard]] bool empty() const { return next_ == this; }
  void push_back(Timer&);
  Timer* pop_front();               // null when empty
  void take_all(TimerList& other);  // requires: this list is empty
};

class TimerWheel {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds default_tick{16};

  // `now`: time before it is past for this wheel.
  explicit TimerWheel(Clock::time_point now, Clock::duration tick = default_tick);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // An armed timer is moved to the new deadline. A deadline in the past is due at the next advance() by a tick or more;
  // what is armed by a handler never runs within the same advance().
  void arm(Timer&, Clock::time_point deadline);
  // Harmless when it is not armed.
  void cancel(Timer& timer) { timer.unlink(); }

  // Runs what is due. Returns how many. Requires: not called by a handler.
  std::size_t advance(Clock::time_point now);

  // When advance() must be called next; none when nothing is armed, so that an idle shard may sleep without end. Never
  // later than the earliest timer's tick. May be earlier for a distant timer (one extra call a level of the wheel).
  [[nodiscard]] std::optional<Clock::time_point> next_deadline();

 private:
  // Ticks are counted from construction. A level has 64 slots, each as long as all of the level below: level 0 holds
  // the ticks that differ from `elapsed_` in the lowest 6 bits only, level 1 those in the next 6, and so on. Time never
  // passes a slot that holds timers without emptying it, and so no slot is ever behind `elapsed_`.
  using Tick = std::uint64_t;
  static constexpr unsigned level_bits = 6;
  static constexpr unsigned level_count = 7;  // 2^42 ticks of 16 ms are 2,230 years
  static constexpr Tick last_tick = (Tick{1} << (level_bits * level_count)) - 1;
  static constexpr std::size_t slot_count = std::size_t{1} << level_bits;
  struct Level {
    std::uint64_t occupied = 0;  // a bit a slot; may be set for a slot that a cancel has emptied, never the reverse
    std::array<TimerList, slot_count> slots;
  };
  struct Place {
    unsigned level;
    unsigned slot;
    Tick tick;  // when the slot begins
  };

  [[nodiscard]] Tick tick_at_or_before(Clock::time_point) const;
  [[nodiscard]] Tick tick_at_or_after(Clock::time_point) const;
  void insert(Timer&);
  [[nodiscard]] std::optional<Place> earliest();
  std::size_t run(Place);

  const Clock::time_point origin_;
  const Clock::duration tick_;
  Tick elapsed_ = 0;    // all that is due by then has run
  Tick advancing_ = 0;  // what advance() is on its way to; otherwise equals elapsed_
  bool in_advance_ = false;
  std::array<Level, level_count> levels_;
};

}  // namespace broker::base
