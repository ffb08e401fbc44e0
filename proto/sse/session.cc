// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/session.h"

#include <algorithm>

#include "proto/http/response.h"

namespace proto::sse {
namespace {

// No cache may keep it, and nginx passes each event on as it comes.
constexpr Response head{.content_type = "text/event-stream",
                        .extra_headers = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n"};

// An event's id says where each topic's reader is, so that it is known before the broker has answered.
bool comes_back(const Start& start) { return start.from == Start::From::after && start.epoch; }

}  // namespace

EventSession::EventSession(Naming naming, Asked asked, std::vector<Wanted> wanted)
    : beginning_(std::make_unique<Beginning>()), naming_(naming), asked_(asked) {
  topics_.reserve(wanted.size());
  positions_.reserve(wanted.size());
  beginning_->starts.reserve(wanted.size());
  for (Wanted& each : wanted) {
    topics_.push_back({.name = std::move(each.topic)});
    positions_.push_back({.epoch = each.start.epoch.value_or(0), .offset = each.start.value});
    beginning_->starts.push_back(each.start);
  }
  if (std::ranges::all_of(beginning_->starts, comes_back)) append_preamble(beginning_->bytes, positions_);
}

const WireFormat* EventSession::wire_format() const {
  return topics_.size() == 1 ? &shared_format(naming_) : &by_session;
}

void EventSession::on_body_end(HttpHost& host) {
  if (asked_ == Asked::head) return host.stream(head);
  for (std::size_t i = 0; i < topics_.size() && !beginning_->refusal; ++i) {
    beginning_->refusal = host.subscribe(i, topics_[i].name, beginning_->starts[i]);
    if (!beginning_->refusal) ++beginning_->awaited;
  }
  if (beginning_->awaited == 0) give_up(host);
}

void EventSession::on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) {
  --beginning_->awaited;
  if (const Error* error = std::get_if<Error>(&answer)) {
    beginning_->refusal = *error;
  } else {
    take_position(tag, std::get<Subscribed>(answer));
    beginning_->ready.push_back(tag);
    if (beginning_->awaited > 0) host.hold_live(topic);
  }
  if (beginning_->awaited > 0) return;
  beginning_->refusal || beginning_->given_up ? give_up(http(host)) : begin(http(host));
}

// Where its reader is before the first event: what it asked for, and not the newest, where a replay follows.
void EventSession::take_position(std::size_t topic, const Subscribed& subscribed) {
  const Start& start = beginning_->starts[topic];
  topics_[topic].epoch = subscribed.epoch;
  if (comes_back(start)) return;
  std::uint64_t offset = subscribed.offset;
  if (start.from == Start::From::after) offset = start.value;
  if (start.from == Start::From::last) offset -= std::min(offset, start.value);
  positions_[topic] = {.epoch = subscribed.epoch, .offset = offset};
}

void EventSession::begin(HttpHost& host) {
  const std::unique_ptr<Beginning> beginning = std::move(beginning_);
  if (beginning->bytes.empty()) append_preamble(beginning->bytes, positions_);
  host.stream(head);
  host.send(beginning->bytes);
  host.wake_in(keep_alive_interval);
  for (const std::size_t topic : beginning->ready) host.go_live(topics_[topic].name);
}

// Once all answers have come, so that none is left for the connection's next request.
void EventSession::give_up(HttpHost& host) {
  for (const std::size_t topic : beginning_->ready) (void)host.unsubscribe(topics_[topic].name);
  if (beginning_->given_up) return;
  const Error& error = *beginning_->refusal;
  host.respond({.status = error.status, .body = http::error_body(error.status, error.message), .extra_headers = {}});
}

// Without an answer: a browser comes back from a connection that breaks, and never from a status that is not 200. Where
// it may not come back, that is what it is told then.
void EventSession::break_off(Reason reason, Host& host) {
  if (beginning_ != nullptr) beginning_->given_up = true;
  host.close(reason);
}

void EventSession::on_timer(Host& host) {
  if (host.has_room()) host.send(keep_alive);
  host.wake_in(keep_alive_interval);
}

std::size_t EventSession::index_of(std::string_view topic) const {
  return static_cast<std::size_t>(std::ranges::find(topics_, topic, &Topic::name) - topics_.begin());
}

void EventSession::append_delivery(const Message& message, std::string& out, Host&) {
  positions_[index_of(message.topic)] = {.epoch = message.epoch, .offset = message.offset};
  append_event(behind_head(out), message, naming_, positions_);
}

// What has left the log is behind its reader now. What was lost on the way is not: who comes back with the id from
// before it gets what the log has of it. (And what stands behind it in the queue has already moved the positions.)
void EventSession::append_gap(std::string_view topic, const Gap& gap, std::string& out) const {
  if (gap.why == Gap::Why::overflow) return append_gap_event(out, topic, gap, {});
  const std::size_t index = index_of(topic);
  positions_[index] = {.epoch = topics_[index].epoch, .offset = gap.to};  // another epoch is read from its beginning
  append_gap_event(behind_head(out), topic, gap, positions_);
}

}  // namespace proto::sse
