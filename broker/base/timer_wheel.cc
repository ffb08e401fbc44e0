// SPDX-License-Identifier: Apache-2.0
#include "broker/base/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace broker::base {

void Timer::unlink() {
  if (!armed()) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  next_ = previous_ = nullptr;
}

TimerList::~TimerList() {
  while (pop_front() != nullptr) {
  }
}

void TimerList::push_back(Timer& timer) {
  TimerLink& link = timer;
  link.previous_ = previous_;
  link.next_ = this;
  previous_->next_ = &link;
  previous_ = &link;
}

Timer* TimerList::pop_front() {
  if (empty()) return nullptr;
  Timer* timer = static_cast<Timer*>(next_);
  timer->unlink();
  return timer;
}

void TimerList::take_all(TimerList& other) {
  KODAMA_DCHECK(empty());
  if (other.empty()) return;
  next_ = other.next_;
  previous_ = other.previous_;
  next_->previous_ = this;
  previous_->next_ = this;
  other.next_ = other.previous_ = &other;
}

TimerWheel::TimerWheel(Clock::time_point now, Clock::duration tick) : origin_(now), tick_(tick) {
  KODAMA_CHECK(tick.count() > 0);
}

TimerWheel::Tick TimerWheel::tick_at_or_before(Clock::time_point time) const {
  if (time <= origin_) return 0;
  return std::min(static_cast<Tick>((time - origin_) / tick_), last_tick);
}

TimerWheel::Tick TimerWheel::tick_at_or_after(Clock::time_point time) const {
  if (time <= origin_) return 0;
  const Clock::duration since = time - origin_;
  return std::min(static_cast<Tick>(since / tick_) + (since % tick_ != Clock::duration::zero() ? 1 : 0), last_tick);
}

void TimerWheel::arm(Timer& timer, Clock::time_point deadline) {
  KODAMA_CHECK(timer.handler_ != nullptr, "a timer was armed before it was bound");
  timer.unlink();
  timer.due_tick_ = std::max(tick_at_or_after(deadline), advancing_ + 1);
  insert(timer);
}

// Requires: the timer is due after elapsed_.
void TimerWheel::insert(Timer& timer) {
  const unsigned highest_bit = 63 - static_cast<unsigned>(std::countl_zero(timer.due_tick_ ^ elapsed_));
  const unsigned level = std::min(highest_bit / level_bits, level_count - 1);
  const Tick slot = (timer.due_tick_ >> (level * level_bits)) % slot_count;
  levels_[level].slots[slot].push_back(timer);
  levels_[level].occupied |= std::uint64_t{1} << slot;
}

// Every timer of a level is due before every timer of the levels above, so the first slot found is the earliest.
std::optional<TimerWheel::Place> TimerWheel::earliest() {
  for (unsigned level = 0; level < level_count; ++level) {
    while (levels_[level].occupied != 0) {
      const auto slot = static_cast<unsigned>(std::countr_zero(levels_[level].occupied));
      if (!levels_[level].slots[slot].empty()) {
        const unsigned shift = level * level_bits;
        const Tick above = elapsed_ >> (shift + level_bits) << (shift + level_bits);
        return Place{level, slot, above | Tick{slot} << shift};
      }
      levels_[level].occupied &= ~(std::uint64_t{1} << slot);
    }
  }
  return std::nullopt;
}

std::size_t TimerWheel::advance(Clock::time_point now) {
  KODAMA_CHECK(!in_advance_, "advance() was called by a timer's handler");
  const Tick target = tick_at_or_before(now);
  if (target <= elapsed_) return 0;
  in_advance_ = true;
  advancing_ = target;
  std::size_t count = 0;
  for (auto place = earliest(); place && place->tick <= target; place = earliest()) count += run(*place);
  elapsed_ = target;
  in_advance_ = false;
  return count;
}

// Empties a slot whose time has come: what is due runs, the rest moves to a lower level.
std::size_t TimerWheel::run(Place place) {
  elapsed_ = place.tick;
  Level& level = levels_[place.level];
  level.occupied &= ~(std::uint64_t{1} << place.slot);
  TimerList slot;
  slot.take_all(level.slots[place.slot]);
  TimerList due;
  while (Timer* timer = slot.pop_front()) {
    if (timer->due_tick_ <= elapsed_) {
      due.push_back(*timer);
    } else {
      insert(*timer);
    }
  }
  // A handler may cancel or destroy timers that wait in `due`; they leave this list as they would leave the wheel.
  std::size_t count = 0;
  while (Timer* timer = due.pop_front()) {
    ++count;
    timer->handler_(timer->owner_);
  }
  return count;
}

std::optional<TimerWheel::Clock::time_point> TimerWheel::next_deadline() {
  const std::optional<Place> place = earliest();
  if (!place) return std::nullopt;
  return origin_ + tick_ * static_cast<Clock::rep>(place->tick);
}

}  // namespace broker::base
