// SPDX-License-Identifier: Apache-2.0
// What a session of WAMP v2 subscribes to.
#include <algorithm>
#include <utility>

#include "proto/audience.h"
#include "proto/wamp2/answer.h"
#include "proto/wamp2/event.h"
#include "proto/wamp2/session.h"
#include "proto/wamp2/uri.h"

namespace proto::wamp2 {
namespace {

// A subscriber of the topic would have received it.
bool is_for(const Message& message, std::string_view member) {
  return includes(message.audience, topic_signs, [member](std::string_view named) { return named == member; });
}

}  // namespace

void Wamp2Session::subscribe(const Incoming& message, Host& host) {
  Answer<std::string> topic = topic_of(*realm_, message.uri);
  if (const Error* bad = std::get_if<Error>(&topic)) return refuse(message, uris::invalid_uri, bad->message, host);
  Wish wish{.request = message.request, .topic = std::get<std::string>(std::move(topic)), .start = {}, .retained = {}};
  if (message.subscribe.offset) {
    wish.start = {.from = Start::From::after, .epoch = message.subscribe.epoch, .value = *message.subscribe.offset};
  } else {
    wish.wants_retained = message.subscribe.get_retained;  // whoever resumes gets it in its place
  }
  subscribe(std::move(wish), host);
}

void Wamp2Session::subscribe(Wish wish, Host& host) {
  const Subscription* known = find(subscription_id(wish.topic));
  if (known != nullptr && known->topic != wish.topic) {
    return host.send(error(Code::subscribe, wish.request, uris::unavailable,
                           "another subscription of this session has the id that this one would have"));
  }
  if (known != nullptr && known->pending) {
    waiting_ = std::make_unique<Wish>(std::move(wish));
  } else if (wish.wants_retained) {
    ask_for_retained(std::move(wish), host);
  } else if (known != nullptr) {
    host.send(acknowledgement(Code::subscribed, wish.request, known->id));
  } else {
    begin_subscription(wish, host);
  }
}

void Wamp2Session::ask_for_retained(Wish wish, Host& host) {
  const Start newest{.from = Start::From::last, .epoch = {}, .value = 1};
  if (const std::optional<Error> bad = host.read_log(tag_of(wish.request), wish.topic, newest, 1)) {
    return host.send(error(Code::subscribe, wish.request, uri_of(*bad), bad->message));
  }
  waiting_ = std::make_unique<Wish>(std::move(wish));
}

void Wamp2Session::on_log(Tag tag, const Answer<LogPage>& answer, Host& host) {
  if (!is_current(tag) || waiting_ == nullptr) return;
  Wish& wish = *waiting_;
  if (const Error* bad = std::get_if<Error>(&answer)) {
    host.send(error(Code::subscribe, wish.request, uri_of(*bad), bad->message));
    return waiting_.reset();
  }
  const LogPage& page = std::get<LogPage>(answer);
  if (!page.messages.empty() && is_for(page.messages.back(), member())) {
    append_retained_event(page.messages.back(), wish.retained);
  }
  if (const Subscription* known = find(subscription_id(wish.topic))) {
    host.send(acknowledgement(Code::subscribed, wish.request, known->id));
    if (!wish.retained.empty()) host.send(wish.retained);
    return waiting_.reset();
  }
  // What has come since then follows it: no gap, nothing twice.
  wish.start = {.from = Start::From::after, .epoch = page.epoch, .value = page.offset};
  begin_subscription(wish, host);
}

void Wamp2Session::begin_subscription(const Wish& wish, Host& host) {
  if (const std::optional<Error> bad = host.subscribe(tag_of(wish.request), wish.topic, wish.start)) {
    host.send(error(Code::subscribe, wish.request, uri_of(*bad), bad->message));
    return waiting_.reset();
  }
  subscriptions_.push_back({.topic = wish.topic, .id = subscription_id(wish.topic)});
}

void Wamp2Session::on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) {
  if (!is_current(tag)) return;
  const std::uint64_t request = tag & request_bits;
  const std::uint64_t id = subscription_id(topic);
  if (const Error* bad = std::get_if<Error>(&answer)) {
    forget(id);
    host.send(error(Code::subscribe, request, uri_of(*bad), bad->message));
  } else {
    if (Subscription* known = find(id)) known->pending = false;
    host.join(topic, member());
    host.send(acknowledgement(Code::subscribed, request, id));
  }
  if (waiting_ == nullptr || waiting_->topic != topic) return;
  const std::unique_ptr<Wish> waited = std::move(waiting_);
  if (waited->request != request) return subscribe(std::move(*waited), host);  // it waited for this answer
  if (std::holds_alternative<Subscribed>(answer) && !waited->retained.empty()) host.send(waited->retained);
}

void Wamp2Session::unsubscribe(const Incoming& message, Host& host) {
  const Subscription* known = find(message.subscription);
  if (known == nullptr || known->pending) {
    return refuse(message, uris::no_such_subscription, "there is no such subscription", host);
  }
  if (const std::optional<Error> bad = host.unsubscribe(known->topic)) {
    return refuse(message, uri_of(*bad), bad->message, host);
  }
  forget(message.subscription);
  host.send(acknowledgement(Code::unsubscribed, message.request));
}

// Who knows no revocation is disconnected, and is refused when it comes back.
void Wamp2Session::on_revoked(std::string_view topic, Host& host) {
  if (!hears_revocations_) return host.close(Reason::policy_violation);
  const std::uint64_t id = subscription_id(topic);
  forget(id);
  host.send(revocation(id));
}

Wamp2Session::Subscription* Wamp2Session::find(std::uint64_t id) {
  const auto found = std::ranges::find_if(subscriptions_, [id](const Subscription& each) { return each.id == id; });
  return found == subscriptions_.end() ? nullptr : &*found;
}

bool Wamp2Session::subscribes_to(std::string_view topic) const {
  if (subscriptions_.empty()) return false;
  return std::ranges::any_of(subscriptions_,
                             [id = subscription_id(topic)](const Subscription& each) { return each.id == id; });
}

void Wamp2Session::forget(std::uint64_t id) {
  std::erase_if(subscriptions_, [id](const Subscription& each) { return each.id == id; });
  if (subscriptions_.empty()) subscriptions_ = std::vector<Subscription>();  // an idle session keeps no table
}

}  // namespace proto::wamp2
