// SPDX-License-Identifier: Apache-2.0
#include "bench/load/payload.h"

#include <charconv>
#include <random>

namespace bench::load {
namespace {

void write_hex(std::uint64_t value, char* to, std::size_t digits) {
  for (std::size_t at = digits; at-- > 0; value >>= 4) to[at] = "0123456789abcdef"[value & 15];
}

bool read_hex(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Ledger::Ledger(std::uint32_t topics, std::size_t remembered, Filling filling)
    : remembered_(remembered), filling_(filling), messages_(topics * remembered), sequences_(topics) {}

// As an application's updates are: a few keys again and again, and numbers that are not.
void Ledger::fill(std::size_t bytes) {
  payload_.assign(payload_head_bytes, '0');
  std::mt19937 random(1);
  const auto number = [&random](unsigned below) { return std::to_string(random() % below); };
  while (filling_ == Filling::json && payload_.size() + 8 < bytes) {
    payload_ += "{\"id\":" + number(1'000'000) + ",\"user\":\"user-" + number(5000) + "\",\"price\":" + number(900) +
                "." + number(100) + ",\"text\":\"message number " + number(1000) + "\"},";
  }
  payload_.resize(std::min(payload_.size(), bytes - 8));
  payload_.resize(bytes, 'x');
}

std::string_view Ledger::make(std::uint32_t topic, std::int64_t due_ns, std::size_t bytes) {
  const std::uint64_t sequence = ++sequences_[topic];
  ++counts_.published;
  Remembered& message = messages_[topic * remembered_ + (sequence & (remembered_ - 1))];
  write_hex(static_cast<std::uint64_t>(due_ns), message.head, 16);
  write_hex(topic, message.head + 16, 8);
  write_hex(sequence, message.head + 24, 16);
  message.due_ns = due_ns;
  message.bytes = bytes;
  if (payload_.size() != bytes) fill(bytes);
  std::memcpy(payload_.data(), message.head, payload_head_bytes);
  return payload_;
}

void Ledger::check_parsed(Place& place, std::string_view payload, std::int64_t now_ns) {
  std::uint64_t due = 0;
  std::uint64_t topic = 0;
  std::uint64_t sequence = 0;
  const bool good = payload.size() >= payload_bytes_min && whole(payload) && read_hex(payload.substr(0, 16), due) &&
                    read_hex(payload.substr(16, 8), topic) && read_hex(payload.substr(24, 16), sequence) &&
                    topic == place.topic && sequence != 0 && sequence <= sequences_[topic];
  // What is still remembered must be what was published, to the last digit.
  const bool known = good && sequences_[topic] - sequence < remembered_;
  const Remembered& message = messages_[place.topic * remembered_ + (sequence & (remembered_ - 1))];
  if (!good || (known && (payload.size() != message.bytes || !same(payload.data(), message)))) {
    ++counts_.corrupt;
    return;
  }
  if (sequence < place.next) {
    ++counts_.reordered;
    return;
  }
  counts_.lost += sequence - place.next;
  place.next = sequence + 1;
  ++counts_.received;
  record(static_cast<std::int64_t>(due), now_ns);
}

void Ledger::record_between(std::int64_t begin_ns, std::int64_t end_ns) {
  begin_ns_ = begin_ns;
  span_ns_ = static_cast<std::uint64_t>(end_ns - begin_ns);
}

}  // namespace bench::load
