// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/reader.h"

#include <charconv>

#include "tests/e2e/swarm/http.h"

namespace swarm {
namespace {

// Every delivery and every gap begins with `{"topic":"swarm topic/NN",`.
constexpr std::string_view topic_key = "{\"topic\":\"";
constexpr std::string_view offset_key = "\",\"offset\":";
constexpr std::string_view gap_key = "\",\"gap\":{";

}  // namespace

Reader::Reader(const Surroundings& around, Ledger& ledger, unsigned number, unsigned topics, Kind kind)
    : findings_(around.findings),
      ledger_(ledger),
      number_(number),
      kind_(kind),
      socket_(around, *this, "/ws", "kodama.v1.json"),
      topics_(topics) {}

void Reader::connect() {
  gone_ = false;
  socket_.dial(kind_.losses == Losses::announced || recoveries_ == 0 ? kind_.link : Link::Extra{});
}

void Reader::follow(unsigned topic) {
  topics_[topic].followed = true;
  if (connected()) subscribe(topic);
}

void Reader::subscribe(unsigned topic) {
  const Subscription& subscription = topics_[topic];
  std::string command = "{\"id\":" + std::to_string(topic) + ",\"subscribe\":{\"topic\":\"" + ledger_.name(topic) + '"';
  if (subscription.begun) {
    command += ",\"epoch\":\"" + subscription.epoch + "\",\"offset\":" + std::to_string(subscription.last);
  }
  socket_.send_text(command + "}}");
  ++unanswered_;
}

void Reader::close(std::uint16_t code) { socket_.close(code); }

void Reader::drop(bool reset, bool torn_frame) {
  socket_.drop(reset, torn_frame);
  on_closed(WebSocket::no_close_frame);
}

void Reader::pause(bool paused) { socket_.pause(paused); }

void Reader::on_ready(unsigned shard) {
  shard_ = shard;
  for (unsigned i = 0; i < topics_.size(); ++i) {
    if (topics_[i].followed) subscribe(i);
  }
}

void Reader::on_closed(int code) {
  gone_ = true;
  code_ = code;
  unanswered_ = 0;
  for (Subscription& each : topics_) each.answered = false;
}

void Reader::on_text(std::string_view text) {
  if (!text.starts_with(topic_key)) return on_answer(text);
  unsigned topic = 0;
  const std::size_t name_bytes = ledger_.name(0).size();  // all have the same: the number stands where it always does
  const char* digits = text.data() + topic_key.size() + name_bytes - 2;
  if (text.size() < topic_key.size() + name_bytes + offset_key.size() ||
      std::from_chars(digits, digits + 2, topic).ec != std::errc() || topic >= topics_.size() ||
      text.substr(topic_key.size(), name_bytes) != ledger_.name(topic)) {
    return fail("a delivery of a topic that there is not", text);
  }
  if (!topics_[topic].answered) return fail("a delivery or gap before its subscription was answered", text);
  const std::string_view rest = text.substr(topic_key.size() + name_bytes);
  if (rest.starts_with(gap_key)) return on_gap(topic, text);
  if (!rest.starts_with(offset_key)) return fail("neither delivery nor gap", text);
  on_delivery(topic, text, rest.substr(offset_key.size()));
}

void Reader::on_delivery(unsigned topic, std::string_view text, std::string_view rest) {
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), offset);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != ',')
    return fail("a delivery without offset", text);
  Subscription& subscription = topics_[topic];
  if (offset != subscription.last + 1) {
    fail(offset <= subscription.last ? "a repeat behind offset " + std::to_string(subscription.last)
                                     : "a hole behind offset " + std::to_string(subscription.last),
         text);
  }
  subscription.last = offset;
  ++deliveries_;
  delivery_bytes_ += text.size();
  ledger_.delivered(topic, offset, rest.substr(static_cast<std::size_t>(end + 1 - rest.data())));
}

void Reader::on_gap(unsigned topic, std::string_view text) {
  const auto from = json_number(text, "from");
  const auto to = json_number(text, "to");
  Subscription& subscription = topics_[topic];
  if (kind_.losses == Losses::never) return fail("a gap for one who reads", text);
  const std::string_view reason = json_string(text, "reason");
  const bool expired = reason == "expired" && recoveries_ > 0;
  if (!from || !to || (!expired && reason != "overflow")) return fail("a gap of another kind", text);
  if (*from != subscription.last + 1 || *to < *from) {
    fail("a gap that does not follow offset " + std::to_string(subscription.last), text);
  }
  (expired ? expired_ : announced_lost_) += *to - *from + 1;
  subscription.last = *to;
}

void Reader::on_answer(std::string_view text) {
  const auto topic = json_number(text, "id");
  const auto offset = json_number(text, "offset");
  const std::string_view epoch = json_string(text, "epoch");
  if (!topic || *topic >= topics_.size() || !offset || epoch.empty())
    return fail("not the answer to a subscribe", text);
  Subscription& subscription = topics_[*topic];
  if (subscription.answered || !subscription.followed) return fail("a second answer", text);
  const bool recovered = text.find("\"recovered\":true") != std::string_view::npos;
  if (subscription.begun) {
    if (!recovered) fail("it did not recover from offset " + std::to_string(subscription.last), text);
    if (*offset < subscription.last) fail("it had offset " + std::to_string(subscription.last) + " already", text);
    ++recoveries_;
  } else {
    if (text.find("\"recovered\"") != std::string_view::npos) fail("recovered without having resumed", text);
    subscription.last = *offset;
  }
  ledger_.epoch(static_cast<unsigned>(*topic), epoch);
  subscription.epoch = epoch;
  subscription.begun = true;
  subscription.answered = true;
  subscription.target = *offset;
  --unanswered_;
}

bool Reader::live() const {
  if (!subscribed()) return false;
  for (const Subscription& each : topics_) {
    if (each.followed && each.last < each.target) return false;
  }
  return true;
}

std::uint64_t Reader::lag() const {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < topics_.size(); ++i) {
    const std::uint64_t newest = ledger_.newest(i);
    if (topics_[i].begun && topics_[i].last < newest) sum += newest - topics_[i].last;
  }
  return sum;
}

std::string Reader::position() const {
  std::string out = "reader " + std::to_string(number_) +
                    (connected() ? " on shard " + std::to_string(shard_) : " gone") +
                    (unanswered_ > 0 ? ", unanswered" : "") + ":";
  for (unsigned i = 0; i < topics_.size(); ++i) {
    if (!topics_[i].followed) continue;
    out += " [" + std::to_string(i) + "] " + std::to_string(topics_[i].last) + "/" + std::to_string(ledger_.newest(i));
  }
  return out;
}

void Reader::fail(const std::string& what, std::string_view text) {
  findings_.fail("reader " + std::to_string(number_) + " (shard " + std::to_string(shard_) + "): " + what + ": " +
                 std::string(text.substr(0, 200)));
}

}  // namespace swarm
